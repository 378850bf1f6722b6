/** What is kept whatever the policy says, and what a change of the policy does. Now is 2026-03-01T12:00Z, a Sunday. */
import { describe, expect, test } from 'vitest';
import { decideRetention } from '../../../../src/domain/recovery-retention/decide.ts';
import { DAY_MS, HOUR_MS, type Instant, instantOf } from '../../../../src/domain/time.ts';
import { instant } from '../../../support/domain/instants.ts';
import {
  DAILY,
  NEWEST,
  pointAt,
  policyOf,
  type RetentionCase,
  retentionOf,
  type RetentionSpec,
  tellVerdict,
} from '../../../support/domain/retention.ts';

describe('whatever the policy says', () => {
  test.for<RetentionCase>([
    {
      name: 'the last good point is kept',
      point: pointAt('2020-01-01T02:00'),
      others: [],
      told: 'kept by LastGoodPoint',
    },
    {
      name: 'a failed, a missing and a running backup after it do not make it less the last good one',
      point: pointAt('2020-01-01T02:00'),
      others: [
        pointAt('2026-02-27T02:00', { state: 'Failed' }),
        pointAt('2026-02-27T03:00', { state: 'DataUnknown' }),
        pointAt('2026-02-27T04:00', { state: 'Creating' }),
      ],
      told: 'kept by LastGoodPoint',
    },
    {
      name: 'the last scheduled point is kept behind points that users asked for',
      point: pointAt('2020-01-01T02:00'),
      others: [pointAt('2026-02-28T02:00', { onDemand: true }), pointAt('2026-02-28T03:00', { onDemand: true })],
      told: 'kept by MinimumPoints',
    },
    {
      name: 'a point of the future does not count as the last good one',
      point: pointAt('2020-01-01T02:00'),
      others: [pointAt('2031-01-01T02:00')],
      told: 'kept by LastGoodPoint',
    },
    {
      name: 'as many of the latest as minimumPoints says are kept',
      spec: { ...DAILY, minimumPoints: 3 },
      point: pointAt('2020-01-01T02:00'),
      others: [pointAt('2020-01-02T02:00'), NEWEST],
      told: 'kept by MinimumPoints',
    },
    {
      name: 'one more than minimumPoints is not',
      spec: { ...DAILY, minimumPoints: 2 },
      point: pointAt('2020-01-01T02:00'),
      others: [pointAt('2020-01-02T02:00'), NEWEST],
      told: 'collected: Expired',
    },
    {
      name: 'of two of the same time one is the last, by its id',
      point: pointAt('2020-01-01T02:00', { id: 'a' }),
      others: [pointAt('2020-01-01T02:00', { id: 'b' })],
      told: 'collected: Unclaimed',
    },
    {
      name: 'what a restore reads is kept',
      point: pointAt('2020-01-01T02:00', { pinnedBy: 'restore-1' }),
      told: 'kept by Restore',
    },
    {
      name: 'a backup that runs is kept',
      point: pointAt('2020-01-01T02:00', { state: 'Creating' }),
      told: 'kept by BackupRunning',
    },
    {
      name: 'a point whose data was not found is kept',
      point: pointAt('2020-01-01T02:00', { state: 'DataUnknown' }),
      told: 'kept by DataUnknown',
    },
    {
      name: 'a point of the future is kept',
      point: pointAt('2026-03-01T12:01'),
      told: 'kept by AgeUnknown',
    },
    {
      name: 'a point without a readable time is kept',
      point: pointAt('2020-01-01T02:00', { createdAt: undefined }),
      told: 'kept by AgeUnknown',
    },
    {
      name: 'a point whose own expiry can not be read is kept',
      point: pointAt('2020-01-01T02:00', { onDemand: true, ownExpiry: 'Unreadable' }),
      told: 'kept by ExpiryUnknown',
    },
    {
      name: 'a point that was asked for is kept until its own expiry',
      point: pointAt('2020-01-01T02:00', { onDemand: true, ownExpiry: instant('2026-03-01T12:00:01Z') }),
      told: 'kept by OnDemand until 2026-03-01T12:00',
    },
    {
      name: 'at its own expiry it goes, though the policy would keep it',
      point: pointAt('2026-02-28T02:00', { onDemand: true, ownExpiry: instant('2026-03-01T12:00:00Z') }),
      told: 'collected: Expired',
    },
    {
      name: 'without an expiry it is kept for thirty days',
      point: pointAt('2026-02-01T02:00', { onDemand: true }),
      told: 'kept by OnDemand until 2026-03-03T02:00',
    },
    {
      name: 'without an expiry it is kept as long as a daily point, where that is longer',
      spec: { retention: { daily: { days: 90 } } },
      point: pointAt('2026-02-01T02:00', { onDemand: true }),
      told: 'kept by OnDemand until 2026-05-02T02:00',
    },
    {
      name: 'a failed point is shown for a week',
      point: pointAt('2026-02-23T02:00', { state: 'Failed' }),
      told: 'kept by FailureShown until 2026-03-02T02:00',
    },
    {
      name: 'then it goes',
      point: pointAt('2026-02-22T02:00', { state: 'Failed' }),
      told: 'collected: Failed',
    },
  ])('$name', (c) => {
    expect(tellVerdict(c)).toBe(c.told);
  });
});

