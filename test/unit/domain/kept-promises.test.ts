/** Cases that once broke a promise, each told as what must hold. */
import { expect, test } from 'vitest';
import type { BackupJobRecord } from '../../../src/api/backup-job.gen.ts';
import { RETENTION_FINALIZER } from '../../../src/api/names.ts';
import { decodeJob, decodePoint, decodeVault } from '../../../src/domain/backup-item/decode.ts';
import { formatInstant, instantOf } from '../../../src/domain/time.ts';
import {
  aJob,
  aNewItem,
  anItem,
  aPoint,
  aPointOf,
  aSoftDeletedItem,
  aStoppedItem,
  aVault,
  SOURCE,
  TERMINATING,
  windowStatus,
} from '../../support/domain/builders.ts';
import { at, ITEM, ITEM_ID, NOW } from '../../support/domain/names.ts';
import { decideOn, digestOf, type Facts } from '../../support/domain/observations.ts';
import { actionOf, gate, statusWritten } from '../../support/domain/steps.ts';

const DISABLED = aVault({ spec: { softDelete: { state: 'Disabled' } } });

const record: BackupJobRecord = {
  itemName: ITEM,
  itemUID: 'uid-old',
  spec: { vaultRef: { name: 'gold' }, source: SOURCE },
  itemID: ITEM_ID,
  dataHeldSince: formatInstant(at(-5)),
  deleteTime: formatInstant(at(-1)),
  purgeTime: formatInstant(at(13)),
  retentionDays: 14,
  deletionMode: 'Deferred',
  deletionRequest: { by: 'Delete', uid: 'uid-old', generation: 3 },
  recoveryPoints: { count: 1 },
};

test('an item that lost its status is not purged at once because the vault has soft delete disabled now', () => {
  const lost = aNewItem({ meta: { finalizers: [RETENTION_FINALIZER] }, spec: { protection: 'StopDeleteData' } });
  const points = [aPoint()];
  const origin = { jobs: [], points: points.map(decodePoint), taken: new Set<string>() };
  const status = statusWritten({ item: lost, vault: DISABLED, points, live: { origin } });
  expect(status.itemID).toBe(ITEM_ID);
  expect(status.softDeleteState).toBeUndefined();
});

test('data that turns up where none was recorded gets a window, even where soft delete is disabled', () => {
  const item = anItem({ spec: { protection: 'StopDeleteData' }, status: { softDeleteState: 'Disabled' } });
  const { dataHeldSince: _unknown, ...rest } = item.status ?? {};
  const status = statusWritten({
    item: { ...item, status: rest },
    vault: DISABLED,
    live: { leftovers: ['handle-1'] },
  });
  expect(status.dataHeldSince).toBe(formatInstant(NOW));
  expect(status.softDeleteState).toBeUndefined();
});

test('an immediate deletion that is taken back notes the vault anew and clears what blocked its purge', () => {
  const item = aStoppedItem({
    spec: { protection: 'StopDeleteData' },
    status: {
      ...windowStatus(at(0), at(0)),
      deletionMode: 'Immediate',
      softDeleteState: 'Disabled',
      deletionRequest: { by: 'Spec', uid: `uid-${ITEM}`, generation: 1 },
      conditions: [
        {
          type: 'PurgeBlocked',
          status: 'True',
          reason: 'PurgeSuspended',
          message: 'x',
          lastTransitionTime: formatInstant(NOW),
        },
      ],
    },
  });
  const status = statusWritten({ item });
  expect(status.softDeleteState).toBe('Enabled');
  expect(status.purgeTime).toBeUndefined();
  expect(status.conditions?.find(({ type }) => type === 'PurgeBlocked')?.status).toBe('False');
});

test('a deletion that is taken back before it was said lets its holds go and closes its job', () => {
  const facts: Facts = { item: aStoppedItem(), points: [aPoint()], jobs: [aJob('DeleteBackupData')] };
  expect(actionOf(decideOn(facts))).toMatchObject({ type: 'Release', manager: 'Undelete' });
  const released = new Map([['web-p1', { type: 'Done', value: {} } as const]]);
  expect(actionOf(decideOn({ ...facts, answers: { released } }))).toMatchObject({
    type: 'WriteJob',
    status: { state: 'Cancelled' },
  });
});

test('an undelete while the namespace is going, before the object is, needs no job that can not be made', () => {
  const item = aSoftDeletedItem({ meta: { generation: 3 }, spec: { protection: 'StopRetainData' } });
  const facts: Facts = { item, namespaceTerminating: true, points: [aPoint()] };
  expect(actionOf(decideOn(facts)).type).toBe('LookAtNamespace');
  expect(statusWritten({ ...facts, live: { namespaceTerminating: true } }).deleteState).toBe('NotDeleted');
});

test('an edit of a terminating object is looked into even where the cache does not know that its namespace goes', () => {
  const item = aSoftDeletedItem({
    meta: { generation: 4, finalizers: [RETENTION_FINALIZER], ...TERMINATING },
    spec: { protection: 'StopRetainData' },
    status: { deletionRequest: { by: 'Delete', uid: `uid-${ITEM}`, generation: 3 } },
  });
  expect(actionOf(decideOn({ item })).type).toBe('LookAtNamespace');
  expect(statusWritten({ item, live: { namespaceTerminating: true } }).deleteState).toBe('NotDeleted');
});

