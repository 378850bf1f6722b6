/** Items of which nothing is collected at all. */
import { describe, expect, test } from 'vitest';
import { decideRetention } from '../../../../src/domain/recovery-retention/decide.ts';
import { instant } from '../../../support/domain/instants.ts';
import { ACTIVE, DAILY, NEWEST, pointAt, policyOf, retentionOf } from '../../../support/domain/retention.ts';

describe('the gate', () => {
  const record = ACTIVE.record;
  const window = { deleteTime: instant('2026-02-20T00:00:00Z'), purgeTime: instant('2026-03-20T00:00:00Z') };
  const policy = policyOf(DAILY);
  const unknown = { unknown: 'policy daily not found in namespace backup: create it or name another' };
  const old = [pointAt('2020-01-01T02:00'), pointAt('2020-01-02T02:00'), NEWEST];

  test('an active item that is resumed has its old points collected', () => {
    const { closed, points } = decideRetention(retentionOf(policy, old));
    expect(closed).toBeUndefined();
    expect(points.map(({ verdict }) => verdict.keep)).toEqual([false, false, true]);
  });

  test.for([
    { name: 'no readable record', item: { record: undefined }, reason: 'RecordUnknown' },
    { name: 'ToBeDeleted', item: { record: { ...record, deleteState: 'ToBeDeleted' } }, reason: 'SoftDeleted' },
    { name: 'Purging', item: { record: { ...record, deleteState: 'Purging' } }, reason: 'SoftDeleted' },
    { name: 'Purged', item: { record: { ...record, deleteState: 'Purged' } }, reason: 'SoftDeleted' },
    {
      name: 'a window that has begun',
      item: { record: { ...record, window: { ...window, retentionDays: 28, mode: 'Deferred' } } },
      reason: 'SoftDeleted',
    },
    { name: 'to be stopped', item: { intent: 'StopRetainData' }, reason: 'NotActive' },
    { name: 'to be deleted', item: { intent: 'StopDeleteData' }, reason: 'NotActive' },
    { name: 'deleted by kubectl', item: { terminating: true }, reason: 'NotActive' },
    { name: 'still stopped', item: { record: { ...record, stopped: true } }, reason: 'ResumeNotCompleted' },
    {
      name: 'another policy still in effect',
      item: { record: { ...record, effectivePolicy: 'hourly' } },
      reason: 'ResumeNotCompleted',
    },
    { name: 'no policy', item: { policyName: undefined }, reason: 'ResumeNotCompleted' },
    {
      name: 'no policy, and none in effect',
      item: { policyName: undefined, record: { ...record, effectivePolicy: undefined } },
      reason: 'ResumeNotCompleted',
    },
    { name: 'a resume that runs', item: { unfinished: ['ResumeProtection'] }, reason: 'OperationUnfinished' },
    { name: 'an undelete that runs', item: { unfinished: ['Backup', 'Undelete'] }, reason: 'OperationUnfinished' },
    { name: 'a deletion that runs', item: { unfinished: ['DeleteBackupData'] }, reason: 'OperationUnfinished' },
  ])('nothing is collected with $name', ({ item, reason }) => {
    const observation = retentionOf(policy, old, { item: { ...ACTIVE, ...item } as typeof ACTIVE });
    const { closed, points, wakeAt } = decideRetention(observation);
    expect(closed?.reason).toBe(reason);
    expect(points.map(({ point, verdict }) => [point, verdict])).toEqual(
      old.map((point) => [point, { keep: true, by: 'ItemClosed' }]),
    );
    expect(wakeAt).toBeUndefined();
  });

  test.for([
    { name: 'an unknown policy', more: { policy: unknown }, reason: 'PolicyUnknown', words: unknown.unknown },
    { name: 'clocks that disagree', more: { now: undefined }, reason: 'ClockSkew', words: 'set the node' },
    {
      name: 'a suspended vault',
      more: { suspendedBy: 'vault gold (spec.suspendPurge)' },
      reason: 'PurgeSuspended',
      words: 'vault gold',
    },
  ])('nothing is collected with $name', ({ more, reason, words }) => {
    const { closed, points } = decideRetention(retentionOf(policy, old, more));
    expect(closed?.reason).toBe(reason);
    expect(closed?.words).toContain(words);
    expect(points.every(({ verdict }) => verdict.keep)).toBe(true);
  });

  test('a running backup and a running restore do not close it', () => {
    const item = { ...ACTIVE, unfinished: ['Backup', 'Restore'] as const };
    expect(decideRetention(retentionOf(policy, old, { item })).closed).toBeUndefined();
  });
});
