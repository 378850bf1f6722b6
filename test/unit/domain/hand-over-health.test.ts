/** DataAvailable and SourceAvailable keep their verdict through a deletion, also where the object is another one after it. */
import { expect, test } from 'vitest';
import type { Condition } from '../../../src/api/meta.ts';
import { RETENTION_FINALIZER } from '../../../src/api/names.ts';
import { decodeJob } from '../../../src/domain/backup-item/decode.ts';
import { aJob, aNewItem } from '../../support/domain/builders.ts';
import { decideOn } from '../../support/domain/observations.ts';
import { actionOf, statusWritten } from '../../support/domain/steps.ts';
import { dying } from '../../support/domain/transitions/facts.ts';

const missing: Condition = {
  type: 'DataAvailable',
  status: 'False',
  reason: 'DataMissing',
  message: 'the storage lacks the data of web-p1',
  lastTransitionTime: '2026-02-01T00:00:00Z',
};
const ready: Condition = { ...missing, type: 'Ready', status: 'True', reason: 'SoftDeleted', message: 'soft-deleted' };

const going = { ...dying.item, status: { ...dying.item.status, conditions: [missing, ready] } };
const job = aJob('DeleteBackupData', {
  spec: { request: { by: 'Delete', uid: going.metadata.uid ?? '', generation: 3 } },
});

/** The job that the raw-deleted object hands its record over with. */
function handedOver() {
  const step = decideOn({ ...dying, item: going, jobs: [job], live: { namespaceTerminating: false } });
  const action = actionOf(step);
  if (action.type !== 'WriteJob') throw new Error(`decided ${action.type}`);
  return { ...job, status: action.status };
}

test('the record of a deleted object carries the verdict on its data, and nothing of Ready', () => {
  expect(handedOver().status.record?.conditions).toEqual([missing]);
});

test('the object that carries it on says the same of the data', () => {
  const open = handedOver();
  const posted = aNewItem({ meta: { finalizers: [RETENTION_FINALIZER] }, spec: { protection: 'StopDeleteData' } });
  const origin = { jobs: [decodeJob(open)], points: [], taken: new Set<string>() };
  const { conditions = [] } = statusWritten({ item: posted, jobs: [open], live: { origin } });
  const verdicts = conditions.map(({ type, status, reason }) => [type, status, reason]);
  expect(verdicts).toEqual([
    ['DataAvailable', 'False', 'DataMissing'],
    ['Ready', 'True', 'SoftDeleted'],
  ]);
});
