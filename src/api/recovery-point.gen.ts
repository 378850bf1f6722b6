// Generated from crds/; do not edit, run npm run generate.
// Source: crds/recoverypoints.yaml
import type { Condition, KubeObject } from './meta.ts';

/**
 * RecoveryPoint is one backup of one item. The operator alone writes it; its spec is the list of what there is to
 * destroy at a purge, and so it is immutable.
 */
export interface RecoveryPoint extends KubeObject {
  readonly spec: RecoveryPointSpec;
  readonly status?: RecoveryPointStatus;
}

/** spec is the identity of the point, and where its data is. */
export interface RecoveryPointSpec {
  /** pointID identifies this backup in the engine. Immutable. */
  readonly pointID: string;
  /** itemID is status.itemID of the item. Immutable. */
  readonly itemID: string;
  /** vaultRef names the Vault that holds the data. Immutable. */
  readonly vaultRef: RecoveryPointVaultRef;
  /** itemRef names the BackupItem. Immutable. */
  readonly itemRef: RecoveryPointItemRef;
  /** source that was protected. */
  readonly source: RecoveryPointSource;
  /** engine that took the data. Immutable. */
  readonly engine: RecoveryPointEngine;
  /** jobName is the BackupJob that made this point. Immutable. */
  readonly jobName: string;
  /** plannedTime is when the point was to be taken. Immutable. */
  readonly plannedTime: string;
  /** expiryTime is the expiry that an on-demand backup was given, instead of the policy's. Immutable. */
  readonly expiryTime?: string;
  /**
   * disks of the source, each with its data in the engine. What is known only after the data was taken is set once; all
   * else is immutable.
   */
  readonly disks: readonly RecoveryPointDisk[];
}

export interface RecoveryPointVaultRef {
  /** name of the Vault. */
  readonly name: string;
}

export interface RecoveryPointItemRef {
  /** name of the BackupItem. */
  readonly name: string;
}

export interface RecoveryPointSource {
  /** apiVersion of the source. */
  readonly apiVersion: string;
  /** kind of the source. */
  readonly kind: string;
  /** namespace of the source. */
  readonly namespace: string;
  /** name of the source. */
  readonly name: string;
}

export const RECOVERY_POINT_ENGINE_VALUES = ['CSISnapshot', 'Velero', 'Simulated'] as const;
export type RecoveryPointEngine = (typeof RECOVERY_POINT_ENGINE_VALUES)[number];

export interface RecoveryPointDisk {
  /** name of the disk in the source. */
  readonly name: string;
  /** handle of the data in the storage system or engine. Set once. */
  readonly handle?: string;
  /** driver is the CSI driver that took the data. Immutable. */
  readonly driver?: string;
  /** contentName is the object of the cluster that stands for the data. Set once. */
  readonly contentName?: string;
  /** contentUID is the uid of that object. Set once. */
  readonly contentUID?: string;
  /** snapshotClassName is the VolumeSnapshotClass that was used. Immutable. */
  readonly snapshotClassName?: string;
  /** volumeMode of the disk. Immutable. */
  readonly volumeMode?: RecoveryPointDiskVolumeMode;
  /** sizeBytes is what a volume restored from it needs at least. Set once. */
  readonly sizeBytes?: number;
  /** storageClassName is the StorageClass of the disk. Immutable. */
  readonly storageClassName?: string;
}

export const RECOVERY_POINT_DISK_VOLUME_MODE_VALUES = ['Filesystem', 'Block'] as const;
export type RecoveryPointDiskVolumeMode = (typeof RECOVERY_POINT_DISK_VOLUME_MODE_VALUES)[number];

/** status is what became of the data. */
export interface RecoveryPointStatus {
  /** observedGeneration is the generation of the spec that this status speaks of. */
  readonly observedGeneration?: number;
  /**
   * state of the point. Creating: it is being taken; Available: it can be restored from; Failed: it can't, and may have
   * left data; Purged: there is no data left.
   */
  readonly state?: RecoveryPointState;
  /** completionTime is when the point became Available or Failed. */
  readonly completionTime?: string;
  /** expiryTime is when the point may be collected, by its policy or by its own expiry. */
  readonly expiryTime?: string;
  /** purgedTime is when the data was proven to be gone. */
  readonly purgedTime?: string;
  /** evidence is what the engine said to prove it. */
  readonly evidence?: string;
  /** conditions of the types Available and DataAvailable. */
  readonly conditions?: readonly Condition[];
}

export const RECOVERY_POINT_STATE_VALUES = ['Creating', 'Available', 'Failed', 'Purged'] as const;
export type RecoveryPointState = (typeof RECOVERY_POINT_STATE_VALUES)[number];
