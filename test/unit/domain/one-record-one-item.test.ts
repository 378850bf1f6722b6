/** One record, one item; one job, one point; one promise, whatever was lost in between. */
import { expect, test } from 'vitest';
import type { BackupJobRecord } from '../../../src/api/backup-job.gen.ts';
import { Claims } from '../../../src/controllers/backup-item/claims.ts';
import { decodePoint, decodeVault } from '../../../src/domain/backup-item/decode.ts';
import { formatInstant } from '../../../src/domain/time.ts';
import { aJob, anItem, aPoint, aPointOf, aSoftDeletedItem, aVault, SOURCE } from '../../support/domain/builders.ts';
import { at, ITEM, ITEM_ID, NOW, OTHER_ID } from '../../support/domain/names.ts';
import { decideOn, digestOf, type Facts } from '../../support/domain/observations.ts';
import { actionOf, gate, statusWritten } from '../../support/domain/steps.ts';

const points = [aPoint()];
const frozen = { count: 1, digest: digestOf(points) };
const twin = (itemID: string, deleteState: 'NotDeleted' | 'Purged' = 'NotDeleted') =>
  anItem({ meta: { name: 'web-two', uid: 'uid-web-two' }, status: { itemID, deleteState } });

function blockedBy(facts: Facts): string | undefined {
  return statusWritten(facts).conditions?.find(({ type }) => type === 'PurgeBlocked')?.reason;
}

function due(other: Facts['others']): Facts {
  const item = aSoftDeletedItem({ status: { recoveryPoints: frozen } });
  const facts: Facts = { item, points, others: other ?? [], now: at(30) };
  return { ...facts, live: { gate: gate(facts) } };
}

test('no purge begins while another item has the same itemID', () => {
  expect(blockedBy(due([twin(ITEM_ID)]))).toBe('RecordShared');
  expect(statusWritten(due([twin(OTHER_ID)])).deleteState).toBe('Purging');
  expect(statusWritten(due([twin(ITEM_ID, 'Purged')])).deleteState).toBe('Purging');
});

test('a purge that has begun stops before the next point while another item has the same itemID', () => {
  const item = aSoftDeletedItem({ status: { deleteState: 'Purging', recoveryPoints: frozen } });
  const facts: Facts = { item, points, jobs: [aJob('Purge')] };
  expect(actionOf(decideOn(facts)).type).toBe('LookBeforeDestroy');
  expect(blockedBy({ ...facts, others: [twin(ITEM_ID)] })).toBe('RecordShared');
});

test('an itemID is taken by one object, also by the one that asks again', () => {
  const claims = new Claims();
  expect([claims.take('a', 'one'), claims.take('a', 'two'), claims.take('a', 'one'), claims.take('b', 'two')]).toEqual([
    true,
    false,
    true,
    true,
  ]);
  claims.release('a');
  expect(claims.take('a', 'two')).toBe(true);
});

const record: BackupJobRecord = {
  itemName: ITEM,
  itemUID: 'uid-old',
  spec: { vaultRef: { name: 'gold' }, source: SOURCE },
  itemID: ITEM_ID,
  deleteTime: formatInstant(at(-1)),
  purgeTime: formatInstant(at(179)),
  retentionDays: 180,
  deletionMode: 'Deferred',
  deletionRequest: { by: 'Delete', uid: 'uid-old', generation: 3 },
  recoveryPoints: { count: 1 },
};

test('a deadline that a job recorded holds also where the vault has soft delete disabled by now', () => {
  const disabled = aVault({ spec: { softDelete: { state: 'Disabled' } } });
  const promise = aJob('DeleteBackupData', {
    meta: { name: 'web-old' },
    status: { state: 'Completed', itemID: ITEM_ID, record },
  });
  const request = { by: 'Spec', uid: `uid-${ITEM}`, generation: 1 } as const;
  const facts: Facts = {
    item: anItem({ spec: { protection: 'StopDeleteData' }, status: { softDeleteState: 'Disabled' } }),
    vault: disabled,
    points,
    live: { vault: decodeVault(disabled) },
    jobs: [aJob('DeleteBackupData', { spec: { request } })],
  };
  expect(statusWritten(facts).deletionMode).toBe('Immediate');
  expect(actionOf(decideOn({ ...facts, jobs: [...(facts.jobs ?? []), promise] }))).toMatchObject({
    type: 'Hold',
    window: { purgeTime: at(179), mode: 'Deferred' },
  });
});

test('a job of a name that was used before makes a point of its own, and tells its own end', () => {
  const earlier = aJob('Backup', { meta: { uid: 'uid-earlier' } });
  const again = aJob('Backup', { meta: { uid: 'uid-again' } });
  const made = aPointOf(earlier);
  const told = (state: 'Completed' | 'Failed') => ({
    lastBackup: { time: formatInstant(NOW), state, jobName: earlier.metadata.name, jobUID: 'uid-earlier' },
  });
  for (const state of ['Completed', 'Failed'] as const) {
    const facts: Facts = { item: anItem({ status: told(state) }), points: [made], jobs: [again] };
    expect(actionOf(decideOn(facts)).type).toBe('LookAtVault');
  }
  const own = aPointOf(again, { meta: { name: 'web-p2' } });
  const status = statusWritten({ item: anItem({ status: told('Completed') }), points: [made, own], jobs: [again] });
  expect(status.lastBackup).toMatchObject({ jobUID: 'uid-again', pointName: decodePoint(own).name });
});
