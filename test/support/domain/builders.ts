/** Objects as they are on the wire, in the states that tests start from. Each takes changes; none is shared. */
import type { BackupItem, BackupItemSpec, BackupItemStatus } from '../../../src/api/backup-item.gen.ts';
import type { BackupJob, BackupJobSpec, BackupJobStatus } from '../../../src/api/backup-job.gen.ts';
import type { ObjectMeta } from '../../../src/api/meta.ts';
import { API_VERSION, ITEM_ID_LABEL, JOB_FINALIZER, RETENTION_FINALIZER } from '../../../src/api/names.ts';
import type { RecoveryPoint, RecoveryPointSpec, RecoveryPointState } from '../../../src/api/recovery-point.gen.ts';
import type { Vault, VaultSpec } from '../../../src/api/vault.gen.ts';
import { formatInstant, type Instant } from '../../../src/domain/time.ts';
import { pointIDOf } from '../../../src/domain/backup-item/backup.ts';
import { at, ITEM, ITEM_ID, NAMESPACE, POLICY, quickHash, VAULT } from './names.ts';

export const SOURCE = {
  apiVersion: 'kubevirt.io/v1',
  kind: 'VirtualMachine',
  namespace: NAMESPACE,
  name: 'web',
} as const;

function meta(name: string, changes: Partial<ObjectMeta>): ObjectMeta {
  return {
    name,
    namespace: NAMESPACE,
    uid: `uid-${name}`,
    resourceVersion: '1',
    generation: 1,
    creationTimestamp: formatInstant(at(-10)),
    ...changes,
  };
}

interface ItemChanges {
  readonly meta?: Partial<ObjectMeta>;
  readonly spec?: Partial<BackupItemSpec>;
  readonly status?: BackupItemStatus;
}

/** An item that was never seen before. */
export function aNewItem({ meta: metadata = {}, spec = {}, status }: ItemChanges = {}): BackupItem {
  return {
    apiVersion: API_VERSION,
    kind: 'BackupItem',
    metadata: meta(metadata.name ?? ITEM, metadata),
    spec: {
      vaultRef: { name: VAULT },
      source: SOURCE,
      policyRef: { name: POLICY },
      protection: 'Active',
      ...spec,
    },
    ...(status === undefined ? {} : { status }),
  };
}

/** Protected, with data since five days ago. */
export function anItem({ meta: metadata = {}, spec = {}, status = {} }: ItemChanges = {}): BackupItem {
  return aNewItem({
    meta: { finalizers: [RETENTION_FINALIZER], ...metadata },
    spec,
    status: {
      itemID: ITEM_ID,
      deleteState: 'NotDeleted',
      protectionState: 'Protected',
      dataHeldSince: formatInstant(at(-5)),
      softDeleteState: 'Enabled',
      policyRef: { name: POLICY },
      ...status,
    },
  });
}

/** Protection stopped, data kept. */
export function aStoppedItem({ meta: metadata = {}, spec = {}, status = {} }: ItemChanges = {}): BackupItem {
  const item = anItem({
    meta: metadata,
    spec: { protection: 'StopRetainData', ...spec },
    status: { protectionState: 'ProtectionStopped', ...status },
  });
  return withoutStatus(item, 'policyRef');
}

export function withoutStatus(item: BackupItem, ...fields: readonly (keyof BackupItemStatus)[]): BackupItem {
  const kept = Object.entries(item.status ?? {}).filter(([field]) => !fields.includes(field as keyof BackupItemStatus));
  return { ...item, status: Object.fromEntries(kept) };
}

/** What a soft delete of `item` at `deleteTime` writes. */
export function windowStatus(deleteTime: Instant = at(-1), purgeTime: Instant = at(13)): BackupItemStatus {
  return {
    deleteTime: formatInstant(deleteTime),
    purgeTime: formatInstant(purgeTime),
    retentionDays: 14,
    deletionMode: 'Deferred',
  };
}

/** Soft-deleted yesterday by its spec, for 14 days. */
export function aSoftDeletedItem({ meta: metadata = {}, spec = {}, status = {} }: ItemChanges = {}): BackupItem {
  return aStoppedItem({
    meta: { generation: 2, ...metadata },
    spec: { protection: 'StopDeleteData', ...spec },
    status: {
      deleteState: 'ToBeDeleted',
      ...windowStatus(),
      deletionRequest: { by: 'Spec', uid: metadata.uid ?? `uid-${metadata.name ?? ITEM}`, generation: 2 },
      recoveryPoints: { count: 1, digest: 'unset' },
      ...status,
    },
  });
}

export const TERMINATING = { deletionTimestamp: formatInstant(at(0)) } as const;

export function aVault({
  meta: metadata = {},
  spec = {},
}: { meta?: Partial<ObjectMeta>; spec?: VaultSpec } = {}): Vault {
  return {
    apiVersion: API_VERSION,
    kind: 'Vault',
    metadata: meta(metadata.name ?? VAULT, metadata),
    spec: { softDelete: { state: 'Enabled', retentionDays: 14 }, ...spec },
  };
}

interface PointChanges {
  readonly meta?: Partial<ObjectMeta>;
  readonly spec?: Partial<RecoveryPointSpec>;
  readonly state?: RecoveryPointState;
  readonly evidence?: string;
}

export function aPoint({
  meta: metadata = {},
  spec = {},
  state = 'Available',
  evidence,
}: PointChanges = {}): RecoveryPoint {
  const name = metadata.name ?? 'web-p1';
  return {
    apiVersion: API_VERSION,
    kind: 'RecoveryPoint',
    metadata: meta(name, {
      finalizers: [RETENTION_FINALIZER],
      labels: { [ITEM_ID_LABEL]: spec.itemID ?? ITEM_ID },
      ...metadata,
    }),
    spec: {
      pointID: `id-${name}`,
      itemID: ITEM_ID,
      vaultRef: { name: VAULT },
      itemRef: { name: ITEM },
      source: SOURCE,
      engine: 'Simulated',
      jobName: `job-${name}`,
      plannedTime: formatInstant(at(-5)),
      disks: [{ name: 'root', handle: `handle-${name}` }],
      ...spec,
    },
    status: { state, ...(evidence === undefined ? {} : { evidence }) },
  };
}

/** What this backup makes. */
export function aPointOf({ metadata }: BackupJob, changes: PointChanges = {}): RecoveryPoint {
  const pointID = pointIDOf(changes.spec?.itemID ?? ITEM_ID, metadata.uid ?? '', quickHash);
  return aPoint({ ...changes, spec: { jobName: metadata.name, pointID, ...changes.spec } });
}

interface JobChanges {
  readonly meta?: Partial<ObjectMeta>;
  readonly spec?: Partial<BackupJobSpec>;
  readonly status?: BackupJobStatus;
}

/** An open job of ours for the item. */
export function aJob(
  operation: BackupJobSpec['operation'],
  { meta: metadata = {}, spec = {}, status }: JobChanges = {},
): BackupJob {
  return {
    apiVersion: API_VERSION,
    kind: 'BackupJob',
    metadata: meta(metadata.name ?? `web-${operation.toLowerCase()}`, { finalizers: [JOB_FINALIZER], ...metadata }),
    spec: {
      operation,
      itemRef: { name: ITEM },
      itemID: ITEM_ID,
      request: { by: 'Spec', uid: `uid-${ITEM}`, generation: 2 },
      ...spec,
    },
    status: status ?? { state: 'InProgress', itemID: ITEM_ID, startTime: formatInstant(at(0)) },
  };
}
