/**
 * What keeps the bytes. An engine takes, holds and destroys the data of recovery points; it knows no Vault, no deadline and
 * no reason. It never decides: whoever calls `purge` has passed the gate (domain/backup-item/may-purge.ts).
 *
 * Guarantees every engine gives (test/contract/engine.ts checks them):
 * - Each call is one non-blocking, idempotent step: it starts or continues the work and answers at once; calling it again
 *   after a crash, or twice at the same time, ends in the same state.
 * - `Unknown` means that it could not find out. It is never an answer to be read as absence.
 * - It acts on exactly the handles of the point it is given, never on what a label or a name matches.
 */
import type { Cancel } from './clock.ts';

export type EngineType = 'CSISnapshot' | 'Velero' | 'Simulated';

/** One step's answer. `words` are the storage's own, one line, for people. */
export type Step<T> =
  | { readonly type: 'Done'; readonly value: T }
  /** Under way. Ask again after the subscription calls, or at the latest after `askAgainAfterMs`. */
  | { readonly type: 'Pending'; readonly askAgainAfterMs: number }
  /** It answered, and refuses or fails. Nothing was lost; trying again later is safe. */
  | { readonly type: 'Blocked'; readonly words: string }
  | { readonly type: 'Unknown'; readonly words: string };

export interface EngineSource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/**
 * What a storage needs to find a disk's data again, beside the handle. Recorded with the point; which of it there is depends on
 * the engine. `driver` to `storageClassName` are known before the data is taken, the rest is not.
 */
export interface DiskFacts {
  /** Name of the CSI driver that has the data. A handle means nothing without it. */
  readonly driver?: string;
  readonly snapshotClassName?: string;
  readonly volumeMode?: 'Filesystem' | 'Block';
  readonly storageClassName?: string;
  /** The object of the cluster that stands for the data, and its uid. */
  readonly contentName?: string;
  readonly contentUID?: string;
  /** What a volume restored from it needs at least. */
  readonly sizeBytes?: number;
  /** The Secret that the driver wants to see before it deletes the data. */
  readonly deletionSecret?: { readonly name: string; readonly namespace: string };
}

/** A disk as recorded in a point. `handle` is the storage's identity of the bytes; unset until taken. */
export interface EngineDisk extends DiskFacts {
  readonly name: string;
  readonly handle?: string;
}

/** The part of a recovery point's record that an engine acts on. */
export interface EnginePoint {
  readonly itemID: string;
  readonly pointID: string;
  readonly source: EngineSource;
  readonly disks: readonly EngineDisk[];
}

/** A disk with everything that becomes known by taking it. */
export interface TakenDisk extends DiskFacts {
  readonly name: string;
  readonly handle: string;
}

/** What can be seen of a source before anything is done to it. `planned`: the same disks with what a record of them should say. */
export type SourceReport =
  | { readonly type: 'Present'; readonly disks: readonly string[]; readonly planned?: readonly EngineDisk[] }
  | { readonly type: 'Absent'; readonly words: string };

/** Why a hold ends. Storages that keep an audit of their own are told, so that a policy there can tell the two apart. */
export type ReleaseReason = 'Undelete' | 'Purge';

/** What the storage says of a point: whether all its bytes are there, and until when they are held (ms since the epoch). */
export interface ProbeReport {
  readonly present: boolean;
  readonly retainUntilMs: number | undefined;
}

/** Proof that bytes are gone, one line per disk, for the Purge job's evidence. */
export interface PurgeEvidence {
  readonly lines: readonly string[];
}

export interface Engine {
  readonly type: EngineType;
  /** Looks at a source without touching it. */
  inspect(source: EngineSource): Promise<Step<SourceReport>>;
  /** Takes the data of all disks of the point; Done repeats the same handles for ever after. */
  take(point: EnginePoint): Promise<Step<{ readonly disks: readonly TakenDisk[] }>>;
  /**
   * Holds the data until at least `untilMs` and reads the hold back. A hold only ever grows: the answer is what the storage
   * now says, which may be later than asked. Blocked where the data isn't there.
   */
  hold(point: EnginePoint, untilMs: number): Promise<Step<{ readonly retainUntilMs: number }>>;
  /** Ends a hold. The data stays. Done also where there was none. Without a reason it is that of an undelete. */
  release(point: EnginePoint, reason?: ReleaseReason): Promise<Step<{ readonly released: boolean }>>;
  probe(point: EnginePoint): Promise<Step<ProbeReport>>;
  /**
   * Destroys the data of this point and proves that it is gone. Blocked while a hold stands. Done also where it was gone
   * already, saying so in the evidence.
   */
  purge(point: EnginePoint): Promise<Step<PurgeEvidence>>;
  /** Handles of everything in the storage that bears this itemID: what an item that "never held data" must not have. */
  leftovers(itemID: string): Promise<Step<readonly string[]>>;
  /** Calls back with a pointID when a step that was Pending may have moved. */
  subscribe(changed: (pointID: string) => void): Cancel;
  close(): Promise<void>;
}
