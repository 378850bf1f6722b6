// Generated from crds/; do not edit, run npm run generate.
// Source: crds/backupjobs.yaml
import type { Condition, KubeObject } from './meta.ts';

/**
 * BackupJob is the record of one operation, written before the operation begins. Users create jobs for a Backup on
 * demand; all others are the operator's.
 */
export interface BackupJob extends KubeObject {
  readonly spec: BackupJobSpec;
  readonly status?: BackupJobStatus;
}

/** spec is what is to be done. Immutable. */
export interface BackupJobSpec {
  /**
   * operation to carry out. Backup makes a recovery point, StopProtection ends backups and keeps the data,
   * DeleteBackupData soft-deletes, Undelete and ResumeProtection bring back, Purge destroys, Restore creates a machine
   * from a point.
   */
  readonly operation: BackupJobOperation;
  /** itemRef names the BackupItem of this namespace. */
  readonly itemRef: BackupJobItemRef;
  /** itemID is status.itemID of the item. The operator sets it; leave it out of a job of your own. */
  readonly itemID?: string;
  /** request tells what asked for the operation. */
  readonly request?: BackupJobRequest;
  /** expiryTime of the point that a Backup makes, instead of the policy's. */
  readonly expiryTime?: string;
}

export const BACKUP_JOB_OPERATION_VALUES = [
  'Backup',
  'Restore',
  'StopProtection',
  'DeleteBackupData',
  'Undelete',
  'ResumeProtection',
  'Purge',
] as const;
export type BackupJobOperation = (typeof BACKUP_JOB_OPERATION_VALUES)[number];

export interface BackupJobItemRef {
  /** name of the BackupItem. */
  readonly name: string;
}

export interface BackupJobRequest {
  /**
   * by tells the way: a change of the item's spec, its deletion, a user's job, the schedule, the start of a protection,
   * or the end of a window.
   */
  readonly by: BackupJobRequestBy;
  /** uid of the object that asked. */
  readonly uid: string;
  /** generation of the object when it asked. */
  readonly generation: number;
}

export const BACKUP_JOB_REQUEST_BY_VALUES = ['Spec', 'Delete', 'User', 'Schedule', 'FirstBackup', 'Expiry'] as const;
export type BackupJobRequestBy = (typeof BACKUP_JOB_REQUEST_BY_VALUES)[number];

/** status is how far the operation is, and what must be known to complete it after a crash. */
export interface BackupJobStatus {
  /** observedGeneration is the generation of the spec that this status speaks of. */
  readonly observedGeneration?: number;
  /** state is InProgress, or how the job ended. */
  readonly state?: BackupJobState;
  /** itemID is status.itemID of the item that the job worked on. */
  readonly itemID?: string;
  /** workload is what the item protects; kept here, as the job may survive the item. */
  readonly workload?: BackupJobWorkload;
  /** startTime is when the operation began. */
  readonly startTime?: string;
  /** endTime is when it ended. */
  readonly endTime?: string;
  /** duration from startTime to endTime, for people, as in 35s. */
  readonly duration?: string;
  /** message says how it goes or went, and what to do about it. */
  readonly message?: string;
  /** pointName is the RecoveryPoint that a Backup makes. */
  readonly pointName?: string;
  /** retryAfter is the time before which the next step is not tried. */
  readonly retryAfter?: string;
  /** record is all that is known about a deleted item, so that it can be created again. */
  readonly record?: BackupJobRecord;
  /** evidence lists what the engine said to prove that the data of a point is gone, one line per point. */
  readonly evidence?: readonly string[];
  /** evidenceOmitted counts the lines that had no room. */
  readonly evidenceOmitted?: number;
  /** conditions of the type Finished. */
  readonly conditions?: readonly Condition[];
}

export const BACKUP_JOB_STATE_VALUES = [
  'InProgress',
  'Completed',
  'CompletedWithWarnings',
  'Failed',
  'Cancelled',
] as const;
export type BackupJobState = (typeof BACKUP_JOB_STATE_VALUES)[number];

export interface BackupJobWorkload {
  /** kind of the source. */
  readonly kind: string;
  /** namespace of the source. */
  readonly namespace: string;
  /** name of the source. */
  readonly name: string;
}

