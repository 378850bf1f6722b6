/** Names of what the engine makes, and of what upstream means by theirs. */
import { createHash } from 'node:crypto';
import type { EngineDisk, EnginePoint } from '../../../ports/engine.ts';

const SNAPSHOT_GROUP = 'snapshot.storage.kubernetes.io';

/** Without it a content goes at once when it is deleted, and the driver is never asked. */
export const BOUND_FINALIZER = `${SNAPSHOT_GROUP}/volumesnapshotcontent-bound-protection`;
/** `yes`: the snapshot of a content is gone or going. Without it csi-snapshotter leaves a deleted content hanging. */
export const BEING_DELETED_ANNOTATION = `${SNAPSHOT_GROUP}/volumesnapshot-being-deleted`;
export const SECRET_NAME_ANNOTATION = `${SNAPSHOT_GROUP}/deletion-secret-name`;
export const SECRET_NAMESPACE_ANNOTATION = `${SNAPSHOT_GROUP}/deletion-secret-namespace`;
/** Class parameters with this prefix name a Secret that ListSnapshots needs. */
export const LIST_SECRET_PARAMETER = 'csi.storage.k8s.io/snapshotter-list-secret-name';
/** On a claim that CDI fills: how far it is. */
export const IMPORT_PHASE_ANNOTATION = 'cdi.kubevirt.io/storage.pod.phase';
/** On the claim that keeps a VM's TPM and EFI state: the name of the VM. */
export const STATE_OF_LABEL = 'persistent-state-for';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Only such an identity makes names of which none is the beginning of another's. */
export function isID(id: string): boolean {
  return UUID.test(id);
}

/** Of everything that was ever cut for an item, or for one point of it: on its VolumeSnapshot, so in each content's reference. */
export function snapshotPrefix(itemID: string, pointID?: string): string {
  return pointID === undefined ? `reprieve-${itemID}-` : `reprieve-${itemID}-${pointID}-`;
}

/** Of a disk's VolumeSnapshot, and of the content that is made where the first one was lost. */
export function snapshotName({ itemID, pointID }: EnginePoint, { name }: EngineDisk): string {
  return snapshotPrefix(itemID, pointID) + short(name);
}

/** As snapshot-controller names the content of a snapshot. */
export function dynamicContentName(snapshotUID: string): string {
  return `snapcontent-${snapshotUID}`;
}

export function probeName(purpose: string, driver: string, handle: string, attempt: 1 | 2): string {
  return `reprieve-${purpose}-${short(`${driver}\n${handle}`, 32)}-${attempt}`;
}

export function controlName(driver: string): string {
  return `reprieve-control-${short(driver, 32)}`;
}

function short(text: string, digits = 12): string {
  return createHash('sha256').update(text).digest('hex').slice(0, digits);
}
