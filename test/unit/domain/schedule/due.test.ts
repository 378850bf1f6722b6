/** When a backup is due, told by the slots of the real cron reader. */
import { expect, test } from 'vitest';
import { CronerCron } from '../../../../src/adapters/cron/croner.ts';
import { decideRun } from '../../../../src/domain/schedule/due.ts';
import { adoptSchedule, answerSlot } from '../../../../src/domain/schedule/record.ts';
import { readSchedule, type Schedule } from '../../../../src/domain/schedule/slots.ts';
import { formatInstant, HOUR_MS, type Instant, MINUTE_MS, plus } from '../../../../src/domain/time.ts';
import { instant } from '../../../support/domain/instants.ts';

const { read } = new CronerCron();

function schedule(cron: string, timeZone = 'UTC', startWithinMinutes = 120): Schedule {
  const reading = readSchedule({ cron, timeZone, startWithinMinutes }, read);
  if (reading.type !== 'Scheduled') throw new Error(`not a schedule: ${cron}`);
  return reading.schedule;
}

interface Case {
  readonly name: string;
  readonly cron?: string;
  readonly zone?: string;
  readonly window?: number;
  readonly since?: string;
  readonly answered?: string;
  readonly jitterMinutes?: number;
  readonly spread?: number;
  readonly now: string;
  readonly step: string;
}

/** One line per step: `Due 03-02T02:00 until 04:00 for 0 more`. */
function tell(c: Case): string {
  const step = decideRun({
    schedule: schedule(c.cron ?? '0 2 * * *', c.zone, c.window),
    record: {
      since: instant(c.since ?? '2026-02-01T00:00:00Z'),
      ...(c.answered === undefined ? {} : { answered: instant(c.answered) }),
    },
    jitterMs: (c.jitterMinutes ?? 0) * MINUTE_MS,
    spread: c.spread ?? 0.5,
    now: instant(c.now),
  });
  const at = (time: Instant): string => formatInstant(time).slice(5, 16);
  const missed = (since: Instant | undefined): string => (since === undefined ? '' : `, missed since ${at(since)}`);
  switch (step.type) {
    case 'Wait':
      return `Wait for ${at(step.slot)}, start ${at(step.start)}`;
    case 'Due':
      return `Due ${at(step.slot)} until ${at(step.startBy)}${missed(step.missedSince)}`;
    case 'Skip':
      return `Skip ${at(step.slot)}${missed(step.missedSince)}, next ${step.next === undefined ? 'none' : at(step.next)}`;
    case 'Never':
      return 'Never';
  }
}

