/** The real library, on the time zones in which clocks do odd things. */
import { expect, test } from 'vitest';
import { CronerCron } from '../../../src/adapters/cron/croner.ts';
import { formatInstant, instantOf, MINUTE_MS, parseInstant, plus } from '../../../src/domain/time.ts';
import { instant } from '../../support/domain/instants.ts';

const reader = new CronerCron();

function slotsOf(cron: string, timeZone: string) {
  const reading = reader.read(cron, timeZone);
  if (!reading.ok) throw new Error(reading.why);
  return reading.slots;
}

/** The next slots as hours and minutes of UTC, with the day. */
function following(cron: string, timeZone: string, after: string, count: number): readonly string[] {
  const slots = slotsOf(cron, timeZone);
  const found: string[] = [];
  let at = parseInstant(after);
  while (at !== undefined && found.length < count) {
    at = slots.next(at);
    if (at !== undefined) found.push(formatInstant(at).slice(5, 16));
  }
  return found;
}

test.for([
  {
    name: 'Berlin in spring: 02:30 does not exist on the 29th, so the backup is made at the end of the gap, 03:00',
    cron: '30 2 * * *',
    zone: 'Europe/Berlin',
    after: '2026-03-28T00:00:00Z',
    slots: ['03-28T01:30', '03-29T01:00', '03-30T00:30'],
  },
  {
    name: 'Berlin in spring: two times in the gap are one backup',
    cron: '0,30 2 * * *',
    zone: 'Europe/Berlin',
    after: '2026-03-28T01:00:00Z',
    slots: ['03-28T01:30', '03-29T01:00', '03-30T00:00', '03-30T00:30'],
  },
  {
    name: 'Berlin in spring: nor is a day lost where the minutes are a step',
    cron: '*/30 2 * * *',
    zone: 'Europe/Berlin',
    after: '2026-03-28T01:00:00Z',
    slots: ['03-28T01:30', '03-29T01:00', '03-30T00:00', '03-30T00:30'],
  },
  {
    name: 'Berlin in autumn: 02:30 comes twice on the 25th and the backup once, the first time',
    cron: '30 2 * * *',
    zone: 'Europe/Berlin',
    after: '2026-10-24T00:00:00Z',
    slots: ['10-24T00:30', '10-25T00:30', '10-26T01:30'],
  },
  {
    name: 'Berlin in autumn: a step of hours is one of wall clock, too',
    cron: '0 */2 * * *',
    zone: 'Europe/Berlin',
    after: '2026-10-24T21:00:00Z',
    slots: ['10-24T22:00', '10-25T00:00', '10-25T03:00', '10-25T05:00'],
  },
  {
    name: 'Berlin in autumn: an hourly backup goes on every hour',
    cron: '0 */1 * * *',
    zone: 'Europe/Berlin',
    after: '2026-10-24T23:30:00Z',
    slots: ['10-25T00:00', '10-25T01:00', '10-25T02:00', '10-25T03:00'],
  },
  {
    name: 'Berlin in spring: an hourly backup goes on every hour',
    cron: '0 * * * *',
    zone: 'Europe/Berlin',
    after: '2026-03-28T23:30:00Z',
    slots: ['03-29T00:00', '03-29T01:00', '03-29T02:00'],
  },
  {
    name: 'New York in spring: 02:30 does not exist on the 8th',
    cron: '30 2 * * *',
    zone: 'America/New_York',
    after: '2026-03-07T00:00:00Z',
    slots: ['03-07T07:30', '03-08T07:00', '03-09T06:30'],
  },
  {
    name: 'New York in autumn: 01:30 comes twice on 1 November',
    cron: '30 1 * * *',
    zone: 'America/New_York',
    after: '2026-10-31T00:00:00Z',
    slots: ['10-31T05:30', '11-01T05:30', '11-02T06:30'],
  },
  {
    name: 'Kolkata: half an hour off, the whole year',
    cron: '15 2 * * *',
    zone: 'Asia/Kolkata',
    after: '2026-03-28T00:00:00Z',
    slots: ['03-28T20:45', '03-29T20:45', '03-30T20:45'],
  },
  {
    name: 'Lord Howe in autumn: half an hour is repeated, from 02:00 to 01:30',
    cron: '45 1 * * *',
    zone: 'Australia/Lord_Howe',
    after: '2026-04-03T00:00:00Z',
    slots: ['04-03T14:45', '04-04T14:45', '04-05T15:15'],
  },
  {
    name: 'Lord Howe in spring: half an hour is skipped, from 02:00 to 02:30',
    cron: '15 2 * * *',
    zone: 'Australia/Lord_Howe',
    after: '2026-10-02T00:00:00Z',
    slots: ['10-02T15:45', '10-03T15:30', '10-04T15:15'],
  },
  {
    name: 'Apia: 30 December 2011 did not exist',
    cron: '0 12 * * *',
    zone: 'Pacific/Apia',
    after: '2011-12-28T00:00:00Z',
    slots: ['12-28T22:00', '12-29T22:00', '12-30T22:00'],
  },
  {
    name: 'UTC: leap days, weekdays by name, and either of two restricted days',
    cron: '0 2 29 2 SUN',
    zone: 'UTC',
    after: '2028-02-26T12:00:00Z',
    slots: ['02-27T02:00', '02-29T02:00', '02-04T02:00'],
  },
])('$name', ({ cron, zone, after, slots }) => {
  expect(following(cron, zone, after, slots.length)).toEqual(slots);
});

