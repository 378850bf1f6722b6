/** Wire to domain. What can't be read becomes `Unreadable`, with the field and why: never a default. */
import type { BackupItem, BackupItemStatus } from '../../api/backup-item.gen.ts';
import type { BackupJob } from '../../api/backup-job.gen.ts';
import { JOB_FINALIZER, RETENTION_FINALIZER, STAND_IN_FOR_ANNOTATION, VAULT_FINALIZER } from '../../api/names.ts';
import type { RecoveryPoint } from '../../api/recovery-point.gen.ts';
import type { Vault as VaultObject } from '../../api/vault.gen.ts';
import type { Window } from '../retention.ts';
import { type Instant, instantOf, parseInstant } from '../time.ts';
import type { Item, Job, Point, RecordState, Vault } from './observation.ts';

/** Times before any cluster existed: what an object without a creationTimestamp is dated. */
const LONG_AGO = instantOf(0);

export function decodeItem(object: BackupItem): Item {
  const { metadata, spec } = object;
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    uid: metadata.uid ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
    generation: metadata.generation ?? 0,
    createdAt: parseInstant(metadata.creationTimestamp) ?? LONG_AGO,
    terminating: metadata.deletionTimestamp !== undefined,
    hasFinalizer: metadata.finalizers?.includes(RETENTION_FINALIZER) ?? false,
    intent: spec.protection,
    vaultName: spec.vaultRef.name,
    source: spec.source,
    policyName: spec.policyRef?.name,
    state: decodeRecord(object.status ?? {}),
    status: object.status ?? {},
  };
}

class Unreadable extends Error {}

function decodeRecord(status: BackupItemStatus): RecordState {
  if (status.itemID === undefined && status.deleteState === undefined) return { type: 'None' };
  try {
    const state = required('deleteState', status.deleteState);
    return {
      type: 'Known',
      record: {
        itemID: required('itemID', status.itemID),
        deleteState: known('deleteState', state, ['NotDeleted', 'ToBeDeleted', 'Purging', 'Purged']),
        dataHeldSince: time('dataHeldSince', status.dataHeldSince),
        window: decodeWindow(status, state === 'ToBeDeleted' || state === 'Purging'),
        notedSoftDelete: status.softDeleteState,
        request: status.deletionRequest,
        handedOver: status.handedOver ?? false,
        stopped: status.protectionState === 'ProtectionStopped',
        digest: status.recoveryPoints?.digest,
        effectivePolicy: status.policyRef?.name,
      },
    };
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return { type: 'Unreadable', why: error.message };
  }
}

function decodeWindow(status: BackupItemStatus, needed: boolean): Window | undefined {
  const deleteTime = time('deleteTime', status.deleteTime);
  const purgeTime = time('purgeTime', status.purgeTime);
  if (deleteTime === undefined && purgeTime === undefined && !needed) return undefined;
  return {
    deleteTime: required('deleteTime', deleteTime),
    purgeTime: required('purgeTime', purgeTime),
    retentionDays: required('retentionDays', status.retentionDays),
    mode: known('deletionMode', required('deletionMode', status.deletionMode), ['Deferred', 'Immediate']),
  };
}

function required<T>(field: string, value: T | undefined): T {
  if (value === undefined) throw new Unreadable(`status.${field} is missing`);
  return value;
}

function known<T extends string>(field: string, value: string, words: readonly T[]): T {
  const word = words.find((candidate) => candidate === value);
  if (word === undefined) throw new Unreadable(`status.${field} "${value}" is unknown to this version`);
  return word;
}

function time(field: string, text: string | undefined): Instant | undefined {
  if (text === undefined) return undefined;
  const at = parseInstant(text);
  if (at === undefined) throw new Unreadable(`status.${field} "${text}" is no time`);
  return at;
}

export function decodeVault(object: VaultObject): Vault {
  const { metadata, spec } = object;
  return {
    name: metadata.name,
    terminating: metadata.deletionTimestamp !== undefined,
    softDelete: spec.softDelete?.state ?? 'Enabled',
    retentionDays: spec.softDelete?.retentionDays ?? 14,
    suspendPurge: spec.suspendPurge ?? false,
    hasRecipients: (spec.notifications?.email?.to ?? []).length + (spec.notifications?.channels ?? []).length > 0,
    hasFinalizer: metadata.finalizers?.includes(VAULT_FINALIZER) ?? false,
  };
}

export function decodePoint(object: RecoveryPoint): Point {
  const { metadata, spec, status } = object;
  return {
    name: metadata.name,
    uid: metadata.uid ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
    pointID: spec.pointID,
    itemID: spec.itemID,
    state: status?.state ?? 'Creating',
    plannedTime: parseInstant(spec.plannedTime) ?? LONG_AGO,
    jobName: spec.jobName,
    engine: spec.engine,
    standIn: metadata.annotations?.[STAND_IN_FOR_ANNOTATION] !== undefined,
    evidence: status?.evidence,
    handlesRecorded: spec.disks.every((disk) => disk.handle !== undefined),
  };
}

export function decodeJob(object: BackupJob): Job {
  const { metadata, spec, status } = object;
  return {
    name: metadata.name,
    uid: metadata.uid ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
    operation: spec.operation,
    itemName: spec.itemRef.name,
    itemID: status?.itemID ?? spec.itemID,
    acknowledged: status?.itemID !== undefined,
    state: status?.state ?? 'New',
    hasFinalizer: metadata.finalizers?.includes(JOB_FINALIZER) ?? false,
    terminating: metadata.deletionTimestamp !== undefined,
    createdAt: parseInstant(metadata.creationTimestamp) ?? LONG_AGO,
    endTime: parseInstant(status?.endTime),
    request: spec.request,
    pointName: status?.pointName,
    expiryTime: spec.expiryTime,
    record: status?.record,
    status: status ?? {},
  };
}

/** A job that is finished no longer binds anything. */
export function isFinished(job: Job): boolean {
  return job.state !== 'New' && job.state !== 'InProgress';
}
