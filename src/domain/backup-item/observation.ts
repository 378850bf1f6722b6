/**
 * Everything a decision about one BackupItem is made from. One gatherer (controllers/backup-item/observe.ts) fills it; the
 * rules read nothing else.
 *
 * Facts come from three places, and the types keep them apart:
 * - the cache (`item`, `vault`, `points`, `jobs`, …): good for nominating, never for destroying;
 * - live reads (`live`): asked for by a rule with a Look action, valid for this pass only;
 * - answers of the engine (`answers`): what the steps performed in this pass came back with.
 */
import type { BackupItemStatus } from '../../api/backup-item.gen.ts';
import type { BackupJobStatus } from '../../api/backup-job.gen.ts';
import type { Days, Lateness, Window } from '../retention.ts';
import type { Instant } from '../time.ts';

export type Intent = 'Active' | 'StopRetainData' | 'StopDeleteData';
export type DeleteState = 'NotDeleted' | 'ToBeDeleted' | 'Purging' | 'Purged';
export type SoftDeleteState = 'Enabled' | 'Disabled' | 'AlwaysOn';
export type Operation =
  'Backup' | 'Restore' | 'StopProtection' | 'DeleteBackupData' | 'Undelete' | 'ResumeProtection' | 'Purge';

export interface Source {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** Who asked for a deletion: a change of spec, or a DELETE of that object. */
export interface DeletionRequest {
  readonly by: 'Spec' | 'Delete';
  readonly uid: string;
  readonly generation: number;
}

/** The part of a status that says what happened to the data. Everything in it was written by the operator. */
export interface ItemRecord {
  readonly itemID: string;
  readonly deleteState: DeleteState;
  readonly dataHeldSince: Instant | undefined;
  readonly window: Window | undefined;
  readonly notedSoftDelete: SoftDeleteState | undefined;
  readonly request: DeletionRequest | undefined;
  readonly handedOver: boolean;
  readonly stopped: boolean;
  readonly digest: string | undefined;
  readonly effectivePolicy: string | undefined;
}

/** `Unreadable`: a status that this version can't make sense of. Nothing is done to such an item but to say so. */
export type RecordState =
  | { readonly type: 'None' }
  | { readonly type: 'Known'; readonly record: ItemRecord }
  | { readonly type: 'Unreadable'; readonly why: string };

export interface Item {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
  readonly createdAt: Instant;
  readonly terminating: boolean;
  readonly hasFinalizer: boolean;
  readonly intent: Intent;
  readonly vaultName: string;
  readonly source: Source;
  readonly policyName: string | undefined;
  readonly state: RecordState;
  /** As it is on the wire; the base of every status that is written. */
  readonly status: BackupItemStatus;
}

export interface Vault {
  readonly name: string;
  readonly terminating: boolean;
  readonly softDelete: SoftDeleteState;
  readonly retentionDays: number;
  readonly suspendPurge: boolean;
  readonly hasRecipients: boolean;
  /** It can't vanish unnoticed any more: its finalizer is on. */
  readonly hasFinalizer: boolean;
}

export type PointState = 'Creating' | 'Available' | 'Failed' | 'Purged';

export interface Point {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly pointID: string;
  readonly itemID: string;
  readonly state: PointState;
  readonly plannedTime: Instant;
  readonly jobName: string;
  readonly engine: string;
  /** A copy that keeps the record while the point of this identity is re-created (domain/recovery-point). */
  readonly standIn: boolean;
  readonly evidence: string | undefined;
  /** Every disk has its handle on record. */
  readonly handlesRecorded: boolean;
}

export type JobState = 'New' | 'InProgress' | 'Completed' | 'CompletedWithWarnings' | 'Failed' | 'Cancelled';

export interface Job {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly operation: Operation;
  /** Name of the item it speaks of, by its spec. */
  readonly itemName: string;
  /** By its status; as long as that is silent by its spec, which anybody who may create jobs can write. */
  readonly itemID: string | undefined;
  /** Its status, which only the operator writes, says whose it is. Before that a job proves nothing. */
  readonly acknowledged: boolean;
  readonly state: JobState;
  readonly hasFinalizer: boolean;
  readonly terminating: boolean;
  readonly createdAt: Instant;
  readonly endTime: Instant | undefined;
  readonly request: { readonly by: string; readonly uid: string; readonly generation: number } | undefined;
  readonly pointName: string | undefined;
  readonly expiryTime: string | undefined;
  /** Only ever read from status: users can't write there, so a forged job carries no record. */
  readonly record: HandOverRecord | undefined;
  readonly status: BackupJobStatus;
}

export type HandOverRecord = NonNullable<BackupJobStatus['record']>;

export interface OtherItem {
  readonly name: string;
  readonly uid: string;
  readonly itemID: string | undefined;
  readonly deleteState: DeleteState | undefined;
  readonly dataHeldSince: Instant | undefined;
  readonly createdAt: Instant;
  readonly terminating: boolean;
}

export type Lookup<T> = T | 'Absent' | 'Unknown';

/** A vault, a policy or a source's namespace as far as it bears on protecting this item. */
export interface Policy {
  readonly name: string;
  readonly terminating: boolean;
  readonly firstBackup: 'Immediately' | 'OnSchedule';
}

/** All clocks, read together. `server` is undefined without a fresh Date header. */
export interface Clocks {
  readonly wall: Instant;
  readonly server: Instant | undefined;
  readonly verdict: 'Trusted' | 'Skewed' | 'Stepped' | 'Unknown';
}

/** What the gate decides from; every field of it was read live, after the cache had nominated the item. */
export interface GateFacts {
  readonly item: Item;
  readonly vault: Lookup<Vault>;
  readonly points: readonly Point[];
  /** SHA-256 over the live points' specs. */
  readonly digest: string;
  /** Latest retain-until that the storage reports over all points; undefined where nothing is held. */
  readonly retainUntil: Instant | undefined | 'Unknown';
  readonly pinnedByRestore: string | undefined;
  readonly clocks: Clocks;
  readonly leaseLeftMs: number;
  readonly suspended: boolean;
  /** When the cluster's purge rate next admits one. */
  readonly rateFreeAt: Instant;
}

/** What is asked again right before each point is touched. The state itself was decided once and can't be taken back. */
export interface DestroyFacts {
  readonly pointName: string;
  readonly item: Item;
  readonly vault: Lookup<Vault>;
  /** The point as it is now; Absent where it is gone or another object has its name. */
  readonly point: Lookup<Point>;
  readonly leaseLeftMs: number;
  readonly suspended: boolean;
}

/** A finding of the live look for records of an item that has lost its status. */
export interface Origin {
  readonly jobs: readonly Job[];
  readonly points: readonly Point[];
  /** itemIDs that other items carry. */
  readonly taken: ReadonlySet<string>;
}

export interface LiveFacts {
  readonly origin?: Origin;
  readonly vault?: Lookup<Vault>;
  readonly gate?: GateFacts;
  readonly destroy?: DestroyFacts;
  /** Handles, points and jobs found for an item that is believed never to have held data. */
  readonly leftovers?: readonly string[] | 'Unknown';
  /** The hand-over job as read back. */
  readonly readBack?: { readonly jobName: string; readonly record: HandOverRecord | undefined };
  readonly namespaceTerminating?: boolean | 'Unknown';
}

/** Answers of engine steps performed in this pass; absent means not asked yet. */
export type EngineAnswer<T> =
  | { readonly type: 'Done'; readonly value: T }
  | { readonly type: 'Pending'; readonly askAgainAfterMs: number }
  | { readonly type: 'Blocked'; readonly words: string }
  | { readonly type: 'Unknown'; readonly words: string };

export interface Answers {
  readonly inspected?: EngineAnswer<
    | { readonly type: 'Present'; readonly disks: readonly string[] }
    | { readonly type: 'Absent'; readonly words: string }
  >;
  /** By point name. */
  readonly taken: ReadonlyMap<string, EngineAnswer<TakenFacts>>;
  readonly held?: {
    readonly window: Window;
    /** How long holding all points took. */
    readonly tookMs: number;
    readonly answer: EngineAnswer<HeldFacts>;
  };
  readonly released: ReadonlyMap<string, EngineAnswer<unknown>>;
  readonly purged: ReadonlyMap<string, EngineAnswer<{ readonly lines: readonly string[] }>>;
  /** API-server time at which a soft delete's status was accepted in this pass. */
  readonly acceptedAt?: Instant;
}

export interface HeldFacts {
  /** The earliest retain-until over all points, as read back. */
  readonly retainUntil: Instant;
  /** Points whose data the storage says it doesn't have. */
  readonly missing: readonly string[];
}

export interface TakenFacts {
  readonly disks: readonly { readonly name: string; readonly handle: string; readonly sizeBytes?: number }[];
}

export interface Settings extends Days, Lateness {
  /** Per-item share of the jitter, in [0, 1), the same each time. */
  readonly spread: number;
  /** Type of the engine that new points of this vault are taken with; undefined where this operator has none for it. */
  readonly engine: string | undefined;
}

export interface Observation {
  readonly item: Item;
  readonly vault: Lookup<Vault>;
  readonly policy: Lookup<Policy> | undefined;
  readonly sourceAllowed: boolean | 'Unknown';
  /** The item's points by itemID, in name order; stand-ins apart. */
  readonly points: readonly Point[];
  /** Digest over the same points, as the gate computes it live. */
  readonly digest: () => string;
  /** Jobs that speak of this item by name or itemID, oldest first. */
  readonly jobs: readonly Job[];
  /** Other items of the same vault and source. */
  readonly rivals: readonly OtherItem[];
  /** Unfinished hand-overs (with a record) of the same vault and source, or of this name. */
  readonly handOvers: readonly Job[];
  /** Points of the same vault and source whose itemID no item carries. */
  readonly orphanPoints: number;
  /** By the cache of namespaces: a hint; rules that act on it look live. */
  readonly namespaceTerminating: boolean;
  readonly live: LiveFacts;
  readonly answers: Answers;
  /** Best estimate of API-server time. */
  readonly now: Instant;
  /** When the cluster's purge rate next admits one; asked before anything is read live. */
  readonly rateFreeAt: Instant;
  readonly settings: Settings;
  /** A fresh UUID, used if a record has to be begun. */
  readonly freshID: string;
  /** SHA-256, hex: names of jobs are derived with it. */
  readonly hash: (text: string) => string;
}
