/**
 * What deciding costs by itself, without a control plane: retention over 100,000 points, and the schedules of a thousand items
 * due at the same minute. Medians, after a warm-up.
 */
import { CronerCron } from '../src/adapters/cron/croner.ts';
import { decideRetention } from '../src/domain/recovery-retention/decide.ts';
import type { RetentionObservation, RetentionPoint } from '../src/domain/recovery-retention/observation.ts';
import { readRetention } from '../src/domain/recovery-retention/policy.ts';
import { admit } from '../src/domain/schedule/admission.ts';
import { decideRun } from '../src/domain/schedule/due.ts';
import { readSchedule } from '../src/domain/schedule/slots.ts';
import { DAY_MS, HOUR_MS, instantOf, MINUTE_MS, plus } from '../src/domain/time.ts';
import { limit, median, type Row } from './table.ts';

const NOW = instantOf(Date.parse('2026-03-01T02:00:00Z'));
const POINTS = 100_000;
const ITEMS = 1_000;

/** Every rule, in a time zone with summer time. */
const SPEC = {
  schedule: { cron: '0 2 * * *', timeZone: 'Europe/Berlin' },
  retention: {
    daily: { days: 30 },
    weekly: { weekdays: ['Sunday'], weeks: 12 },
    monthly: { months: 24 },
    yearly: { years: 7 },
  },
  minimumPoints: 3,
} as const;

function medianMs(run: () => unknown): number {
  const times: number[] = [];
  for (let round = 0; round < 12; round++) {
    const start = performance.now();
    run();
    if (round > 1) times.push(performance.now() - start);
  }
  return median(times);
}

/** One every `everyMs`, the newest now, listed as a store lists them: not by time. */
function pointsOf(count: number, everyMs: number): readonly RetentionPoint[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `point-${index}`,
    createdAt: plus(NOW, -((index * 7_919) % count) * everyMs),
    state: 'Good',
    onDemand: false,
    ownExpiry: undefined,
    marks: [],
    pinnedBy: undefined,
  }));
}

function observationOf(points: readonly RetentionPoint[]): RetentionObservation {
  const reading = readRetention(SPEC);
  return {
    item: {
      intent: 'Active',
      terminating: false,
      policyName: 'daily',
      record: { deleteState: 'NotDeleted', window: undefined, stopped: false, effectivePolicy: 'daily' },
      unfinished: [],
    },
    policy: reading.ok ? reading.policy : { unknown: reading.message },
    points,
    now: NOW,
    suspendedBy: undefined,
    settings: { dayLengthMs: DAY_MS },
  };
}

function dueRuns(): number {
  const { read } = new CronerCron();
  let due = 0;
  for (let item = 0; item < ITEMS; item++) {
    const reading = readSchedule(SPEC.schedule, read);
    if (reading.type !== 'Scheduled') throw new Error(`schedule of the bench: ${reading.type}`);
    const record = { since: plus(NOW, -DAY_MS * 9), answered: plus(NOW, -DAY_MS - HOUR_MS) };
    const facts = { schedule: reading.schedule, record, jitterMs: 30 * MINUTE_MS, now: NOW };
    if (decideRun({ ...facts, spread: item / ITEMS }).type === 'Due') due += 1;
  }
  return due;
}

/** Rows for the table of bench/main.ts. */
export function retentionRows(): readonly Row[] {
  const many = observationOf(pointsOf(POINTS, HOUR_MS));
  const { policy } = many;
  const each = pointsOf(POINTS / ITEMS, DAY_MS);
  const items = Array.from({ length: ITEMS }, () => ({ ...observationOf(each), policy }));
  const backups = Array.from({ length: ITEMS }, (_, index) => ({
    id: `item-${index}`,
    vault: `backup/vault-${index % 10}`,
    drivers: [`driver-${index % 3}`],
    dueAt: plus(NOW, (index * 7_919) % ITEMS),
  }));
  const millis = { most: 100, unit: ' ms' };
  return [
    limit(
      'retention of 100,000 points of one item',
      medianMs(() => decideRetention(many)),
      millis,
    ),
    limit(
      'retention of 1,000 items with 100 points',
      medianMs(() => items.map(decideRetention)),
      millis,
    ),
    limit('1,000 items asked whether a run is due', medianMs(dueRuns), { most: 50, unit: ' ms' }),
    limit(
      'admission among 1,000 due backups',
      medianMs(() => admit(backups, [], { perVault: 10, perDriver: 10 })),
      {
        most: 50,
        unit: ' ms',
      },
    ),
  ];
}
