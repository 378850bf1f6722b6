/** How a policy's retention is read, and what is refused: then nothing is collected. */
import { expect, test } from 'vitest';
import { readRetention } from '../../../../src/domain/recovery-retention/policy.ts';
import { formatInstant } from '../../../../src/domain/time.ts';
import { zoneOf } from '../../../../src/domain/recovery-retention/zone.ts';
import { instant } from '../../../support/domain/instants.ts';
import { policyOf, type RetentionSpec } from '../../../support/domain/retention.ts';

test('words become numbers, and what is left out is as the API has it', () => {
  const policy = policyOf({
    retention: {
      daily: { days: 30 },
      weekly: { weekdays: ['Sunday', 'Saturday'], weeks: 12 },
      monthly: { weekdays: ['Monday'], weeksOfMonth: ['First', 'Last'], months: 60 },
      yearly: { years: 10 },
    },
  });
  expect(policy).toMatchObject({
    minimumPoints: 1,
    daily: { days: 30 },
    weekly: { weekdays: new Set([0, 6]), weeks: 12 },
    monthly: { on: { type: 'Weekdays', weekdays: new Set([1]), weeks: new Set(['First', 'Last']) }, months: 60 },
    yearly: { inMonths: new Set([0]), years: 10 },
  });
  expect(policy.zone.name).toBe('UTC');
});

/** What the API server refuses, but may have been stored before it did. */
const odd = (retention: object, more: object = {}): RetentionSpec => ({ retention, ...more });

test.for<readonly [string, RetentionSpec]>([
  ['spec.retention {} ', odd({})],
  ['spec.retention.daily.days 0 ', odd({ daily: { days: 0 } })],
  ['spec.retention.daily.days -7 ', odd({ daily: { days: -7 } })],
  ['spec.retention.daily.days 1.5 ', odd({ daily: { days: 1.5 } })],
  ['spec.retention.daily.days null ', odd({ daily: { days: Number.NaN } })],
  ['spec.retention.daily.days "7" ', odd({ daily: { days: '7' } })],
  ['spec.retention.daily.days 10000 ', odd({ daily: { days: 10_000 } })],
  ['spec.retention.daily.days undefined ', odd({ daily: {} })],
  ['spec.retention.weekly.weekdays [] ', odd({ weekly: { weekdays: [], weeks: 1 } })],
  ['spec.retention.weekly.weekdays ["Caturday"] ', odd({ weekly: { weekdays: ['Caturday'], weeks: 1 } })],
  ['spec.retention.monthly.daysOfMonth 32 ', odd({ monthly: { daysOfMonth: [32], months: 1 } })],
  ['spec.retention.monthly.daysOfMonth [] ', odd({ monthly: { daysOfMonth: [], months: 1 } })],
  ['spec.retention.monthly.weeksOfMonth [] ', odd({ monthly: { weekdays: ['Sunday'], months: 1 } })],
  ['spec.retention.monthly.weekdays [] ', odd({ monthly: { weeksOfMonth: ['First'], months: 1 } })],
  ['spec.retention.yearly.months ["Brumaire"] ', odd({ yearly: { months: ['Brumaire'], years: 1 } })],
  ['spec.retention.yearly.years 100 ', odd({ yearly: { years: 100 } })],
  ['spec.minimumPoints 0 ', odd({ daily: { days: 7 } }, { minimumPoints: 0 })],
  ['spec.schedule.timeZone "Mars/Base" ', odd({ daily: { days: 7 } }, { schedule: { timeZone: 'Mars/Base' } })],
])('is refused as a whole, in one line, for %s', ([field, spec]) => {
  const reading = readRetention(spec);
  const message = reading.ok ? 'accepted' : reading.message;
  expect(message).toContain(field);
  expect(message).toMatch(/; no recovery point is collected until then$/);
  expect(message).not.toContain('\n');
});

test.for([
  ['Europe/Berlin', '2026-03-29T10:00:00Z', '2026-03-29T22:00:00Z'],
  ['Europe/Berlin', '2026-10-25T10:00:00Z', '2026-10-25T23:00:00Z'],
  ['America/New_York', '2026-11-01T05:30:00Z', '2026-11-02T05:00:00Z'],
  ['Asia/Kolkata', '2026-03-01T12:00:00Z', '2026-03-01T18:30:00Z'],
  ['Australia/Lord_Howe', '2026-04-04T14:00:00Z', '2026-04-05T13:30:00Z'],
  ['Pacific/Apia', '2011-12-29T12:00:00Z', '2011-12-30T10:00:00Z'],
  ['UTC', '2026-02-28T23:59:59Z', '2026-03-01T00:00:00Z'],
] as const)('a day in %s at %s ends at %s', ([name, at, end]) => {
  const zone = zoneOf(name);
  if (zone === undefined) throw new Error(name);
  const found = zone.dayEnd(instant(at));
  expect(formatInstant(found)).toBe(end);
  expect(zone.localDay(found)).toBeGreaterThan(zone.localDay(instant(at)));
});

test.for(['', '+02:00', 'Mars/Base', 'Berlin'])('"%s" is no time zone', (name) => {
  expect(zoneOf(name)).toBeUndefined();
});