test.for([
  ['61 * * * *', 'UTC', 'cron', 'Invalid value for minute: 61'],
  ['0 24 * * *', 'UTC', 'cron', 'Invalid value for hour: 24'],
  ['0 2 10-5 * *', 'UTC', 'cron', 'larger'],
  ['0 2 * * MON-', 'UTC', 'cron', 'illegal upper range'],
  ['*/0 2 * * *', 'UTC', 'cron', 'step'],
  ['0 0 31 2 *', 'UTC', 'cron', 'there is no such day'],
  ['0 2 * *', 'UTC', 'cron', 'has 4 fields, not five'],
  ['0 0 2 * * *', 'UTC', 'cron', 'has 6 fields, not five'],
  ['', 'UTC', 'cron', 'has 0 fields, not five'],
  ['@daily', 'UTC', 'cron', 'has 1 fields, not five'],
  ['0 2 L * *', 'UTC', 'cron', "the day of the month can't be read"],
  ['0 2 * * MON#2', 'UTC', 'cron', "the day of the week can't be read"],
  ['0 2 * FOO *', 'UTC', 'cron', "the month can't be read"],
  ['0 2 * * *', 'Mars/Base', 'timeZone', 'not a known time zone'],
  ['0 2 * * *', '+02:00', 'timeZone', 'not a known time zone'],
  ['0 2 * * *', '', 'timeZone', 'not a known time zone'],
] as const)('refuses "%s" in "%s" for its %s: %s', ([cron, zone, field, why]) => {
  const reading = reader.read(cron, zone);
  expect(reading).toMatchObject({ ok: false, field });
  expect(reading.ok ? '' : reading.why).toContain(why);
});

test('previous gives the slot at a time, or the one before it, to the millisecond', () => {
  const slots = slotsOf('0 2 * * *', 'UTC');
  const slot = instant('2026-03-02T02:00:00Z');
  expect(slots.previous(slot)).toBe(slot);
  expect(slots.previous(plus(slot, 1))).toBe(slot);
  expect(slots.previous(plus(slot, -1))).toBe(instant('2026-03-01T02:00:00Z'));
  expect(slots.next(plus(slot, -1))).toBe(slot);
  expect(slots.next(slot)).toBe(instant('2026-03-03T02:00:00Z'));
  expect(slots.next(plus(slot, 1))).toBe(instant('2026-03-03T02:00:00Z'));
});

test.for([
  ['30 2 * * *', 'Europe/Berlin'],
  ['*/7 * * * *', 'Australia/Lord_Howe'],
  ['0 */6 * * *', 'America/New_York'],
  ['15 0 * * *', 'Asia/Kolkata'],
  ['0 12 1,15 * *', 'Pacific/Apia'],
] as const)('next and previous of "%s" in %s walk over the same slots, whichever was asked before', ([cron, zone]) => {
  const slots = slotsOf(cron, zone);
  let at = instant('2026-03-01T00:00:00Z');
  const forth: number[] = [];
  for (let count = 0; count < 400; count++) {
    at = slots.next(at) ?? at;
    forth.push(at);
  }
  expect(new Set(forth).size).toBe(400);
  const back: number[] = [];
  for (let count = 0; count < 400; count++) {
    back.unshift(at);
    at = slots.previous(plus(at, -1)) ?? at;
  }
  expect(back).toEqual(forth);
  expect(forth.every((slot) => slot % MINUTE_MS === 0)).toBe(true);
});

test('a thousand readings of one policy share its slots, and a flood of policies is not kept for ever', () => {
  const many = new CronerCron();
  const first = many.read('0 2 * * *', 'UTC');
  expect(many.read('0 2 * * *', 'UTC')).toBe(first);
  for (let minute = 0; minute < 1_000; minute++)
    many.read(`${minute % 60} ${minute % 24} 1-${(minute % 28) + 1} * *`, 'UTC');
  for (let day = 1; day <= 28; day++) for (let hour = 0; hour < 24; hour++) many.read(`7 ${hour} ${day} * *`, 'UTC');
  const again = many.read('0 2 * * *', 'UTC');
  expect(again).not.toBe(first);
  expect(again.ok && again.slots.next(instantOf(0))).toBe(2 * 60 * MINUTE_MS);
});