describe('marks and changes of the policy', () => {
  const week: RetentionSpec = { retention: { weekly: { weekdays: ['Sunday'], weeks: 8 } } };
  const sunday = pointAt('2026-02-01T02:00');

  test('a point is marked with the rules that claim it when its day is over, and then never loses them', () => {
    const policy = policyOf({ retention: { ...DAILY.retention, ...week.retention, monthly: { months: 6 } } });
    const first = decideRetention(retentionOf(policy, [sunday, NEWEST]));
    expect(first.points.map(({ marks }) => marks)).toEqual([['Daily', 'Weekly', 'Monthly'], []]);
    const marked = { ...sunday, marks: first.points[0]?.marks ?? [] };
    const earlier = pointAt('2026-02-01T01:00');
    const later = pointAt('2026-02-01T22:00');
    const again = decideRetention(retentionOf(policy, [marked, earlier, later, NEWEST]));
    expect(again.points[0]?.marks).toBe(marked.marks);
    expect(again.points[0]?.verdict).toEqual(first.points[0]?.verdict);
  });

  test('a rule that comes to claim a point adds its mark, and takes none away', () => {
    const monday: RetentionSpec = { retention: { ...DAILY.retention, weekly: { weekdays: ['Monday'], weeks: 8 } } };
    const point = { ...sunday, marks: ['Weekly', 'Yearly'] as const };
    expect(decideRetention(retentionOf(policyOf(monday), [point, NEWEST])).points[0]?.marks).toEqual([
      'Daily',
      'Weekly',
      'Yearly',
    ]);
  });

  test.for<RetentionCase>([
    {
      name: 'a shorter rule holds for old points at once',
      spec: { retention: { weekly: { weekdays: ['Sunday'], weeks: 3 } } },
      point: { ...sunday, marks: ['Weekly'] },
      told: 'collected: Expired',
    },
    {
      name: 'a longer rule holds for old points at once',
      spec: { retention: { weekly: { weekdays: ['Sunday'], weeks: 52 } } },
      point: { ...sunday, marks: ['Weekly'] },
      told: 'kept by Weekly until 2027-01-31T02:00',
    },
    {
      name: 'from daily to weekly: daily points go',
      spec: week,
      point: pointAt('2026-02-27T02:00', { marks: ['Daily'] }),
      told: 'collected: Unclaimed',
    },
    {
      name: 'from weekly to daily: weekly points are kept for the days that remain',
      point: pointAt('2026-02-22T14:00', { marks: ['Weekly'] }),
      told: 'kept by Daily until 2026-03-01T14:00',
    },
    {
      name: 'another weekday: what was marked stays',
      spec: { retention: { weekly: { weekdays: ['Monday'], weeks: 8 } } },
      point: { ...sunday, marks: ['Weekly'] },
      told: 'kept by Weekly until 2026-03-29T02:00',
    },
    {
      name: 'a rule that is new claims points that were made before',
      spec: { retention: { daily: { days: 7 }, yearly: { years: 2, months: ['February'] } } },
      point: { ...sunday, marks: ['Daily'] },
      told: 'kept by Yearly until 2028-02-01T02:00',
    },
  ])('$name', (c) => {
    expect(tellVerdict(c)).toBe(c.told);
  });

  test('the expiry of today’s point is told before it is marked', () => {
    const { points } = decideRetention(retentionOf(policyOf(DAILY), [NEWEST]));
    expect(points[0]).toMatchObject({ expiry: instant('2026-03-08T11:00:00Z'), marks: [] });
  });

  test('spans in days scale with the length of a day, the calendar does not', () => {
    const settings = { dayLengthMs: HOUR_MS };
    const points = [pointAt('2026-02-28T20:00'), NEWEST];
    const decision = decideRetention(retentionOf(policyOf(week), points, { settings }));
    expect(decision.points[0]?.verdict).toEqual({ keep: false, reason: 'Unclaimed' });
    const daily = decideRetention(retentionOf(policyOf({ retention: { daily: { days: 20 } } }), points, { settings }));
    expect(daily.points[0]?.verdict).toMatchObject({ by: 'Daily', until: instant('2026-03-01T16:00:00Z') });
  });

  test('it is asked again when the first verdict can change', () => {
    const points = [pointAt('2026-02-22T14:00'), pointAt('2026-02-23T14:00'), NEWEST];
    expect(decideRetention(retentionOf(policyOf(DAILY), points)).wakeAt).toBe(instant('2026-03-01T14:00:00Z'));
    expect(decideRetention(retentionOf(policyOf(DAILY), [NEWEST])).wakeAt).toBe(instant('2026-03-02T00:00:00Z'));
    expect(decideRetention(retentionOf(policyOf(DAILY), [])).wakeAt).toBeUndefined();
  });
});

test.for([3, 150])('the latest %i of two hundred old points are kept, in whatever order they come', (minimumPoints) => {
  const points = Array.from({ length: 200 }, (_, index) => {
    const age = (index * 77) % 200;
    return pointAt('2020-01-01T02:00', { id: `${age}`, createdAt: instantOf(1.5e12 - age * DAY_MS) });
  });
  const decision = decideRetention(retentionOf(policyOf({ ...DAILY, minimumPoints }), points));
  const kept = decision.points.filter(({ verdict }) => verdict.keep).map(({ point }) => Number(point.id));
  expect(kept.sort((a, b) => a - b)).toEqual(Array.from({ length: minimumPoints }, (_, age) => age));
});

test('where the calendar ends there is no expiry, and nothing throws', () => {
  const policy = policyOf({ retention: { yearly: { years: 1, months: ['August'] } } });
  const at = (daysLeft: number): Instant => instantOf(8.64e15 - daysLeft * DAY_MS);
  const points = [
    { ...NEWEST, id: 'a', createdAt: at(20) },
    { ...NEWEST, id: 'b', createdAt: at(12) },
  ];
  const decision = decideRetention(retentionOf(policy, points, { now: at(10) }));
  expect(decision.points[0]?.verdict).toEqual({ keep: true, by: 'Yearly', until: at(0) });
});