export interface BackupJobRecord {
  /** itemName is the name under which the item lives, or will live. */
  readonly itemName: string;
  /** itemUID is the uid of the object that was deleted. */
  readonly itemUID: string;
  /** spec of the item that survives. */
  readonly spec: BackupJobRecordSpec;
  /** itemID is status.itemID of the item. */
  readonly itemID: string;
  /** dataHeldSince of the item. */
  readonly dataHeldSince?: string;
  /** deleteTime of the item. Fixed. */
  readonly deleteTime: string;
  /** purgeTime of the item. It may only move later. */
  readonly purgeTime: string;
  /** retentionDays of the item. */
  readonly retentionDays: number;
  /** deletionMode of the item. Fixed. */
  readonly deletionMode: BackupJobRecordDeletionMode;
  /** softDeleteState of the item. */
  readonly softDeleteState?: BackupJobRecordSoftDeleteState;
  /** protectionState of the item. */
  readonly protectionState?: BackupJobRecordProtectionState;
  /** deletionRequest of the item. */
  readonly deletionRequest: BackupJobRecordDeletionRequest;
  /** conditions of the item that keep their verdict through a deletion, DataAvailable and SourceAvailable. */
  readonly conditions?: readonly Condition[];
  /** recoveryPoints of the item. */
  readonly recoveryPoints: BackupJobRecordRecoveryPoints;
}

export interface BackupJobRecordSpec {
  /** vaultRef of the item. */
  readonly vaultRef: BackupJobRecordSpecVaultRef;
  /** source that was protected. */
  readonly source: BackupJobRecordSpecSource;
  /** policyRef of the item. */
  readonly policyRef?: BackupJobRecordSpecPolicyRef;
}

export interface BackupJobRecordSpecVaultRef {
  /** name of the Vault. */
  readonly name: string;
}

export interface BackupJobRecordSpecSource {
  /** apiVersion of the source. */
  readonly apiVersion: string;
  /** kind of the source. */
  readonly kind: string;
  /** namespace of the source. */
  readonly namespace: string;
  /** name of the source. */
  readonly name: string;
}

export interface BackupJobRecordSpecPolicyRef {
  /** name of the BackupPolicy. */
  readonly name: string;
}

export const BACKUP_JOB_RECORD_DELETION_MODE_VALUES = ['Deferred', 'Immediate'] as const;
export type BackupJobRecordDeletionMode = (typeof BACKUP_JOB_RECORD_DELETION_MODE_VALUES)[number];

export const BACKUP_JOB_RECORD_SOFT_DELETE_STATE_VALUES = ['Enabled', 'Disabled', 'AlwaysOn'] as const;
export type BackupJobRecordSoftDeleteState = (typeof BACKUP_JOB_RECORD_SOFT_DELETE_STATE_VALUES)[number];

export const BACKUP_JOB_RECORD_PROTECTION_STATE_VALUES = [
  'InitialBackupPending',
  'Protected',
  'ProtectionError',
  'ProtectionStopped',
] as const;
export type BackupJobRecordProtectionState = (typeof BACKUP_JOB_RECORD_PROTECTION_STATE_VALUES)[number];

export interface BackupJobRecordDeletionRequest {
  /** by tells the way: the spec said StopDeleteData (Spec), or the object was deleted (Delete). */
  readonly by: BackupJobRecordDeletionRequestBy;
  /** uid of the object that asked. */
  readonly uid: string;
  /** generation of the object when it asked. */
  readonly generation: number;
}

export const BACKUP_JOB_RECORD_DELETION_REQUEST_BY_VALUES = ['Spec', 'Delete'] as const;
export type BackupJobRecordDeletionRequestBy = (typeof BACKUP_JOB_RECORD_DELETION_REQUEST_BY_VALUES)[number];

export interface BackupJobRecordRecoveryPoints {
  /** count of the recovery points that exist. */
  readonly count: number;
  /** oldestTime is when the oldest of them was taken. */
  readonly oldestTime?: string;
  /** latestTime is when the latest of them was taken. */
  readonly latestTime?: string;
  /** digest over the specs of the points. */
  readonly digest?: string;
}