test('a handed-over object is undeleted in a terminating namespace whatever generation the old object had', () => {
  const item = aSoftDeletedItem({
    meta: { generation: 3, finalizers: [RETENTION_FINALIZER], ...TERMINATING },
    spec: { protection: 'StopRetainData' },
    status: { handedOver: true, deletionRequest: { by: 'Delete', uid: 'uid-old', generation: 9 } },
  });
  const status = statusWritten({ item, namespaceTerminating: true, live: { namespaceTerminating: true } });
  expect(status.deleteState).toBe('NotDeleted');
});

test('the gate does not take a deletion for wanted that was edited away on a terminating object', () => {
  const item = aSoftDeletedItem({
    meta: { generation: 4, finalizers: [RETENTION_FINALIZER], ...TERMINATING },
    spec: { protection: 'StopRetainData' },
    status: {
      deletionRequest: { by: 'Delete', uid: `uid-${ITEM}`, generation: 3 },
      recoveryPoints: { count: 0, digest: digestOf([]) },
    },
  });
  const facts: Facts = { item, now: at(14) };
  const step = decideOn({ ...facts, live: { namespaceTerminating: 'Unknown', gate: gate(facts) } });
  expect(step).toMatchObject({ type: 'Act', action: { type: 'WriteStatus' } });
  expect(step).not.toMatchObject({ action: { status: { deleteState: 'Purging' } } });
});

test('a deleted object that somebody else still holds has its record in a job, and is not purged itself', () => {
  const item = aSoftDeletedItem({
    meta: { generation: 3, finalizers: ['example.com/other'], ...TERMINATING },
    status: { deletionRequest: { by: 'Delete', uid: `uid-${ITEM}`, generation: 3 } },
  });
  const facts: Facts = { item, now: at(20), live: { namespaceTerminating: false } };
  expect(actionOf(decideOn(facts))).toMatchObject({ type: 'CreateJob', spec: { operation: 'DeleteBackupData' } });
  const bare = aJob('DeleteBackupData', { spec: { request: { by: 'Delete', uid: `uid-${ITEM}`, generation: 3 } } });
  const write = actionOf(decideOn({ ...facts, jobs: [bare] }));
  if (write.type !== 'WriteJob') throw new Error(write.type);
  const written = write.status.record;
  const jobs = [{ ...bare, status: write.status }];
  const live = { namespaceTerminating: false, readBack: { jobName: bare.metadata.name, record: written } };
  const step = decideOn({ ...facts, jobs, live });
  expect(step.rule).toBe('handOver');
  expect(step.type === 'Wait' || step.action.type === 'WriteStatus').toBe(true);
});

test('a storage that holds for a fraction of a second longer raises the deadline past it, once', () => {
  const points = [aPoint()];
  const item = aSoftDeletedItem({ status: { recoveryPoints: { count: 1, digest: digestOf(points) } } });
  const facts: Facts = { item, points, now: at(14) };
  const retainUntil = instantOf(at(13) + 500);
  const status = statusWritten({ ...facts, live: { gate: gate(facts, { retainUntil }) } });
  expect(Date.parse(status.purgeTime ?? '')).toBeGreaterThanOrEqual(retainUntil);
});

test('nothing is purged without a frozen list, not even at once', () => {
  const item = aStoppedItem({
    spec: { protection: 'StopDeleteData' },
    status: {
      ...windowStatus(at(0), at(0)),
      deletionMode: 'Immediate',
      softDeleteState: 'Disabled',
      deletionRequest: { by: 'Spec', uid: `uid-${ITEM}`, generation: 1 },
    },
  });
  const facts: Facts = {
    item,
    vault: DISABLED,
    jobs: [aJob('DeleteBackupData', { spec: { request: { by: 'Spec', uid: `uid-${ITEM}`, generation: 1 } } })],
    points: [aPoint()],
  };
  const status = statusWritten({ ...facts, live: { vault: decodeVault(DISABLED), gate: gate(facts) } });
  expect(status.deleteState).toBe('NotDeleted');
  expect(status.conditions?.find(({ type }) => type === 'PurgeBlocked')?.reason).toBe('RecordChanged');
});

test('Purging without a frozen list destroys nothing', () => {
  const item = aSoftDeletedItem({ status: { deleteState: 'Purging', recoveryPoints: { count: 1 } } });
  const facts: Facts = { item, points: [aPoint()], jobs: [aJob('Purge')] };
  expect(statusWritten(facts).conditions?.find(({ type }) => type === 'PurgeBlocked')?.reason).toBe('RecordChanged');
});

test('a window that is shorter than the shortest allowed is not due before the shortest would be', () => {
  const points = [aPoint()];
  const item = aSoftDeletedItem({
    status: { ...windowStatus(at(-1), at(-0.5)), recoveryPoints: { count: 1, digest: digestOf(points) } },
  });
  const facts: Facts = { item, points };
  const step = decideOn({ ...facts, live: { gate: gate(facts) } });
  expect(step).not.toMatchObject({ action: { status: { deleteState: 'Purging' } } });
});