test.for<Case>([
  {
    name: 'nothing is due before the first slot',
    since: '2026-03-01T12:00:00Z',
    now: '2026-03-01T12:00:00Z',
    step: 'Wait for 03-02T02:00, start 03-02T02:00',
  },
  {
    name: 'a slot from before the protection is not its business',
    since: '2026-03-02T02:00:01Z',
    now: '2026-03-02T02:01:00Z',
    step: 'Wait for 03-03T02:00, start 03-03T02:00',
  },
  {
    name: 'it is due at its slot, to the second',
    answered: '2026-03-01T02:00:00Z',
    now: '2026-03-02T02:00:00Z',
    step: 'Due 03-02T02:00 until 03-02T04:00',
  },
  {
    name: 'it is not due a second before',
    answered: '2026-03-01T02:00:00Z',
    now: '2026-03-02T01:59:59Z',
    step: 'Wait for 03-02T02:00, start 03-02T02:00',
  },
  {
    name: 'what was answered is not due again',
    answered: '2026-03-02T02:00:00Z',
    now: '2026-03-02T02:00:00Z',
    step: 'Wait for 03-03T02:00, start 03-03T02:00',
  },
  {
    name: 'it stays due until the end of the window',
    answered: '2026-03-01T02:00:00Z',
    now: '2026-03-02T04:00:00Z',
    step: 'Due 03-02T02:00 until 03-02T04:00',
  },
  {
    name: 'after the window it is left out',
    answered: '2026-03-01T02:00:00Z',
    now: '2026-03-02T04:00:01Z',
    step: 'Skip 03-02T02:00, next 03-03T02:00',
  },
  {
    name: 'forty hourly runs that an outage missed are one run',
    cron: '0 * * * *',
    answered: '2026-03-01T00:00:00Z',
    now: '2026-03-02T17:10:00Z',
    step: 'Due 03-02T17:00 until 03-02T19:00, missed since 03-01T01:00',
  },
  {
    name: 'after a month of outage one daily run is left out, not thirty',
    answered: '2026-02-02T02:00:00Z',
    now: '2026-03-04T12:00:00Z',
    step: 'Skip 03-04T02:00, missed since 02-03T02:00, next 03-05T02:00',
  },
  {
    name: 'jitter puts it off by the share of the item',
    answered: '2026-03-01T02:00:00Z',
    jitterMinutes: 30,
    now: '2026-03-02T02:14:59Z',
    step: 'Wait for 03-02T02:00, start 03-02T02:15',
  },
  {
    name: 'jitter over, it is due, and its window counts from the slot',
    answered: '2026-03-01T02:00:00Z',
    jitterMinutes: 30,
    now: '2026-03-02T02:15:00Z',
    step: 'Due 03-02T02:00 until 03-02T04:00',
  },
  {
    name: 'jitter takes no more than half of the window',
    answered: '2026-03-01T02:00:00Z',
    jitterMinutes: 600,
    spread: 0.999_999,
    now: '2026-03-02T02:00:00Z',
    step: 'Wait for 03-02T02:00, start 03-02T02:59',
  },
  {
    name: 'jitter ends before the next slot, so that a schedule of every minute is not put off for ever',
    cron: '* * * * *',
    answered: '2026-03-02T01:58:00Z',
    jitterMinutes: 30,
    spread: 0.9,
    now: '2026-03-02T02:00:10Z',
    step: 'Due 03-02T01:59 until 03-02T03:59',
  },
  {
    name: 'nor is it waited for beyond its own minute',
    cron: '* * * * *',
    answered: '2026-03-02T01:59:00Z',
    jitterMinutes: 30,
    spread: 0.9,
    now: '2026-03-02T02:00:10Z',
    step: 'Wait for 03-02T02:00, start 03-02T02:00',
  },
  {
    name: 'where the latest slot has not started, the one before it is still run within its window',
    cron: '0 * * * *',
    answered: '2026-03-02T00:00:00Z',
    jitterMinutes: 30,
    now: '2026-03-02T10:05:00Z',
    step: 'Due 03-02T09:00 until 03-02T11:00, missed since 03-02T01:00',
  },
  {
    name: 'a clock that steps back does not run a slot twice',
    answered: '2026-03-02T02:00:00Z',
    now: '2026-03-02T01:58:00Z',
    step: 'Wait for 03-03T02:00, start 03-03T02:00',
  },
  {
    name: 'a slot noted by a clock that was years ahead does not silence the schedule for years',
    since: '2026-03-01T12:00:00Z',
    answered: '2031-03-02T02:00:00Z',
    now: '2026-03-02T02:10:00Z',
    step: 'Due 03-02T02:00 until 03-02T04:00',
  },
  {
    name: 'nor does a protection that began by such a clock',
    since: '2031-03-02T02:00:00Z',
    answered: '2026-03-02T02:00:00Z',
    now: '2026-03-02T02:10:00Z',
    step: 'Wait for 03-03T02:00, start 03-03T02:00',
  },
  {
    name: 'the hour that spring skips: due at the end of the gap',
    cron: '30 2 * * *',
    zone: 'Europe/Berlin',
    answered: '2026-03-28T01:30:00Z',
    now: '2026-03-29T01:00:00Z',
    step: 'Due 03-29T01:00 until 03-29T03:00',
  },
  {
    name: 'the hour that autumn repeats: not due the second time',
    cron: '30 2 * * *',
    zone: 'Europe/Berlin',
    answered: '2026-10-25T00:30:00Z',
    now: '2026-10-25T01:30:00Z',
    step: 'Wait for 10-26T01:30, start 10-26T01:30',
  },
  {
    name: 'the hour that autumn repeats: what was missed the first time is run the second time, once',
    cron: '30 2 * * *',
    zone: 'Europe/Berlin',
    answered: '2026-10-24T00:30:00Z',
    now: '2026-10-25T01:30:00Z',
    step: 'Due 10-25T00:30 until 10-25T02:30',
  },
])('$name', (c) => {
  expect(tell(c)).toBe(c.step);
});

