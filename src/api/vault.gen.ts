// Generated from crds/; do not edit, run npm run generate.
// Source: crds/vaults.yaml
import type { Condition, KubeObject } from './meta.ts';

/**
 * Vault keeps the backups of virtual machines, and says for how long deleted ones can be brought back. It stays,
 * however it is deleted, until nothing in it holds data.
 */
export interface Vault extends KubeObject {
  readonly spec: VaultSpec;
  readonly status?: VaultStatus;
}

/** spec is what the owner of the vault asks for. */
export interface VaultSpec {
  /** softDelete says what becomes of an item's data when the item is deleted. */
  readonly softDelete?: VaultSoftDelete;
  /**
   * suspendPurge set to true is a brake: nothing of this vault is purged, and deadlines pass unused until it is false
   * again. Default: false.
   */
  readonly suspendPurge?: boolean;
  /** notifications says who is told about deletions and purges. */
  readonly notifications?: VaultNotifications;
  /** engine takes and keeps the data. Its type is immutable. */
  readonly engine?: VaultEngine;
  /** sources says what this vault may protect. */
  readonly sources?: VaultSources;
}

export interface VaultSoftDelete {
  /**
   * state of soft delete. Enabled keeps deleted data for retentionDays. Disabled destroys at once what is deleted from
   * now on. AlwaysOn is Enabled and can't be taken back. Default: Enabled.
   */
  readonly state?: VaultSoftDeleteState;
  /**
   * retentionDays is the length of the window. Its value at the moment of a deletion governs that deletion. In an
   * AlwaysOn vault it may only grow. Default: 14.
   */
  readonly retentionDays?: number;
}

export const VAULT_SOFT_DELETE_STATE_VALUES = ['Enabled', 'Disabled', 'AlwaysOn'] as const;
export type VaultSoftDeleteState = (typeof VAULT_SOFT_DELETE_STATE_VALUES)[number];

export interface VaultNotifications {
  /** email says who gets mail. Server and credentials are the operator's. */
  readonly email?: VaultNotificationsEmail;
  /** timeZone in which notices tell times, by its name in the IANA database. Default: UTC. */
  readonly timeZone?: string;
  /** channels lists names of webhook channels that the operator is configured with. */
  readonly channels?: readonly string[];
}

export interface VaultNotificationsEmail {
  /** to lists the addresses. */
  readonly to: readonly string[];
}

export interface VaultEngine {
  /**
   * type of the engine. CSISnapshot takes snapshots through the storage driver. Velero lets a Velero installation make
   * the backups. Default: CSISnapshot.
   */
  readonly type?: VaultEngineType;
  /** csiSnapshot holds the settings of engine type CSISnapshot. */
  readonly csiSnapshot?: VaultEngineCsiSnapshot;
  /** velero holds the settings of engine type Velero. */
  readonly velero?: VaultEngineVelero;
}

export const VAULT_ENGINE_TYPE_VALUES = ['CSISnapshot', 'Velero'] as const;
export type VaultEngineType = (typeof VAULT_ENGINE_TYPE_VALUES)[number];

export interface VaultEngineCsiSnapshot {
  /**
   * snapshotClasses names the VolumeSnapshotClass per storage driver. A driver that is not listed uses its default
   * class.
   */
  readonly snapshotClasses?: readonly VaultEngineCsiSnapshotSnapshotClass[];
}

export interface VaultEngineCsiSnapshotSnapshotClass {
  /** driver is the name of the CSI driver. */
  readonly driver: string;
  /** snapshotClassName is the VolumeSnapshotClass for its volumes. */
  readonly snapshotClassName: string;
}

export interface VaultEngineVelero {
  /** namespace in which Velero runs. */
  readonly namespace: string;
  /** storageLocation names Velero's BackupStorageLocation. */
  readonly storageLocation: string;
}