test('a backup that waits for the storage does not claim that the changed spec was reached', () => {
  const item = aStoppedItem({
    meta: { generation: 7 },
    status: { protectionState: 'Protected', observedGeneration: 6, conditions: [] },
  });
  const point = aPointOf(aJob('Backup'), { state: 'Creating' });
  const taken = new Map([['web-p1', { type: 'Pending', askAgainAfterMs: 1000 } as const]]);
  const step = decideOn({ item, points: [point], jobs: [aJob('Backup')], answers: { taken } });
  expect(step.type).toBe('Wait');
});

test('a user who makes a purged item Active keeps it, even where the operator had created it', () => {
  const item = aSoftDeletedItem({
    spec: { protection: 'Active' },
    status: { deleteState: 'Purged', handedOver: true },
  });
  expect(statusWritten({ item }).deleteState).toBe('NotDeleted');
});

test('a purged item that is Active but has no vault says so instead of being ready', () => {
  const item = aSoftDeletedItem({ spec: { protection: 'Active' }, status: { deleteState: 'Purged' } });
  const ready = statusWritten({ item, vault: 'Absent' }).conditions?.find(({ type }) => type === 'Ready');
  expect(ready).toMatchObject({ status: 'False', reason: 'VaultNotFound' });
});

test('a backup that was not begun does not hold a terminating vault for ever', () => {
  const item = anItem();
  const { dataHeldSince: _none, ...rest } = item.status ?? {};
  const vault = aVault({ meta: { finalizers: ['x'], ...TERMINATING } });
  const step = decideOn({ item: { ...item, status: rest }, vault, jobs: [aJob('Backup')] });
  expect(actionOf(step)).toMatchObject({ type: 'WriteJob', status: { state: 'Failed' } });
});

test('a job that is going and does not bear our finalizer is left to go', () => {
  const job = aJob('Backup', {
    meta: { finalizers: ['foregroundDeletion'], ...TERMINATING },
    spec: { operation: 'Backup', itemRef: { name: ITEM } },
    status: {},
  });
  const step = decideOn({ item: anItem(), points: [aPoint()], jobs: [job] });
  expect(step).not.toMatchObject({ action: { type: 'AcceptJob' } });
});

test('a first backup that failed a hundred times still gets a name that nobody has', () => {
  const failed = (index: number) =>
    aJob('Backup', {
      meta: { name: `b${index}` },
      spec: { request: { by: 'FirstBackup', uid: `uid-${ITEM}`, generation: 1 } },
      status: { state: 'Failed', itemID: ITEM_ID, endTime: formatInstant(at(-10 + index / 24)) },
    });
  const occasion = (from: number) => {
    const jobs = Array.from({ length: 50 }, (_, index) => failed(from + index));
    const action = actionOf(decideOn({ item: anItem(), jobs }));
    return action.type === 'CreateJob' ? action.occasion : action.type;
  };
  expect(occasion(50)).not.toBe(occasion(51));
});

test('a new backup does not say that all data is there after some was found missing', () => {
  const conditions = [
    {
      type: 'DataAvailable',
      status: 'False',
      reason: 'DataMissing',
      message: 'x',
      lastTransitionTime: formatInstant(NOW),
    },
  ] as const;
  const status = statusWritten({
    item: anItem({ status: { conditions } }),
    points: [aPoint(), aPointOf(aJob('Backup'), { meta: { name: 'web-p2' } })],
    jobs: [aJob('Backup')],
  });
  expect(status.lastBackup?.state).toBe('Completed');
  expect(status.conditions?.find(({ type }) => type === 'DataAvailable')?.status).toBe('False');
});

test('a carried record whose job is done is told by the item alone', () => {
  const done = aJob('DeleteBackupData', { status: { state: 'Completed', record } });
  const item = aSoftDeletedItem({ status: { handedOver: true, recoveryPoints: { count: 0 } } });
  expect(decideOn({ item, jobs: [done] }).rule).toBe('waitForDeadline');
});

test('a hand-over that took weeks does not move the deadline', () => {
  const item = aSoftDeletedItem({ status: { handedOver: true, ...windowStatus(at(-8), at(6)) } });
  expect(decideOn({ item, points: [aPoint()], answers: { acceptedAt: NOW } }).rule).toBe('waitForDeadline');
});

test('of two open hand-overs of one item, the later deadline is carried on', () => {
  const posted = aNewItem({ meta: { finalizers: [RETENTION_FINALIZER] }, spec: { protection: 'StopDeleteData' } });
  const open = (name: string, purgeTime: string) =>
    aJob('DeleteBackupData', { meta: { name }, status: { state: 'InProgress', record: { ...record, purgeTime } } });
  const later = formatInstant(at(30));
  const jobs = [open('first', record.purgeTime), open('second', later)];
  const origin = { jobs: jobs.map(decodeJob), points: [], taken: new Set<string>() };
  expect(statusWritten({ item: posted, jobs, live: { origin } }).purgeTime).toBe(later);
});
