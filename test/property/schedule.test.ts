/** Schedules over random outages, clocks and changes of summer time; admission over random loads. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CronerCron } from '../../src/adapters/cron/croner.ts';
import { admit, type DueBackup } from '../../src/domain/schedule/admission.ts';
import { decideRun } from '../../src/domain/schedule/due.ts';
import { adoptSchedule, answerSlot } from '../../src/domain/schedule/record.ts';
import { readSchedule } from '../../src/domain/schedule/slots.ts';
import { HOUR_MS, type Instant, instantOf, MINUTE_MS, plus } from '../../src/domain/time.ts';
import { instant } from '../support/domain/instants.ts';

const { read } = new CronerCron();

const zones = fc.constantFrom(
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Asia/Kolkata',
  'Australia/Lord_Howe',
  'Pacific/Apia',
);
const crons = fc.constantFrom(
  '30 2 * * *',
  '0 2 * * *',
  '45 1 * * *',
  '*/30 * * * *',
  '0 */6 * * *',
  '15 2 * * SUN',
  '0 0 1 * *',
);
/** Around every change of summer time of these zones in 2026, and the day that Apia skipped. */
const starts = fc.constantFrom(
  ...['2026-03-07', '2026-03-28', '2026-04-04', '2026-10-03', '2026-10-24', '2026-10-31', '2011-12-28'].map((day) =>
    instant(`${day}T00:00:00Z`),
  ),
);

const schedules = fc
  .record({ cron: crons, timeZone: zones, startWithinMinutes: fc.constantFrom(1, 30, 120, 1_440) })
  .map((spec) => {
    const reading = readSchedule(spec, read);
    if (reading.type !== 'Scheduled') throw new Error(`not a schedule: ${spec.cron}`);
    return reading.schedule;
  });

/** How long nobody looks: mostly until the next wake-up, now and then for an outage. */
const pauses = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 50 * 60 }).map((minutes) => minutes * MINUTE_MS) },
  ),
  { minLength: 10, maxLength: 60 },
);

test('every slot is answered once: run within its window, left out after it, or stood for by a later one', () => {
  const run = fc.record({
    schedule: schedules,
    start: starts,
    jitterMinutes: fc.nat(90),
    spread: fc.double({ min: 0, max: 0.999, noNaN: true }),
    pauses,
  });
  fc.assert(
    fc.property(run, (facts) => {
      const { schedule, start } = facts;
      let record = adoptSchedule(undefined, schedule.key, start);
      let now = start;
      const ran: Instant[] = [];
      const answered: Instant[] = [];
      for (const pause of facts.pauses) {
        const step = decideRun({ ...facts, record, now, jitterMs: facts.jitterMinutes * MINUTE_MS });
        if (step.type === 'Never') break;
        if (step.type === 'Wait') {
          expect(step.start).toBeGreaterThan(now);
          now = plus(step.start, pause);
          continue;
        }
        expect(answered).not.toContain(step.slot);
        expect(step.slot).toBeGreaterThan(answered.at(-1) ?? start);
        expect(step.slot).toBeLessThanOrEqual(now);
        expect(now <= step.slot + schedule.windowMs).toBe(step.type === 'Due');
        answered.push(step.slot);
        if (step.type === 'Due') ran.push(step.slot);
        record = answerSlot(record, step.slot, now);
        now = plus(now, pause);
      }
      // Without an outage there is nothing to stand for: all slots were run, each of them.
      if (facts.pauses.some((pause) => pause > 0)) return;
      expect(ran).toEqual(answered);
      let slot = schedule.slots.next(start);
      for (const one of ran) {
        expect(one).toBe(slot);
        slot = schedule.slots.next(one);
      }
    }),
    { numRuns: 1_000 },
  );
});

test('an outage of any length is made up for by one run at most', () => {
  fc.assert(
    fc.property(schedules, starts, fc.integer({ min: 0, max: 60 * 24 }), (schedule, start, hours) => {
      const now = plus(start, hours * HOUR_MS);
      let record = adoptSchedule(undefined, schedule.key, start);
      let runs = 0;
      for (let asked = 0; asked < 5; asked++) {
        const step = decideRun({ schedule, record, jitterMs: 0, spread: 0, now });
        if (step.type !== 'Due' && step.type !== 'Skip') break;
        record = answerSlot(record, step.slot, now);
        if (step.type === 'Due') runs += 1;
      }
      expect(runs).toBeLessThanOrEqual(1);
      expect(decideRun({ schedule, record, jitterMs: 0, spread: 0, now }).type).toBe('Wait');
    }),
    { numRuns: 1_500 },
  );
});

