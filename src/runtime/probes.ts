/** What the kubelet is told: whether to send traffic, and whether to restart us. */
import type { LoopLag } from './loop-lag.ts';

/** A loop that stalls so long would soon lose the lease anyway. */
const MAX_LAG_MS = 5_000;
/** A watch gets a bookmark about every minute and is renewed every 5 to 10. */
const MAX_SILENCE_MS = 300_000;

export interface ProbeReport {
  readonly ok: boolean;
  /** One per check; `problem` says what is wrong in words, undefined where nothing is. */
  readonly checks: readonly { readonly name: string; readonly problem: string | undefined }[];
}

/** What is asked of a cache. */
export interface CacheHealth {
  readonly name: string;
  /** Milliseconds since the cache last heard from the API server: event, bookmark or new connection. */
  silentMs(): number;
}

export class Probes {
  readonly #lag: LoopLag;
  readonly #caches: readonly CacheHealth[];
  readonly #synced = new Set<string>();
  #stopping = false;

  constructor(lag: LoopLag, caches: readonly CacheHealth[]) {
    this.#lag = lag;
    this.#caches = caches;
  }

  markSynced(cache: string): void {
    this.#synced.add(cache);
  }

  /** From here on not ready, whatever the caches say. */
  markStopping(): void {
    this.#stopping = true;
  }

  /** /readyz: every cache is filled. A follower is ready too: it could lead at once. */
  ready(): ProbeReport {
    const caches = this.#caches.map(({ name }) => ({
      name: `cache-${name}`,
      problem: this.#synced.has(name) ? undefined : 'not synced yet',
    }));
    return report([{ name: 'running', problem: this.#stopping ? 'shutting down' : undefined }, ...caches]);
  }

  /** /livez: the event loop turns and every watch is alive. */
  live(): ProbeReport {
    const lagMs = this.#lag.worstMs();
    const loop = {
      name: 'event-loop',
      problem: lagMs < MAX_LAG_MS ? undefined : `stalled for ${Math.round(lagMs)} ms`,
    };
    const caches = this.#caches.map((cache) => ({ name: `cache-${cache.name}`, problem: silence(cache) }));
    return report([loop, ...caches]);
  }
}

function silence(cache: CacheHealth): string | undefined {
  const ms = cache.silentMs();
  return ms <= MAX_SILENCE_MS ? undefined : `no event or bookmark for ${Math.round(ms / 1000)} s`;
}

function report(checks: ProbeReport['checks']): ProbeReport {
  return { ok: checks.every(({ problem }) => problem === undefined), checks };
}
