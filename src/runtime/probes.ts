/** What the kubelet is told: whether to send traffic, and whether to restart us. */
import type { Clock } from '../ports/clock.ts';
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
  /** Monotonic time at which the cache last heard from the API server: event, bookmark or accepted watch. */
  lastContactMs(): number;
}

export class Probes {
  readonly #clock: Clock;
  readonly #lag: LoopLag;
  readonly #caches: readonly (readonly [name: string, cache: CacheHealth])[];
  readonly #synced = new Set<string>();
  #stopping = false;

  constructor(clock: Clock, lag: LoopLag, caches: Readonly<Record<string, CacheHealth>>) {
    this.#clock = clock;
    this.#lag = lag;
    this.#caches = Object.entries(caches);
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
    const caches = this.#caches.map(([name]) => ({
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
    const caches = this.#caches.map(([name, cache]) => ({ name: `cache-${name}`, problem: this.#silence(cache) }));
    return report([loop, ...caches]);
  }

  #silence(cache: CacheHealth): string | undefined {
    const ms = this.#clock.monotonicMs() - cache.lastContactMs();
    return ms <= MAX_SILENCE_MS ? undefined : `no event or bookmark for ${Math.round(ms / 1000)} s`;
  }
}

function report(checks: ProbeReport['checks']): ProbeReport {
  return { ok: checks.every(({ problem }) => problem === undefined), checks };
}
