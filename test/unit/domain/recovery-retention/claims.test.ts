/** Which points a policy keeps, by which rule and until when. Now is 2026-03-01T12:00Z, a Sunday. */
import { describe, expect, test } from 'vitest';
import {
  DAILY,
  NEWEST,
  pointAt,
  type RetentionCase,
  type RetentionSpec,
  tellVerdict,
} from '../../../support/domain/retention.ts';

describe('by the policy', () => {
  const monthly = (more: object): RetentionSpec => ({ retention: { monthly: { months: 12, ...more } } });

  test.for<RetentionCase>([
    {
      name: 'daily keeps for its days, to the second',
      point: pointAt('2026-02-22T12:01'),
      told: 'kept by Daily until 2026-03-01T12:01',
    },
    { name: 'daily ends after its days', point: pointAt('2026-02-22T12:00'), told: 'collected: Expired' },
    {
      name: 'daily wants the last backup of a day only',
      point: pointAt('2026-02-27T02:00'),
      others: [pointAt('2026-02-27T14:00'), NEWEST],
      told: 'collected: Unclaimed',
    },
    {
      name: 'what is the last of a day is known when the day is over',
      point: pointAt('2026-03-01T02:00'),
      told: 'kept by DayNotOver until 2026-03-02T00:00',
    },
    {
      name: 'a failed backup does not take the place of the day',
      point: pointAt('2026-02-27T02:00'),
      others: [pointAt('2026-02-27T14:00', { state: 'Failed' }), NEWEST],
      told: 'kept by Daily until 2026-03-06T02:00',
    },
    {
      name: 'nor does one that a user asked for',
      point: pointAt('2026-02-27T02:00'),
      others: [pointAt('2026-02-27T14:00', { onDemand: true }), NEWEST],
      told: 'kept by Daily until 2026-03-06T02:00',
    },
    {
      name: 'the day is that of the time zone: 23:30 UTC of the 26th is the 27th in Berlin',
      spec: { ...DAILY, schedule: { timeZone: 'Europe/Berlin' } },
      point: pointAt('2026-02-26T23:30'),
      others: [pointAt('2026-02-27T22:30'), NEWEST],
      told: 'collected: Unclaimed',
    },
    {
      name: 'weekly keeps chosen weekdays',
      spec: { retention: { weekly: { weekdays: ['Sunday', 'Wednesday'], weeks: 4 } } },
      point: pointAt('2026-02-25T02:00'),
      told: 'kept by Weekly until 2026-03-25T02:00',
    },
    {
      name: 'weekly does not want other days',
      spec: { retention: { weekly: { weekdays: ['Sunday', 'Wednesday'], weeks: 4 } } },
      point: pointAt('2026-02-26T02:00'),
      told: 'collected: Unclaimed',
    },
    {
      name: 'monthly keeps the first backup of a month',
      spec: monthly({}),
      point: pointAt('2026-02-03T02:00'),
      others: [pointAt('2026-02-04T02:00'), NEWEST],
      told: 'kept by Monthly until 2027-02-03T02:00',
    },
    {
      name: 'monthly does not want the second',
      spec: monthly({}),
      point: pointAt('2026-02-04T02:00'),
      others: [pointAt('2026-02-03T02:00'), NEWEST],
      told: 'collected: Unclaimed',
    },
    {
      name: 'monthly keeps chosen days of the month',
      spec: monthly({ daysOfMonth: [15] }),
      point: pointAt('2026-02-15T02:00'),
      told: 'kept by Monthly until 2027-02-15T02:00',
    },
    {
      name: 'a day that the month lacks is its last day',
      spec: monthly({ daysOfMonth: [31] }),
      point: pointAt('2026-02-28T02:00'),
      told: 'kept by Monthly until 2027-02-28T02:00',
    },
    {
      name: 'a day that the month has is not its last day',
      spec: monthly({ daysOfMonth: [30] }),
      point: pointAt('2026-01-31T02:00'),
      told: 'collected: Unclaimed',
    },
    {
      name: 'monthly keeps the last Friday of the month',
      spec: monthly({ weekdays: ['Friday'], weeksOfMonth: ['Last'] }),
      point: pointAt('2026-02-27T02:00'),
      told: 'kept by Monthly until 2027-02-27T02:00',
    },
    {
      name: 'a Sunday a week before the end of the month is its last',
      spec: monthly({ weekdays: ['Sunday'], weeksOfMonth: ['Last'] }),
      point: pointAt('2026-01-25T02:00'),
      told: 'kept by Monthly until 2027-01-25T02:00',
    },
    {
      name: 'a Saturday that has another one after it in the month is not',
      spec: monthly({ weekdays: ['Saturday'], weeksOfMonth: ['Last'] }),
      point: pointAt('2026-01-24T02:00'),
      told: 'collected: Unclaimed',
    },
    {
      name: 'the fourth Friday is the last one only where there is no fifth',
      spec: monthly({ weekdays: ['Friday'], weeksOfMonth: ['Last'] }),
      point: pointAt('2026-01-23T02:00'),
      told: 'collected: Unclaimed',
    },
    {
      name: 'monthly keeps the second Tuesday of the month',
      spec: monthly({ weekdays: ['Tuesday'], weeksOfMonth: ['Second'] }),
      point: pointAt('2026-02-10T02:00'),
      told: 'kept by Monthly until 2027-02-10T02:00',
    },
    {
      name: 'a month from the 31st of January ends after February, never before',
      spec: { retention: { monthly: { months: 1 } } },
      point: pointAt('2026-01-31T02:00'),
      told: 'kept by Monthly until 2026-03-03T02:00',
    },
    {
      name: 'yearly keeps the first backup of January',
      spec: { retention: { yearly: { years: 3 } } },
      point: pointAt('2026-01-02T02:00'),
      told: 'kept by Yearly until 2029-01-02T02:00',
    },
    {
      name: 'yearly keeps the first backup of chosen months',
      spec: { retention: { yearly: { years: 1, months: ['February'] } } },
      point: pointAt('2026-02-02T02:00'),
      told: 'kept by Yearly until 2027-02-02T02:00',
    },
    {
      name: 'a year from a leap day ends on 1 March',
      spec: { retention: { yearly: { years: 3, months: ['February'] } } },
      point: pointAt('2024-02-29T02:00'),
      told: 'kept by Yearly until 2027-03-01T02:00',
    },
    {
      name: 'of several rules the longest holds',
      spec: { retention: { daily: { days: 30 }, weekly: { weekdays: ['Sunday'], weeks: 12 }, monthly: { months: 2 } } },
      point: pointAt('2026-02-01T02:00'),
      told: 'kept by Weekly until 2026-04-26T02:00',
    },
    {
      name: 'the longest holds where it is the daily one, too',
      spec: { retention: { daily: { days: 90 }, weekly: { weekdays: ['Sunday'], weeks: 2 } } },
      point: pointAt('2026-02-01T02:00'),
      told: 'kept by Daily until 2026-05-02T02:00',
    },
  ])('$name', (c) => {
    expect(tellVerdict(c)).toBe(c.told);
  });
});