test('a run that is left out says which, why, and when the next is due', () => {
  const step = decideRun({
    schedule: schedule('0 2 * * *'),
    record: { since: instant('2026-02-26T12:00:00Z') },
    jitterMs: 0,
    spread: 0,
    now: instant('2026-03-02T12:00:00Z'),
  });
  expect(step).toMatchObject({
    type: 'Skip',
    words:
      'the backup of 2026-03-02T02:00:00Z could not start within 120 minutes (startWithinMinutes), nor could those since 2026-02-27T02:00:00Z: left out, the next is due at 2026-03-03T02:00:00Z',
  });
});

test('another cron or time zone begins where it is adopted: no slot is made up for', () => {
  const berlin = schedule('0 2 * * *', 'Europe/Berlin');
  const newYork = schedule('0 2 * * *', 'America/New_York');
  const began = adoptSchedule(undefined, berlin.key, instant('2026-03-01T12:00:00Z'));
  const record = answerSlot(began, instant('2026-03-02T01:00:00Z'), instant('2026-03-02T01:00:00Z'));
  // 02:00 in New York has been at 07:00 UTC.
  const now = instant('2026-03-02T07:30:00Z');
  expect(adoptSchedule(record, berlin.key, now)).toBe(record);
  const changed = adoptSchedule(record, newYork.key, now);
  expect(changed).toEqual({ key: '0 2 * * * America/New_York', since: now });
  const step = decideRun({ schedule: newYork, record: changed, jitterMs: 0, spread: 0, now });
  const slot = instant('2026-03-03T07:00:00Z');
  expect(step).toEqual({ type: 'Wait', slot, start: slot });
});

test('answering a slot takes back no later answer, but for one that lies in the future', () => {
  const now = instant('2026-03-02T12:00:00Z');
  const record = { key: 'k', since: plus(now, -HOUR_MS * 100) };
  const answered = answerSlot(record, plus(now, -HOUR_MS), now);
  expect(answerSlot(answered, plus(now, -2 * HOUR_MS), now)).toEqual(answered);
  const ahead = { ...record, answered: plus(now, 9_000 * HOUR_MS) };
  expect(answerSlot(ahead, plus(now, -HOUR_MS), now)).toEqual(answered);
});

test('a schedule that has no slot left never comes', () => {
  const none: Schedule = { slots: { next: () => undefined, previous: () => undefined }, windowMs: HOUR_MS, key: '' };
  const now = instant('2026-03-02T12:00:00Z');
  expect(decideRun({ schedule: none, record: { since: now }, jitterMs: 0, spread: 0, now })).toEqual({ type: 'Never' });
});

test.for([
  [{ cron: '0 2 * *' }, 'spec.schedule.cron "0 2 * *": has 4 fields, not five; write minute, hour, day of the month'],
  [{ cron: '0 2 * * *', timeZone: 'Berlin' }, 'spec.schedule.timeZone "Berlin": not a known time zone; name a time'],
  [{ cron: '0 2 * * *', startWithinMinutes: 0 }, 'spec.schedule.startWithinMinutes 0: must be a whole number from 1'],
  [{ cron: '0 2 * * *', startWithinMinutes: Number.NaN }, 'spec.schedule.startWithinMinutes NaN: must be a whole'],
] as const)('a schedule that can not be read is refused in one line: %s', ([spec, words]) => {
  const reading = readSchedule(spec, read);
  expect(reading.type === 'Refused' ? reading.message : reading.type).toContain(words);
});

test('a policy without a cron makes backups on demand only, and defaults are those of the API', () => {
  expect(readSchedule(undefined, read)).toEqual({ type: 'OnDemandOnly' });
  expect(readSchedule({ timeZone: 'Europe/Berlin' }, read)).toEqual({ type: 'OnDemandOnly' });
  expect(readSchedule({ cron: ' 0  2 * * * ' }, read)).toMatchObject({
    type: 'Scheduled',
    schedule: { windowMs: 120 * MINUTE_MS, key: '0 2 * * * UTC' },
  });
});
