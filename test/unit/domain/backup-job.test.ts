import { expect, test } from 'vitest';
import { decideJob, type HistoryJob, type JobStep } from '../../../src/domain/backup-job/decide.ts';
import { DAY_MS } from '../../../src/domain/time.ts';
import { at, NOW } from '../../support/domain/names.ts';

const finished: HistoryJob = {
  name: 'web-backup',
  operation: 'Backup',
  finished: true,
  terminating: false,
  hasFinalizer: true,
  createdAt: at(-1),
  endTime: at(-1),
  newer: 0,
  item: 'HasData',
  purgedAt: undefined,
  orphaned: false,
};
const record: HistoryJob = { ...finished, operation: 'DeleteBackupData', endTime: at(-400) };
const open: HistoryJob = { ...finished, finished: false, endTime: undefined };

const cases: readonly (readonly [string, HistoryJob, JobStep['type']])[] = [
  ['an unfinished job stays', open, 'Wait'],
  ['an unfinished job stays even when it is deleted', { ...open, terminating: true }, 'Wait'],
  ['a job whose item never came fails', { ...open, orphaned: true }, 'Fail'],
  ['a job whose item may still come is given a minute', { ...open, orphaned: true, createdAt: NOW }, 'Wait'],
  ['a young job stays', finished, 'Wait'],
  ['an old job goes', { ...finished, endTime: at(-30) }, 'Delete'],
  ['a job that has many younger ones goes', { ...finished, newer: 50 }, 'Delete'],
  ['a finished job that was deleted goes', { ...finished, terminating: true }, 'LetGo'],
  ['a record of data that exists stays for ever', record, 'Wait'],
  ['a record of data that exists stays though it was deleted', { ...record, terminating: true }, 'Wait'],
  ['a record stays for a while after the purge', { ...record, item: 'Purged', purgedAt: at(-89) }, 'Wait'],
  ['a record goes when its time is over', { ...record, item: 'Purged', purgedAt: at(-90) }, 'Delete'],
  ['a job that does not say when it ended stays', { ...finished, endTime: undefined }, 'Wait'],
];

test.for(cases)('%s', ([, job, expected]) => {
  expect(decideJob(job, { now: NOW, dayLengthMs: DAY_MS, itemName: 'web' }).type).toBe(expected);
});
