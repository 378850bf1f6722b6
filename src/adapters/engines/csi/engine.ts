/**
 * Backup data as CSI snapshots: one cluster-scoped VolumeSnapshotContent with policy Retain per disk and point, which outlives the
 * VM, its claims and their namespace. All state is in the cluster; each step looks at it live and makes the next write.
 */
import type { Cancel } from '../../../ports/clock.ts';
import type {
  Engine,
  EnginePoint,
  EngineSource,
  ProbeReport,
  PurgeEvidence,
  ReleaseReason,
  SourceReport,
  Step,
  TakenDisk,
} from '../../../ports/engine.ts';
import { isConflict, type KubeApi } from '../../../ports/kube.ts';
import { listSecrets } from './classes.ts';
import { hold, probe, release } from './hold.ts';
import { leftovers } from './leftovers.ts';
import { isID } from './names.ts';
import type { Parts } from './parts.ts';
import { Prover } from './prove.ts';
import { purge } from './purge.ts';
import { inspect } from './source.ts';
import { blocked, done, soon, unknown } from './steps.ts';
import { take } from './take.ts';
import { Watches, type WatchParts } from './watches.ts';

export interface CSIEngineOptions extends WatchParts {
  /** Fenced, as every write goes through it. */
  readonly kube: KubeApi;
  /** Of the operator. */
  readonly namespace: string;
  /** After how long a failing or silent driver is Blocked or Unknown instead of Pending; a minute. */
  readonly patienceMs?: number;
}

export class CSIEngine implements Engine {
  readonly type = 'CSISnapshot';
  readonly #parts: Parts;
  readonly #prover: Prover;
  readonly #watches: Watches;
  /** The last step under way of each point. */
  readonly #tails = new Map<string, Promise<unknown>>();
  #closed = false;

  constructor({ kube, namespace, patienceMs = 60_000, ...watchParts }: CSIEngineOptions) {
    const { clock } = watchParts;
    this.#parts = { kube, namespace, patienceMs, clock, needsListSecret: listSecrets(kube, clock) };
    this.#prover = new Prover(this.#parts);
    this.#watches = new Watches(watchParts);
  }

  inspect(source: EngineSource): Promise<Step<SourceReport>> {
    return this.#step(() => inspect(this.#parts, source));
  }

  take(point: EnginePoint): Promise<Step<{ readonly disks: readonly TakenDisk[] }>> {
    return this.#onPoint(point, () => take(this.#parts, this.#prover, point));
  }

  hold(point: EnginePoint, untilMs: number): Promise<Step<{ readonly retainUntilMs: number }>> {
    return this.#onPoint(point, () => hold(this.#parts, this.#prover, point, untilMs));
  }

  release(point: EnginePoint, reason: ReleaseReason = 'Undelete'): Promise<Step<{ readonly released: boolean }>> {
    return this.#onPoint(point, () => release(this.#parts, point, reason));
  }

  probe(point: EnginePoint): Promise<Step<ProbeReport>> {
    return this.#onPoint(point, () => probe(this.#parts, this.#prover, point));
  }

  purge(point: EnginePoint): Promise<Step<PurgeEvidence>> {
    return this.#onPoint(point, () => purge(this.#parts, this.#prover, point));
  }

  leftovers(itemID: string): Promise<Step<readonly string[]>> {
    if (!isID(itemID)) return Promise.resolve(blocked(`${JSON.stringify(itemID)} is no identity of an item`));
    return this.#step(async () => done(await leftovers(this.#parts, itemID)));
  }

  subscribe(changed: (pointID: string) => void): Cancel {
    return this.#watches.subscribe(changed);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#watches.close();
    await Promise.allSettled(this.#tails.values());
  }

  /** One at a time for each point: two would only refuse each other's writes. */
  async #onPoint<T>(point: EnginePoint, act: () => Promise<Step<T>>): Promise<Step<T>> {
    const bad = [point.itemID, point.pointID].find((id) => !isID(id));
    if (bad !== undefined) return blocked(`${JSON.stringify(bad)} is no identity of an item or a point`);
    const before = this.#tails.get(point.pointID);
    const step = (async () => {
      await before;
      return this.#step(act);
    })();
    this.#tails.set(point.pointID, step);
    const answer = await step;
    if (this.#tails.get(point.pointID) === step) this.#tails.delete(point.pointID);
    return answer;
  }

  /** Where errors become answers. A refused precondition means that the next look decides anew. */
  async #step<T>(act: () => Promise<Step<T>>): Promise<Step<T>> {
    if (this.#closed) return unknown('the engine is closed');
    try {
      return await act();
    } catch (error) {
      if (isConflict(error)) return soon();
      return unknown(error instanceof Error ? error.message : String(error));
    }
  }
}
