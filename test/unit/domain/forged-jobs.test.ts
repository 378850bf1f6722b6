/**
 * Users may create BackupJobs, and write what they like into the spec. Only a status says whose a job is, and users never write
 * one: nothing that a forged job claims may move, shorten, undo or take over anything.
 */
import { expect, test } from 'vitest';
import { RETENTION_FINALIZER } from '../../../src/api/names.ts';
import { decodeJob } from '../../../src/domain/backup-item/decode.ts';
import { aJob, aNewItem, anItem, aPoint, aSoftDeletedItem } from '../../support/domain/builders.ts';
import { FRESH_ID, ITEM_ID, OTHER_ID } from '../../support/domain/names.ts';
import { decideOn } from '../../support/domain/observations.ts';
import { actionOf, statusWritten } from '../../support/domain/steps.ts';
import { frozen, points, purging } from '../../support/domain/transitions/facts.ts';

/** As posted, in the best imitation: our finalizer, the item's name and itemID. */
const forged = (operation: Parameters<typeof aJob>[0], spec: NonNullable<Parameters<typeof aJob>[1]>['spec'] = {}) =>
  aJob(operation, { meta: { name: 'forged' }, spec, status: {} });

test('an item that has lost its status takes no itemID from a job that only claims it', () => {
  const evil = aNewItem({ meta: { finalizers: [RETENTION_FINALIZER] }, spec: { protection: 'StopDeleteData' } });
  const job = forged('Backup', { itemID: OTHER_ID });
  const origin = { jobs: [decodeJob(job)], points: [], taken: new Set<string>() };
  expect(statusWritten({ item: evil, jobs: [job], live: { origin }, freshID: FRESH_ID }).itemID).toBe(FRESH_ID);
});

test('nor from an acknowledged job of another workload', () => {
  const evil = aNewItem({ meta: { finalizers: [RETENTION_FINALIZER] } });
  const workload = { kind: 'VirtualMachine', namespace: 'shop', name: 'somebody-else' };
  const job = aJob('Backup', { status: { state: 'InProgress', itemID: OTHER_ID, workload } });
  const origin = { jobs: [decodeJob(job)], points: [], taken: new Set<string>() };
  expect(statusWritten({ item: evil, jobs: [job], live: { origin }, freshID: FRESH_ID }).itemID).toBe(FRESH_ID);
});

test.for(['Undelete', 'Purge', 'Restore'] as const)('a forged %s of a protected item fails', (operation) => {
  const action = actionOf(decideOn({ item: anItem(), points, jobs: [forged(operation)] }));
  expect(action).toMatchObject({ type: 'WriteJob', status: { state: 'Failed' } });
});

test('a forged Purge does not stand for the one that the evidence goes to', () => {
  const job = forged('Purge', { itemID: ITEM_ID, request: { by: 'Spec', uid: 'uid-web', generation: 1 } });
  const step = decideOn({ ...purging, jobs: [job] });
  expect(actionOf(step)).toMatchObject({ type: 'WriteJob', status: { state: 'Failed' } });
});

test('a Purge job in our own form is acknowledged before anything is destroyed', () => {
  const job = aJob('Purge', { spec: { request: { by: 'Expiry', uid: 'uid-web', generation: 1 } }, status: {} });
  const step = decideOn({ ...purging, jobs: [job] });
  expect(actionOf(step)).toMatchObject({ type: 'AcceptJob', status: { state: 'InProgress', itemID: ITEM_ID } });
});

test('a job that names this item and another record is nobody of ours', () => {
  const job = forged('Backup', { itemID: OTHER_ID });
  expect(decideOn({ item: anItem(), points: [aPoint()], jobs: [job] }).rule).toBe('stayProtected');
});

test('a forged undelete does not void a deadline that a job has recorded', () => {
  const item = aSoftDeletedItem({ status: frozen });
  expect(actionOf(decideOn({ item, points, jobs: [forged('Undelete')] }))).toMatchObject({
    type: 'WriteJob',
    status: { state: 'Failed' },
  });
});

test('an item that noted AlwaysOn does not forget it in a vault that was made again with less', () => {
  const item = anItem({ status: { softDeleteState: 'AlwaysOn' } });
  const status = decideOn({ item, points });
  const written = status.type === 'Act' && status.action.type === 'WriteStatus' ? status.action.status : item.status;
  expect(written?.softDeleteState).toBe('AlwaysOn');
});
