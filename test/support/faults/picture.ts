/** The state of a place without names, times and chance: what two runs of one story must have in common at their end. */
import type { BackupItem } from '../../../src/api/backup-item.gen.ts';
import type { BackupJob } from '../../../src/api/backup-job.gen.ts';
import { STAND_IN_FOR_ANNOTATION } from '../../../src/api/names.ts';
import type { RecoveryPoint } from '../../../src/api/recovery-point.gen.ts';
import type { Place } from './place.ts';

/** What identifies the data, noted before a fault: it must come out the same. */
export interface Identity {
  readonly itemIDs: readonly string[];
  readonly pointIDs: readonly string[];
  readonly handles: readonly string[];
}

export async function identityOf(place: Place): Promise<Identity> {
  const [items, points, disks] = await Promise.all([place.items(), place.points(), place.disks()]);
  return {
    itemIDs: items.map(({ status }) => status?.itemID ?? '').sort(),
    pointIDs: points.map(({ spec }) => spec.pointID).sort(),
    handles: disks.map(({ handle, content }) => `${handle} ${content}`).sort(),
  };
}

/** One line per object, sorted; equal texts are equal ends. */
export async function pictureOf(place: Place, before: Identity): Promise<readonly string[]> {
  const [items, points, jobs, disks] = await Promise.all([place.items(), place.points(), place.jobs(), place.disks()]);
  return [
    ...items.map((item) => itemLine(item, before)),
    ...points.map((point) => pointLine(point, before)),
    ...jobs.flatMap(jobLine),
    ...disks.map((disk) => {
      const same = before.handles.includes(`${disk.handle} ${disk.content}`) ? 'same' : 'new';
      return `disk ${same} ${disk.retainUntil === undefined ? 'free' : 'held'}`;
    }),
  ].sort();
}

function itemLine({ metadata, spec, status = {} }: BackupItem, before: Identity): string {
  const { deleteTime, purgeTime, deletionRequest, recoveryPoints, conditions, lastBackup } = status;
  return `item ${JSON.stringify({
    name: metadata.name,
    terminating: metadata.deletionTimestamp !== undefined,
    finalizers: metadata.finalizers ?? [],
    protection: spec.protection,
    policyRef: status.policyRef,
    identity: before.itemIDs.includes(status.itemID ?? '') ? 'same' : 'new',
    deleteState: status.deleteState,
    protectionState: status.protectionState,
    handedOver: status.handedOver,
    deletionMode: status.deletionMode,
    softDeleteState: status.softDeleteState,
    times: [status.dataHeldSince, deleteTime, purgeTime].map((time) => time !== undefined),
    askedBy: deletionRequest?.by,
    points: recoveryPoints?.count,
    frozen: recoveryPoints?.digest !== undefined,
    lastBackup: lastBackup?.state,
    conditions: (conditions ?? []).map((c) => `${c.type}=${c.status} ${c.reason}`).sort(),
  })}`;
}

function pointLine({ metadata, spec, status }: RecoveryPoint, before: Identity): string {
  const parts = [
    before.pointIDs.includes(spec.pointID) ? 'same' : 'new',
    status?.state ?? 'none',
    metadata.annotations?.[STAND_IN_FOR_ANNOTATION] === undefined ? 'original' : 'stand-in',
    metadata.deletionTimestamp === undefined ? 'there' : 'terminating',
    (metadata.finalizers ?? []).join(),
    spec.disks.every(({ handle }) => handle !== undefined) ? 'handles' : 'no-handles',
  ];
  return `point ${parts.join(' ')}`;
}

/** With days of half a second, finished history goes in a quarter of a minute: records of deletions stay. */
function jobLine({ spec, status }: BackupJob): readonly string[] {
  const isRecord = spec.operation === 'DeleteBackupData' || spec.operation === 'Purge';
  const open = status?.state === undefined || status.state === 'InProgress';
  if (!isRecord && !open) return [];
  const record = status?.record === undefined ? 'no record' : 'record';
  return [`job ${spec.operation} ${status?.state ?? 'New'} ${record} ${(status?.evidence ?? []).length} lines`];
}
