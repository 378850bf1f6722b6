/** Every name under which Reprieve is known to a cluster. Other places import these; none spells them again. */
import type { ResourceType } from './meta.ts';

export const GROUP = 'reprieve.dev';
const VERSION = 'v1alpha1';
export const API_VERSION = `${GROUP}/${VERSION}`;

export const RETENTION_FINALIZER = `${GROUP}/retention`;
export const VAULT_FINALIZER = `${GROUP}/vault`;
export const POLICY_FINALIZER = `${GROUP}/policy`;
export const JOB_FINALIZER = `${GROUP}/job`;

/** Ties points and jobs to their item; survives the re-creation of an object. */
export const ITEM_ID_LABEL = `${GROUP}/item-id`;
/** Ties the objects of a backup in the storage's API to their point. */
export const POINT_ID_LABEL = `${GROUP}/point-id`;
export const VAULT_LABEL = `${GROUP}/vault`;
/** A hash over vault and source: finds what an item that has lost its status had. */
export const SOURCE_LABEL = `${GROUP}/source`;
/** On an item that the operator re-created after a raw delete: uid of the object that was deleted. For readers only. */
export const PREVIOUS_UID_ANNOTATION = `${GROUP}/previous-uid`;
/** On a stand-in of a raw-deleted recovery point: the name under which it will come back. */
export const STAND_IN_FOR_ANNOTATION = `${GROUP}/stand-in-for`;
/** On CRDs with the shortened-window rule (manifests/overlays/development). */
export const DEVELOPMENT_ANNOTATION = `${GROUP}/development`;

/** `true` on a VolumeSnapshotContent that is held. Admission policies look at it, so it is part of the API. */
export const HELD_LABEL = `${GROUP}/held`;
/** Beside it: until when, RFC 3339. May only move later. */
export const RETAIN_UNTIL_ANNOTATION = `${GROUP}/retain-until`;
/** In place of both once a hold has ended: why. A write that only takes away leaves no trace of its field manager. */
export const RELEASED_ANNOTATION = `${GROUP}/released-for`;
/** `true` on the VolumeSnapshotClass to use where a driver has several. */
export const SNAPSHOT_CLASS_LABEL = `${GROUP}/snapshot-class`;
/** On a snapshot and its content: the disk of the source. */
export const DISK_ANNOTATION = `${GROUP}/disk`;
/** On a snapshot and its content: the StorageClass that the disk had. */
export const STORAGE_CLASS_ANNOTATION = `${GROUP}/storage-class`;
/** `true` on a content that is being destroyed. From then on it can't be held any more. */
export const PURGING_LABEL = `${GROUP}/purging`;
/** `true` on contents that only ask the driver whether a handle is there. They go away by themselves. */
export const PROBE_LABEL = `${GROUP}/probe`;
/** On such a content: when it was made, by the clock of who made it. */
export const ASKED_AT_ANNOTATION = `${GROUP}/asked-at`;
/** On a content that is being destroyed: keeps what the driver's helpers leave of it until it has been read as proof. */
export const PURGE_FINALIZER = `${GROUP}/purge`;

/** Field managers. What begins a purge, and what releases a hold, has its own: admission policies and audits can tell them. */
export const MANAGER = 'reprieve';
export const PURGE_MANAGER = 'reprieve-purge';
export const UNDELETE_MANAGER = 'reprieve-undelete';

export const LEASE_NAME = 'reprieve-leader';

function ours(kind: string, plural: string): ResourceType {
  return { group: GROUP, version: VERSION, plural, kind, namespaced: true };
}

export const VAULTS = ours('Vault', 'vaults');
export const BACKUP_ITEMS = ours('BackupItem', 'backupitems');
export const BACKUP_POLICIES = ours('BackupPolicy', 'backuppolicies');
export const RECOVERY_POINTS = ours('RecoveryPoint', 'recoverypoints');
export const BACKUP_JOBS = ours('BackupJob', 'backupjobs');

export const NAMESPACES: ResourceType = {
  group: '',
  version: 'v1',
  plural: 'namespaces',
  kind: 'Namespace',
  namespaced: false,
};
export const LEASES: ResourceType = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
  namespaced: true,
};
export const EVENTS: ResourceType = {
  group: 'events.k8s.io',
  version: 'v1',
  plural: 'events',
  kind: 'Event',
  namespaced: true,
};
export const CRDS: ResourceType = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
};

function snapshots(kind: string, plural: string, namespaced: boolean): ResourceType {
  return { group: 'snapshot.storage.k8s.io', version: 'v1', plural, kind, namespaced };
}

export const VOLUME_SNAPSHOTS = snapshots('VolumeSnapshot', 'volumesnapshots', true);
export const VOLUME_SNAPSHOT_CONTENTS = snapshots('VolumeSnapshotContent', 'volumesnapshotcontents', false);
export const VOLUME_SNAPSHOT_CLASSES = snapshots('VolumeSnapshotClass', 'volumesnapshotclasses', false);
export const PERSISTENT_VOLUME_CLAIMS: ResourceType = {
  group: '',
  version: 'v1',
  plural: 'persistentvolumeclaims',
  kind: 'PersistentVolumeClaim',
  namespaced: true,
};
export const PERSISTENT_VOLUMES: ResourceType = {
  group: '',
  version: 'v1',
  plural: 'persistentvolumes',
  kind: 'PersistentVolume',
  namespaced: false,
};
export const VIRTUAL_MACHINES: ResourceType = {
  group: 'kubevirt.io',
  version: 'v1',
  plural: 'virtualmachines',
  kind: 'VirtualMachine',
  namespaced: true,
};