test('a record of any times whatever silences a schedule for no more than two slots', () => {
  const times = fc.integer({ min: 0, max: 4e12 }).map((ms) => instantOf(ms));
  fc.assert(
    fc.property(schedules, starts, times, fc.option(times, { nil: undefined }), (schedule, now, since, answered) => {
      const record = { since, ...(answered === undefined ? {} : { answered }) };
      const step = decideRun({ schedule, record, jitterMs: 0, spread: 0, now });
      const next = schedule.slots.next(now) ?? now;
      if (step.type === 'Wait') expect(step.slot).toBeLessThanOrEqual(schedule.slots.next(next) ?? next);
    }),
    { numRuns: 1_500 },
  );
});

const VAULTS = ['gold', 'silver'];
const DRIVERS = ['rbd', 'nfs', 'ebs'];
const backups = fc
  .array(
    fc.record({
      vault: fc.constantFrom(...VAULTS),
      drivers: fc.subarray(DRIVERS),
      dueAt: fc.nat(20).map((ms) => instantOf(ms)),
    }),
    { maxLength: 40 },
  )
  .map((all) => all.map((one, index): DueBackup => ({ ...one, id: `b${index}` })));
const caps = fc.record({ perVault: fc.integer({ min: 1, max: 6 }), perDriver: fc.integer({ min: 1, max: 6 }) });

test('no cap is ever exceeded, the order of asking does not matter, and nobody is lost', () => {
  fc.assert(
    fc.property(backups, backups, caps, (due, running, limits) => {
      const { start, waiting } = admit(due, running, limits);
      expect([...start, ...waiting.map(({ id }) => id)].sort()).toEqual(due.map(({ id }) => id).sort());
      expect(admit([...due].reverse(), running, limits)).toEqual({ start, waiting });
      const started = due.filter(({ id }) => start.includes(id));
      for (const vault of VAULTS) {
        const before = running.filter((one) => one.vault === vault).length;
        const added = started.filter((one) => one.vault === vault).length;
        if (added > 0) expect(before + added).toBeLessThanOrEqual(limits.perVault);
      }
      for (const driver of DRIVERS) {
        const before = running.filter((one) => one.drivers.includes(driver)).length;
        const added = started.filter((one) => one.drivers.includes(driver)).length;
        if (added > 0) expect(before + added).toBeLessThanOrEqual(limits.perDriver);
      }
    }),
    { numRuns: 2_000 },
  );
});

test('where nothing runs the first always starts, and nobody overtakes one that needs the same places', () => {
  fc.assert(
    fc.property(backups, caps, (due, limits) => {
      const { start, waiting } = admit(due, [], limits);
      const [first] = [...due].sort((a, b) => a.dueAt - b.dueAt || (a.id < b.id ? -1 : 1));
      expect(start[0]).toBe(first?.id);
      const placesOf = (id: string) => {
        const one = due.find((backup) => backup.id === id);
        return JSON.stringify([one?.vault, one?.drivers]);
      };
      const dueAt = (id: string) => due.find((backup) => backup.id === id)?.dueAt ?? 0;
      for (const { id } of waiting) {
        const overtaking = start.filter((other) => placesOf(other) === placesOf(id) && dueAt(other) > dueAt(id));
        expect(overtaking).toEqual([]);
      }
    }),
    { numRuns: 2_000 },
  );
});

test('a backup that needs every driver does not starve, however many that need one come behind it', () => {
  fc.assert(
    fc.property(caps, fc.array(fc.constantFrom(...DRIVERS), { minLength: 200, maxLength: 200 }), (limits, stream) => {
      const wanted: DueBackup = { id: 'wanted', vault: 'gold', drivers: DRIVERS, dueAt: instantOf(1) };
      const full = Array.from({ length: limits.perDriver }, () =>
        DRIVERS.map((driver) => ({ vault: 'silver', drivers: [driver] })),
      );
      let running: { vault: string; drivers: readonly string[] }[] = full.flat();
      let queue = [wanted];
      let rounds = 0;
      // One backup ends per round, and one that needs a single driver becomes due.
      for (const driver of stream) {
        rounds += 1;
        running = running.slice(1);
        queue = [...queue, { id: `s${rounds}`, vault: `v${rounds}`, drivers: [driver], dueAt: instantOf(1 + rounds) }];
        const { start } = admit(queue, running, limits);
        if (start.includes('wanted')) break;
        running = [...running, ...queue.filter(({ id }) => start.includes(id))];
        queue = queue.filter(({ id }) => !start.includes(id));
      }
      expect(rounds).toBeLessThanOrEqual(DRIVERS.length * limits.perDriver + 1);
    }),
    { numRuns: 200 },
  );
});
