/** The looks and answers right before something can't be taken back: each alone stops it. */
import { expect, test } from 'vitest';
import type { BackupJobRecord } from '../../../src/api/backup-job.gen.ts';
import { decodeItem, decodePoint, decodeVault } from '../../../src/domain/backup-item/decode.ts';
import type { DestroyFacts } from '../../../src/domain/backup-item/observation.ts';
import { mayDestroy } from '../../../src/domain/backup-item/purging.ts';
import { formatInstant } from '../../../src/domain/time.ts';
import {
  aJob,
  anItem,
  aPoint,
  aSoftDeletedItem,
  aVault,
  SOURCE,
  TERMINATING,
  windowStatus,
} from '../../support/domain/builders.ts';
import { at, ITEM, ITEM_ID, NOW, OTHER_ID } from '../../support/domain/names.ts';
import { decideOn, digestOf, type Facts } from '../../support/domain/observations.ts';
import { actionOf, statusWritten } from '../../support/domain/steps.ts';

const points = [aPoint()];
const frozen = { recoveryPoints: { count: 1, digest: digestOf(points) } };

test('a hold that ends before the window does not let the item be soft-deleted', () => {
  const window = { deleteTime: NOW, purgeTime: at(14), retentionDays: 14, mode: 'Deferred' } as const;
  const held = (days: number) =>
    ({ window, tookMs: 1, answer: { type: 'Done', value: { retainUntil: at(days), missing: [] } } }) as const;
  const facts: Facts = {
    item: anItem({ spec: { protection: 'StopDeleteData' } }),
    points,
    jobs: [aJob('DeleteBackupData', { spec: { request: { by: 'Spec', uid: `uid-${ITEM}`, generation: 1 } } })],
  };
  expect(statusWritten({ ...facts, answers: { held: held(14) } }).deleteState).toBe('ToBeDeleted');
  const short = statusWritten({ ...facts, answers: { held: held(13) } });
  expect(short.deleteState).toBe('NotDeleted');
  expect(short.conditions?.find(({ type }) => type === 'Ready')?.reason).toBe('HoldFailed');
});

test('no backup begins in a vault that has not got its finalizer yet', () => {
  const facts: Facts = { item: anItem(), jobs: [aJob('Backup')] };
  const vault = (finalizers: readonly string[]) => ({
    vault: decodeVault(aVault({ meta: { finalizers: [...finalizers] } })),
  });
  expect(actionOf(decideOn({ ...facts, live: vault(['reprieve.dev/vault']) })).type).toBe('Inspect');
  const item = { ...anItem(), status: statusWritten({ ...facts, live: vault([]) }) };
  expect(decideOn({ ...facts, item, live: vault([]) }).type).toBe('Wait');
});

const item = aSoftDeletedItem({ status: { deleteState: 'Purging', ...frozen } });
const point = decodePoint(aPoint());
const look: DestroyFacts = {
  pointName: point.name,
  item: decodeItem(item),
  vault: decodeVault(aVault()),
  point,
  leaseLeftMs: 15_000,
  suspended: false,
};

test.for<readonly [string, Partial<DestroyFacts>, string | undefined]>([
  ['nothing stands in the way', {}, undefined],
  ['the lease ends within 7 s', { leaseLeftMs: 7_000 }, 'NotLeading'],
  ['the lease lasts a little longer', { leaseLeftMs: 7_001 }, undefined],
  ['purges are suspended', { suspended: true }, 'PurgeSuspended'],
  ['the vault can not be read', { vault: 'Unknown' }, 'VaultUnknown'],
  ['the point is gone', { point: 'Absent' }, 'RecordChanged'],
  ['the point is another object', { point: { ...point, uid: 'uid-other' } }, 'RecordChanged'],
  [
    'the item carries another record',
    { item: decodeItem(aSoftDeletedItem({ status: { deleteState: 'Purging', itemID: OTHER_ID, ...frozen } })) },
    'RecordChanged',
  ],
  ['the item waits again', { item: decodeItem(aSoftDeletedItem({ status: frozen })) }, 'NotSoftDeleted'],
])('right before a point is destroyed: %s', ([, change, reason]) => {
  expect(mayDestroy({ ...look, ...change }, point)?.reason).toBe(reason);
});

const going = aSoftDeletedItem({ meta: { generation: 3, ...TERMINATING }, status: frozen });
const handOver = aJob('DeleteBackupData', {
  spec: { request: { by: 'Delete', uid: `uid-${ITEM}`, generation: 3 } },
});

/** What the operator writes into the job when the object is as above. */
function recordWritten(facts: Facts): BackupJobRecord {
  const action = actionOf(decideOn({ ...facts, live: { namespaceTerminating: false } }));
  if (action.type !== 'WriteJob' || action.status.record === undefined) throw new Error(`${action.type}: no record`);
  return action.status.record;
}

test('an object lets go only when its job, read live, has the very record', () => {
  const held = { ...going, metadata: { ...going.metadata, finalizers: ['reprieve.dev/retention'] } };
  const record = recordWritten({ item: held, points, jobs: [handOver] });
  const job = { ...handOver, status: { ...handOver.status, record } };
  const readBack = (seen: BackupJobRecord | undefined) =>
    actionOf(
      decideOn({
        item: held,
        points,
        jobs: [job],
        live: { namespaceTerminating: false, readBack: { jobName: job.metadata.name, record: seen } },
      }),
    ).type;
  expect(readBack(record)).toBe('RemoveFinalizer');
  expect(readBack({ ...record, purgeTime: formatInstant(at(1)) })).toBe('WriteJob');
  expect(readBack(undefined)).toBe('WriteJob');
});

test('an edit that comes too late is told once, also while others hold the object', () => {
  const edited = aSoftDeletedItem({
    meta: { generation: 9, ...TERMINATING, finalizers: ['example.com/mine'] },
    spec: { protection: 'StopRetainData' },
    status: { ...frozen, ...windowStatus(NOW, at(14)), itemID: ITEM_ID },
  });
  const live = { namespaceTerminating: false } as const;
  const told = statusWritten({ item: edited, points, jobs: [handOver], live });
  expect(told.conditions?.find(({ type }) => type === 'Ready')?.message).toContain('does not undelete');
  const after = { ...edited, status: told };
  const record = recordWritten({ item: after, points, jobs: [handOver] });
  expect(record.spec.source).toEqual(SOURCE);
  const job = { ...handOver, status: { ...handOver.status, record } };
  const readBack = { jobName: job.metadata.name, record };
  expect(decideOn({ item: after, points, jobs: [job], live: { ...live, readBack } }).type).toBe('Wait');
});
