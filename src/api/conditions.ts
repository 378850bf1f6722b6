/**
 * Every condition type, and every reason with what it tells. Dashboards, alerts and scripts filter on these words: add,
 * don't rename. docs/api.md is generated from this table, too.
 */

/** Condition type → reason → meaning. */
type ConditionTable = Readonly<Record<string, Readonly<Record<string, string>>>>;

const BACKUP_ITEM_CONDITIONS = {
  /** Whether the operator has reached what the spec asks for. */
  Ready: {
    Initializing: 'seen for the first time, or protected anew; nothing is known yet',
    RecordRebuilt: 'the status was lost and has been rebuilt from recovery points and jobs, with the later deadline',
    DataFound: 'data was found of an item that had none by its record; it is kept',
    DeletionCleared: 'an immediate deletion was taken back before it began',
    InitialBackupPending: 'Active, and the first backup is pending',
    Protected: 'Active, and backed up by the policy',
    BackupFailed: 'the latest backup failed; earlier recovery points are kept',
    ProtectionStopped: 'no backups are made, the data is kept for ever',
    SoftDeleted: 'soft-deleted; can be undeleted until the purge begins',
    DeletingImmediately: 'deleted while the vault has soft delete disabled; the purge follows at once',
    Purging: 'the data is being destroyed; this can not be undone',
    Purged: 'there is no data left',
    VaultNotFound: 'the vault that the item names does not exist',
    VaultTerminating: 'the vault is being deleted; it takes no new items and no backups',
    PolicyNotFound: 'the policy that the item names does not exist',
    DuplicateSource: 'another item of the vault has this source, or its record; the message names it',
    SourceNotAllowed: 'the vault may not protect sources in that namespace',
    SourceUnknown: 'the source could not be looked at',
    EngineNotAvailable: 'the engine of the vault is not there in this operator',
    LeftoversUnknown: 'it could not be found out whether there is data, so the item stays',
    HoldFailed: 'the data could not be put on hold, so the item is not soft-deleted yet',
    ReleaseFailed: 'the hold could not be released after the undelete',
    RecordUnreadable: 'the status can not be read by this version; nothing is done to the item',
  },
  /** Whether backups are made as the policy asks. */
  Protected: {
    Protected: 'the latest backup succeeded',
    InitialBackupPending: 'the first backup is pending',
    BackupFailed: 'the latest backup failed',
    ProtectionStopped: 'no backups are made until protection is resumed',
    SoftDeleted: 'no backups are made of a soft-deleted item',
    Purged: 'there is nothing to protect any more',
    VaultNotFound: 'the vault that the item names does not exist',
    VaultTerminating: 'the vault is being deleted',
    PolicyNotFound: 'the policy that the item names does not exist',
    DuplicateSource: 'another item of the vault has this source',
    SourceNotAllowed: 'the vault may not protect sources in that namespace',
    SourceUnknown: 'the source could not be looked at',
    EngineNotAvailable: 'the engine of the vault is not there in this operator',
  },
  /** Whether the source was there when it was last looked at. */
  SourceAvailable: {
    SourceFound: 'the source was found at the last backup',
    SourceNotFound: 'the source was not found; recovery points are kept',
  },
  /** Whether the storage has the data of all recovery points. Keeps its verdict through a soft delete. */
  DataAvailable: {
    PointsAvailable: 'the storage has the data of all recovery points',
    DataMissing: 'the storage lacks data that the records name',
    Purged: 'the data was destroyed at the end of its window',
  },
  /** Whether a purge that is due, or soon will be, can't go on. The data is kept meanwhile. */
  PurgeBlocked: {
    NotBlocked: 'nothing stands in the way of the purge',
    NotSoftDeleted: 'the record is not one of a soft-deleted item',
    NotAskedFor: 'neither the spec nor a deletion asks for the purge any more',
    NotDue: 'the deadline has not passed',
    VaultUnknown: 'the vault could not be read',
    SoftDeleteInForce: 'an immediate purge was asked for, and the vault has soft delete in force',
    PurgeSuspended: 'purges are suspended, in the vault or for the cluster',
    ClockSkew: 'the clocks can not be trusted',
    RecordChanged: 'the recovery points are not those that were soft-deleted',
    RecordShared: 'another item has the same itemID; nothing is destroyed while two may want it',
    PointsAppeared: 'there are recovery points that the purge did not know of; they are kept',
    EngineUnknown: 'the engine could not answer',
    EngineBlocked: 'the engine can not destroy the data; the message says why',
    HeldLonger: 'the storage holds the data longer than the record says; the later deadline governs',
    RestoreRunning: 'a restore reads the data',
    WarningPending: 'the warning has not gone out, or not long enough ago',
    NotLeading: 'this operator may lose its lease before the step ends',
    RateLimited: 'other purges come first',
  },
} as const satisfies ConditionTable;