export interface VaultSources {
  /**
   * namespaceSelector selects the namespaces whose virtual machines and volume claims this vault may protect. Without
   * one it is the vault's own namespace; an empty one selects every namespace.
   */
  readonly namespaceSelector?: VaultSourcesNamespaceSelector;
}

export interface VaultSourcesNamespaceSelector {
  /** matchLabels lists labels that the namespace must have, with these values. */
  readonly matchLabels?: Readonly<Record<string, string>>;
  /** matchExpressions lists requirements that must all hold. */
  readonly matchExpressions?: readonly VaultSourcesNamespaceSelectorMatchExpression[];
}

export interface VaultSourcesNamespaceSelectorMatchExpression {
  /** key of the label. */
  readonly key: string;
  /** operator relates the key to the values. */
  readonly operator: VaultSourcesNamespaceSelectorMatchExpressionOperator;
  /** values for In and NotIn. */
  readonly values?: readonly string[];
}

export const VAULT_SOURCES_NAMESPACE_SELECTOR_MATCH_EXPRESSION_OPERATOR_VALUES = [
  'In',
  'NotIn',
  'Exists',
  'DoesNotExist',
] as const;
export type VaultSourcesNamespaceSelectorMatchExpressionOperator = (typeof VAULT_SOURCES_NAMESPACE_SELECTOR_MATCH_EXPRESSION_OPERATOR_VALUES)[number];

/** status is what the operator observed. */
export interface VaultStatus {
  /** observedGeneration is the generation of the spec that this status speaks of. */
  readonly observedGeneration?: number;
  /** items counts the backup items of this vault that are not Purged. */
  readonly items?: VaultItems;
  /** recoveryPoints counts the recovery points that exist. */
  readonly recoveryPoints?: number;
  /** nextPurgeTime is the earliest purgeTime of the soft-deleted items. */
  readonly nextPurgeTime?: string;
  /** blockingItems lists up to ten of what keeps a deleted vault from going, the earliest deadline first. */
  readonly blockingItems?: readonly VaultBlockingItem[];
  /** blockingCount is the number of all that block, listed or not. */
  readonly blockingCount?: number;
  /** dayLength is how long a day lasts, where the operator was started with one that is not 24h. */
  readonly dayLength?: string;
  /** noted holds the settings as the operator last saw them, so that their weakening is told. */
  readonly noted?: VaultNoted;
  /** conditions of the types Ready, DeletionBlocked and PurgeSuspended. */
  readonly conditions?: readonly Condition[];
}

export interface VaultItems {
  /** total is the sum of the others. */
  readonly total: number;
  /** active counts those that are being backed up. */
  readonly active: number;
  /** stopped counts those that keep their data without new backups. */
  readonly stopped: number;
  /** softDeleted counts those that wait for their purge, or are being purged. */
  readonly softDeleted: number;
}

export interface VaultBlockingItem {
  /** name of the backup item. */
  readonly name: string;
  /** deleteState of the item; absent where it is not known. */
  readonly deleteState?: VaultBlockingItemDeleteState;
  /** purgeTime of the item, until when it blocks. */
  readonly purgeTime?: string;
  /** reason why it blocks, one word in CamelCase. */
  readonly reason: string;
}

export const VAULT_BLOCKING_ITEM_DELETE_STATE_VALUES = ['NotDeleted', 'ToBeDeleted', 'Purging', 'Purged'] as const;
export type VaultBlockingItemDeleteState = (typeof VAULT_BLOCKING_ITEM_DELETE_STATE_VALUES)[number];

export interface VaultNoted {
  /** softDeleteState is spec.softDelete.state as last seen. */
  readonly softDeleteState: VaultNotedSoftDeleteState;
  /** retentionDays is spec.softDelete.retentionDays as last seen. */
  readonly retentionDays: number;
}

export const VAULT_NOTED_SOFT_DELETE_STATE_VALUES = ['Enabled', 'Disabled', 'AlwaysOn'] as const;
export type VaultNotedSoftDeleteState = (typeof VAULT_NOTED_SOFT_DELETE_STATE_VALUES)[number];
