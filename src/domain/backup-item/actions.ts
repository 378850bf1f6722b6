/**
 * What a decision may ask for: one side effect, as data. Each is idempotent or guarded by resourceVersion/uid, so that a
 * crash before or after it leaves a state from which the same rules go on.
 */
import type { BackupItemStatus } from '../../api/backup-item.gen.ts';
import type { BackupJobSpec, BackupJobStatus } from '../../api/backup-job.gen.ts';
import type { RecoveryPointSpec, RecoveryPointStatus } from '../../api/recovery-point.gen.ts';
import type { Window } from '../retention.ts';
import type { Instant } from '../time.ts';
import type { Item, Job, Point, TakenFacts } from './observation.ts';

/** An event to be sent once the write it belongs to was accepted. */
export interface EventDraft {
  readonly reason: string;
  readonly type: 'Normal' | 'Warning';
  readonly note: string;
  /** Also said on the vault, where its owner must know. */
  readonly alsoOnVault?: boolean;
}

/** Whose name the write bears; the purge's own name is what admission policies and audits can tell it by. */
export type Manager = 'Operator' | 'Purge' | 'Undelete';

export interface NewItem {
  readonly name: string;
  readonly previousUid: string;
  readonly record: NonNullable<BackupJobStatus['record']>;
}

export type Action =
  /** Replaces the item's status. With `expect`, guarded by that (live) item's resourceVersion; else by the cached one's. */
  | {
      readonly type: 'WriteStatus';
      readonly status: BackupItemStatus;
      readonly manager: Manager;
      readonly event?: EventDraft;
      readonly expect?: Item;
    }
  | { readonly type: 'AddFinalizer' }
  /** Our finalizer only, guarded by resourceVersion. The object goes if no other holds it. */
  | { readonly type: 'RemoveFinalizer'; readonly why: 'HandedOver' | 'Purged' | 'NeverHeldData' }
  | { readonly type: 'DeleteItem' }
  /** Creates the item that carries on a raw-deleted one's record. */
  | { readonly type: 'CreateItem'; readonly item: NewItem }
  /** `occasion` makes the name: a second creation for the same occasion finds the first. */
  | { readonly type: 'CreateJob'; readonly occasion: string; readonly spec: BackupJobSpec }
  | { readonly type: 'AcceptJob'; readonly job: Job; readonly status: BackupJobStatus }
  | { readonly type: 'WriteJob'; readonly job: Job; readonly status: BackupJobStatus; readonly event?: EventDraft }
  | { readonly type: 'CreatePoint'; readonly name: string; readonly spec: RecoveryPointSpec }
  | { readonly type: 'RecordHandles'; readonly point: Point; readonly taken: TakenFacts }
  | {
      readonly type: 'WritePoint';
      readonly point: Point;
      readonly status: RecoveryPointStatus;
      readonly event?: EventDraft;
    }
  /** Removes the record of a point that is Purged; its evidence is in the Purge job. */
  | { readonly type: 'RemovePoint'; readonly point: Point }
  // Live reads
  | { readonly type: 'LookForOrigin' }
  | { readonly type: 'LookAtVault' }
  | { readonly type: 'LookAtNamespace' }
  | { readonly type: 'LookForLeftovers' }
  | { readonly type: 'LookThroughGate' }
  | { readonly type: 'LookBeforeDestroy'; readonly point: Point }
  | { readonly type: 'ReadBackJob'; readonly job: Job }
  // Engine steps
  | { readonly type: 'Inspect' }
  | { readonly type: 'Take'; readonly point: Point }
  | { readonly type: 'Hold'; readonly points: readonly Point[]; readonly window: Window }
  | { readonly type: 'Release'; readonly point: Point; readonly manager: Manager }
  /** The one action that destroys. Performed only by controllers/backup-item/purge.ts, after a look through the gate. */
  | { readonly type: 'Destroy'; readonly point: Point };

/** What a rule answers: something to do now, or nothing until `wakeAt` or a change. */
export type Step =
  | { readonly type: 'Act'; readonly rule: string; readonly action: Action }
  | { readonly type: 'Wait'; readonly rule: string; readonly wakeAt?: Instant };
