// Generated from crds/; do not edit, run npm run generate.
// Source: crds/backupitems.yaml
import type { Condition, KubeObject } from './meta.ts';

/**
 * BackupItem is one protected virtual machine or volume claim, in the namespace of its vault. Deleting it, or asking
 * for StopDeleteData, is a soft delete: the data stays until status.purgeTime and comes back with StopRetainData.
 */
export interface BackupItem extends KubeObject {
  readonly spec: BackupItemSpec;
  readonly status?: BackupItemStatus;
}

/** spec is what the user asks for. */
export interface BackupItemSpec {
  /** vaultRef names the Vault of this namespace that holds the data. Immutable. */
  readonly vaultRef: BackupItemVaultRef;
  /**
   * source is what is protected: a VirtualMachine of kubevirt.io/v1 or a PersistentVolumeClaim of v1. Immutable. A
   * vault has one item per source.
   */
  readonly source: BackupItemSource;
  /**
   * policyRef names the BackupPolicy of this namespace. Required while protection is Active; it may stay otherwise,
   * without effect.
   */
  readonly policyRef?: BackupItemPolicyRef;
  /**
   * protection is the user's intent. Active backs up by the policy. StopRetainData makes no more backups and keeps the
   * data for ever; it is also the undelete. StopDeleteData soft-deletes: the data is kept until status.purgeTime, then
   * destroyed.
   */
  readonly protection: BackupItemProtection;
}

export interface BackupItemVaultRef {
  /** name of the Vault. */
  readonly name: string;
}

export interface BackupItemSource {
  /** apiVersion of the source. */
  readonly apiVersion: string;
  /** kind of the source. */
  readonly kind: string;
  /** namespace of the source. The vault's spec.sources says which namespaces it may protect. */
  readonly namespace: string;
  /** name of the source. */
  readonly name: string;
}

export interface BackupItemPolicyRef {
  /** name of the BackupPolicy. */
  readonly name: string;
}

export const BACKUP_ITEM_PROTECTION_VALUES = ['Active', 'StopRetainData', 'StopDeleteData'] as const;
export type BackupItemProtection = (typeof BACKUP_ITEM_PROTECTION_VALUES)[number];

/** status is what the operator observed and recorded. It is the only record of the deadline of the data. */
export interface BackupItemStatus {
  /** observedGeneration is the generation of the spec that this status speaks of. */
  readonly observedGeneration?: number;
  /**
   * itemID ties recovery points and jobs to this item, also where the object was deleted and created again. Assigned
   * once per protection.
   */
  readonly itemID?: string;
  /**
   * deleteState is the step of the life cycle. NotDeleted; ToBeDeleted: soft-deleted, can be undeleted; Purging: the
   * data is being destroyed; Purged: there is none left.
   */
  readonly deleteState?: BackupItemDeleteState;
  /** protectionState tells how the protection fares. ProtectionStopped while stopped or soft-deleted. */
  readonly protectionState?: BackupItemProtectionState;
  /**
   * dataHeldSince is written before the first side effect in the engine and kept until Purged: from then on this item
   * has, or may have, data.
   */
  readonly dataHeldSince?: string;
  /** deleteTime is when the item was soft-deleted, by the clock of the API server. */
  readonly deleteTime?: string;
  /** purgeTime is the deadline before which no data is destroyed. It may only move later. */
  readonly purgeTime?: string;
  /** retentionDays is the window that was in force when the item was soft-deleted. */
  readonly retentionDays?: number;
  /** deletionMode is frozen at the deletion. Deferred keeps the data for a window, Immediate does not. */
  readonly deletionMode?: BackupItemDeletionMode;
  /** softDeleteState is the vault's setting as last noted while the item was not deleted. */
  readonly softDeleteState?: BackupItemSoftDeleteState;
  /** deletionRequest tells which object asked for the deletion, and how. */
  readonly deletionRequest?: BackupItemDeletionRequest;
  /** handedOver is true where the operator created this object again after a raw delete. */
  readonly handedOver?: boolean;
  /** policyRef is the policy in effect; absent while protection is stopped. */
  readonly policyRef?: BackupItemPolicyRef;
  /** recoveryPoints sums up the recovery points of this item. */
  readonly recoveryPoints?: BackupItemRecoveryPoints;
  /** lastBackup tells how the latest backup ended. */
  readonly lastBackup?: BackupItemLastBackup;
  /** nextBackupTime is when the schedule is due next. */
  readonly nextBackupTime?: string;
  /** notices that are due or were sent about the deletion of this item, one entry per kind and channel. */
  readonly notices?: readonly BackupItemNotice[];
  /** conditions of the types Ready, Protected, SourceAvailable, DataAvailable and PurgeBlocked. */
  readonly conditions?: readonly Condition[];
}