const VAULT_CONDITIONS = {
  /** Whether items of this vault are looked after. */
  Ready: {
    Accepted: 'items of this vault are looked after',
    Terminating: 'the vault is being deleted; it takes no new items',
    EngineNotAvailable: 'the engine that the vault names is not there in this operator',
  },
  /** Whether a deletion of the vault waits for what it holds. */
  DeletionBlocked: {
    NotDeleting: 'deletion was not asked for',
    Empty: 'nothing refers to this vault',
    ItemsRemain: 'items, points or jobs that have or may have data; the message names them and the ways out',
  },
  /** Whether deadlines pass unused. */
  PurgeSuspended: {
    NotSuspended: 'purges run at their deadlines',
    SuspendedInVault: 'spec.suspendPurge is true',
    SuspendedInCluster: 'the operator was started with --suspend-purges',
  },
} as const satisfies ConditionTable;

const BACKUP_POLICY_CONDITIONS = {
  /** Whether items may use this policy. */
  Ready: {
    Accepted: 'items may use this policy',
    Terminating: 'the policy is being deleted',
  },
  /** Whether active items use it; as long as they do, a deletion waits. */
  InUse: {
    ItemsActive: 'active items use this policy',
    NotInUse: 'no active item uses this policy',
  },
} as const satisfies ConditionTable;

const RECOVERY_POINT_CONDITIONS = {
  /** Whether the point can be restored from. */
  Available: {
    Creating: 'the point is being taken',
    Available: 'the point was taken',
    Failed: 'the point could not be taken',
    Purged: 'the data was destroyed',
  },
  /** Whether the storage has the data of this point. */
  DataAvailable: {
    DataFound: 'the storage has the data',
    DataMissing: 'the storage lacks the data',
    Purged: 'the data was destroyed',
  },
} as const satisfies ConditionTable;

const BACKUP_JOB_CONDITIONS = {
  /** Whether the operation has ended. */
  Finished: {
    InProgress: 'the operation goes on',
    Completed: 'the operation did what it should',
    CompletedWithWarnings: 'the operation did what it should; the message says what there is to look at',
    Failed: 'the operation failed; the message says why',
    Cancelled: 'the operation was given up, as it is not wanted any more',
  },
} as const satisfies ConditionTable;

/** The tables by kind. */
export const CONDITIONS = {
  Vault: VAULT_CONDITIONS,
  BackupItem: BACKUP_ITEM_CONDITIONS,
  BackupPolicy: BACKUP_POLICY_CONDITIONS,
  RecoveryPoint: RECOVERY_POINT_CONDITIONS,
  BackupJob: BACKUP_JOB_CONDITIONS,
} as const satisfies Readonly<Record<string, ConditionTable>>;

type Tables = typeof CONDITIONS;

/** The condition types of a kind, as in `ConditionType<'BackupItem'>`. */
export type ConditionType<Kind extends keyof Tables> = keyof Tables[Kind] & string;

/** The reasons of a condition type. A word of one type is no reason of another. */
export type ConditionReason<Kind extends keyof Tables, Type extends keyof Tables[Kind]> = keyof Tables[Kind][Type] &
  string;
