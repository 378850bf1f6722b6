/**
 * Watches over what bears our labels, so that nobody has to poll. They only ever say "look again": what is missed while a watch
 * is re-opened is made up for by the time after which a step is to be asked again.
 */
import { POINT_ID_LABEL, VOLUME_SNAPSHOT_CONTENTS, VOLUME_SNAPSHOTS } from '../../../api/names.ts';
import type { KubeObject, ResourceType } from '../../../api/meta.ts';
import type { Cancel, Clock, Random } from '../../../ports/clock.ts';
import type { KubeWatchApi } from '../../../ports/kube.ts';
import type { VolumeSnapshot } from './objects.ts';

export interface WatchParts {
  readonly watchApi: KubeWatchApi;
  readonly clock: Clock;
  readonly random: Random;
}

const MIN_BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 30_000;
const WATCH_SECONDS = 300;

export class Watches {
  readonly #parts: WatchParts;
  readonly #listeners = new Set<(pointID: string) => void>();
  readonly #stop = new AbortController();
  #running: readonly Promise<void>[] = [];

  constructor(parts: WatchParts) {
    this.#parts = parts;
  }

  /** The watches start with the first subscription, and end with {@link close}. */
  subscribe(changed: (pointID: string) => void): Cancel {
    // The same function may subscribe twice.
    const listener = (pointID: string): void => changed(pointID);
    this.#listeners.add(listener);
    if (this.#running.length === 0 && !this.#isStopped())
      this.#running = [VOLUME_SNAPSHOTS, VOLUME_SNAPSHOT_CONTENTS].map((type) => this.#run(type));
    return () => void this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#running);
  }

  async #run(type: ResourceType): Promise<void> {
    let backoffMs = MIN_BACKOFF_MS;
    let position: string | undefined;
    while (!this.#isStopped()) {
      const before = position;
      position = await this.#once(type, position).catch(() => undefined);
      // A watch that ended in order is opened again at once, where it was.
      const isWell = position !== undefined && position !== before;
      backoffMs = isWell ? MIN_BACKOFF_MS : Math.min(MAX_BACKOFF_MS, backoffMs * 2);
      if (!isWell && !this.#isStopped()) await this.#sleep(backoffMs * (0.5 + this.#parts.random() / 2));
    }
  }

  #isStopped(): boolean {
    return this.#stop.signal.aborted;
  }

  /** One watch, from `position` or from now. Gives where it ended; undefined where that is too old to go on from. */
  async #once(type: ResourceType, position: string | undefined): Promise<string | undefined> {
    const { watchApi } = this.#parts;
    const { signal } = this.#stop;
    const labelSelector = POINT_ID_LABEL;
    let at = position ?? (await watchApi.listPage({ type, labelSelector, limit: 1, signal })).resourceVersion;
    const batches = watchApi.watch({
      type,
      labelSelector,
      resourceVersion: at,
      sendInitialEvents: false,
      timeoutSeconds: WATCH_SECONDS,
      signal,
    });
    for await (const batch of batches) {
      for (const event of batch) {
        if (event.type === 'ERROR') return undefined;
        at = event.resourceVersion;
        if (event.type !== 'BOOKMARK' && (event.type === 'DELETED' || saysSomething(event.object)))
          this.#tell(event.object.metadata.labels?.[POINT_ID_LABEL]);
      }
    }
    return at;
  }

  #tell(pointID: string | undefined): void {
    if (pointID === undefined) return;
    for (const listener of this.#listeners) listener(pointID);
  }

  #sleep(ms: number): Promise<void> {
    const { clock } = this.#parts;
    return new Promise((resolve) => {
      const { signal } = this.#stop;
      const cancel = clock.after(ms, end);
      function end(): void {
        cancel();
        signal.removeEventListener('abort', end);
        resolve();
      }
      signal.addEventListener('abort', end, { once: true });
    });
  }
}

/** Finalizers that come and go on a new snapshot move no step on. */
function saysSomething(object: KubeObject): boolean {
  const { status } = object as VolumeSnapshot;
  const isBound = status?.boundVolumeSnapshotContentName !== undefined;
  const isAnswered = status?.readyToUse === true || status?.error !== undefined;
  return isBound || isAnswered || object.metadata.deletionTimestamp !== undefined;
}