export const BACKUP_ITEM_DELETE_STATE_VALUES = ['NotDeleted', 'ToBeDeleted', 'Purging', 'Purged'] as const;
export type BackupItemDeleteState = (typeof BACKUP_ITEM_DELETE_STATE_VALUES)[number];

export const BACKUP_ITEM_PROTECTION_STATE_VALUES = [
  'InitialBackupPending',
  'Protected',
  'ProtectionError',
  'ProtectionStopped',
] as const;
export type BackupItemProtectionState = (typeof BACKUP_ITEM_PROTECTION_STATE_VALUES)[number];

export const BACKUP_ITEM_DELETION_MODE_VALUES = ['Deferred', 'Immediate'] as const;
export type BackupItemDeletionMode = (typeof BACKUP_ITEM_DELETION_MODE_VALUES)[number];

export const BACKUP_ITEM_SOFT_DELETE_STATE_VALUES = ['Enabled', 'Disabled', 'AlwaysOn'] as const;
export type BackupItemSoftDeleteState = (typeof BACKUP_ITEM_SOFT_DELETE_STATE_VALUES)[number];

export interface BackupItemDeletionRequest {
  /** by tells the way: the spec said StopDeleteData (Spec), or the object was deleted (Delete). */
  readonly by: BackupItemDeletionRequestBy;
  /** uid of the object that asked. */
  readonly uid: string;
  /** generation of the object when it asked. */
  readonly generation: number;
}

export const BACKUP_ITEM_DELETION_REQUEST_BY_VALUES = ['Spec', 'Delete'] as const;
export type BackupItemDeletionRequestBy = (typeof BACKUP_ITEM_DELETION_REQUEST_BY_VALUES)[number];

export interface BackupItemRecoveryPoints {
  /** count of the recovery points that exist. */
  readonly count: number;
  /** oldestTime is when the oldest of them was taken. */
  readonly oldestTime?: string;
  /** latestTime is when the latest of them was taken. */
  readonly latestTime?: string;
  /** digest over the specs of the points, fixed at the soft delete. A purge that finds another one stops. */
  readonly digest?: string;
}

export interface BackupItemLastBackup {
  /** time at which it ended. */
  readonly time: string;
  /** state in which it ended. */
  readonly state: BackupItemLastBackupState;
  /** jobName is the BackupJob that made it. */
  readonly jobName: string;
  /** jobUID tells that BackupJob from a later one of the same name. */
  readonly jobUID?: string;
  /** pointName is the RecoveryPoint that it made. */
  readonly pointName?: string;
}

export const BACKUP_ITEM_LAST_BACKUP_STATE_VALUES = ['Completed', 'CompletedWithWarnings', 'Failed'] as const;
export type BackupItemLastBackupState = (typeof BACKUP_ITEM_LAST_BACKUP_STATE_VALUES)[number];

export interface BackupItemNotice {
  /** kind of the notice. Warning: two days before the purge. */
  readonly kind: BackupItemNoticeKind;
  /** channel by which it goes out. */
  readonly channel: string;
  /** dueTime is when it is due. */
  readonly dueTime: string;
  /** firstAttemptTime is when it was first tried. The purge waits for two days after that of the warning. */
  readonly firstAttemptTime?: string;
  /** sentTime is when the channel took it. */
  readonly sentTime?: string;
  /** attempts made so far. */
  readonly attempts: number;
  /** lastError is why the latest attempt failed. */
  readonly lastError?: string;
}

export const BACKUP_ITEM_NOTICE_KIND_VALUES = ['SoftDeleted', 'Warning', 'Purged', 'Undeleted'] as const;
export type BackupItemNoticeKind = (typeof BACKUP_ITEM_NOTICE_KIND_VALUES)[number];
