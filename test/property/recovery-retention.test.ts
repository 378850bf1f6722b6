/** What holds for the retention of any points under any policy, at any time. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { BackupPolicyRetention } from '../../src/api/backup-policy.gen.ts';
import { decideRetention } from '../../src/domain/recovery-retention/decide.ts';
import type { RetentionObservation, RetentionPoint } from '../../src/domain/recovery-retention/observation.ts';
import { RULES } from '../../src/domain/recovery-retention/calendar.ts';
import { DAY_MS, HOUR_MS, instantOf, plus } from '../../src/domain/time.ts';
import { ACTIVE, NEWEST, policyOf, retentionOf, type RetentionSpec } from '../support/domain/retention.ts';
import { NOW } from '../support/domain/names.ts';

const WEEKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'] as const;
const MONTHS = ['January', 'February', 'March', 'October', 'December'] as const;
const WEEKS = ['First', 'Second', 'Third', 'Fourth', 'Last'] as const;

const zones = fc.constantFrom(
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Asia/Kolkata',
  'Australia/Lord_Howe',
  'Pacific/Apia',
);

const monthlyDays = fc.oneof(
  fc.constant({}),
  fc.record({ daysOfMonth: fc.uniqueArray(fc.integer({ min: 1, max: 31 }), { minLength: 1, maxLength: 3 }) }),
  fc.record({
    weekdays: fc.subarray([...WEEKDAYS], { minLength: 1 }),
    weeksOfMonth: fc.subarray([...WEEKS], { minLength: 1 }),
  }),
);

const retentions: fc.Arbitrary<BackupPolicyRetention> = fc
  .record(
    {
      daily: fc.record({ days: fc.integer({ min: 1, max: 90 }) }),
      weekly: fc.record({
        weekdays: fc.subarray([...WEEKDAYS], { minLength: 1 }),
        weeks: fc.integer({ min: 1, max: 20 }),
      }),
      monthly: fc.tuple(monthlyDays, fc.integer({ min: 1, max: 24 })).map(([on, months]) => ({ ...on, months })),
      yearly: fc.record({
        months: fc.subarray([...MONTHS], { minLength: 1 }),
        years: fc.integer({ min: 1, max: 5 }),
      }),
    },
    { requiredKeys: [] },
  )
  .filter((rules) => Object.keys(rules).length > 0);

const specs: fc.Arbitrary<RetentionSpec> = fc.record({
  retention: retentions,
  minimumPoints: fc.integer({ min: 1, max: 5 }),
  schedule: fc.record({ timeZone: zones }),
});

const times = fc.oneof(
  // Close together: several a day, some at the same time, some in the future.
  fc.integer({ min: -60 * 24, max: 24 }).map((hours) => plus(NOW, hours * HOUR_MS)),
  fc.integer({ min: -3_000, max: 2 }).map((days) => plus(NOW, days * DAY_MS)),
);

const somePoint = fc.record({
  createdAt: fc.option(times, { nil: undefined, freq: 20 }),
  state: fc.oneof(
    { weight: 6, arbitrary: fc.constant('Good' as const) },
    { weight: 1, arbitrary: fc.constantFrom('DataUnknown' as const, 'Creating' as const, 'Failed' as const) },
  ),
  onDemand: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  ownExpiry: fc.option(fc.oneof(times, fc.constant('Unreadable' as const)), { nil: undefined, freq: 3 }),
  marks: fc.subarray([...RULES]),
  pinnedBy: fc.option(fc.constant('restore-1'), { nil: undefined, freq: 15 }),
});

const pointLists: fc.Arbitrary<readonly RetentionPoint[]> = fc
  .array(somePoint, { maxLength: 40 })
  .map((all) =>
    all.map((one, index) => ({ ...one, id: `p${index}`, ownExpiry: one.onDemand ? one.ownExpiry : undefined })),
  );

const observations = fc
  .record({ spec: specs, points: pointLists })
  .map(({ spec, points }) => ({ spec, points, o: retentionOf(policyOf(spec), points) }));

function collected(o: RetentionObservation): readonly string[] {
  return decideRetention(o)
    .points.filter(({ verdict }) => !verdict.keep)
    .map(({ point }) => point.id)
    .sort();
}

const isGood = ({ state, createdAt }: RetentionPoint): boolean =>
  state === 'Good' && createdAt !== undefined && createdAt <= NOW;

test('the last good point is never collected, nor do fewer good points remain than minimumPoints', () => {
  fc.assert(
    fc.property(observations, ({ spec, points, o }) => {
      const gone = new Set(collected(o));
      const good = points.filter(isGood);
      const left = good.filter(({ id }) => !gone.has(id));
      expect(left.length).toBeGreaterThanOrEqual(Math.min(good.length, spec.minimumPoints ?? 1));
      const newest = Math.max(...good.map(({ createdAt }) => createdAt ?? 0));
      if (good.length > 0) expect(left.some(({ createdAt }) => createdAt === newest)).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});

test('what is unknown, runs, is being restored or has time left is never collected', () => {
  fc.assert(
    fc.property(observations, ({ o }) => {
      for (const { point, verdict, expiry } of decideRetention(o).points) {
        if (verdict.keep) {
          if (verdict.until !== undefined) expect(verdict.until).toBeGreaterThan(NOW);
          continue;
        }
        expect(point.pinnedBy).toBeUndefined();
        expect(['Good', 'Failed']).toContain(point.state);
        expect(point.ownExpiry).not.toBe('Unreadable');
        expect(point.createdAt ?? Infinity).toBeLessThanOrEqual(NOW);
        expect(expiry ?? -Infinity).toBeLessThanOrEqual(NOW);
      }
    }),
    { numRuns: 1_000 },
  );
});

/** At least as long by each number, with the same days chosen. */
const longer = fc.tuple(fc.nat(50), fc.nat(10), fc.nat(10), fc.nat(5), fc.nat(5));

test('a policy that keeps longer never collects more', () => {
  fc.assert(
    fc.property(
      observations,
      longer,
      ({ spec, points, o }, [moreDays, moreWeeks, moreMonths, moreYears, morePoints]) => {
        const { daily, weekly, monthly, yearly } = spec.retention;
        const grown = policyOf({
          ...spec,
          minimumPoints: (spec.minimumPoints ?? 1) + morePoints,
          retention: {
            ...(daily && { daily: { days: daily.days + moreDays } }),
            ...(weekly && { weekly: { ...weekly, weeks: weekly.weeks + moreWeeks } }),
            ...(monthly && { monthly: { ...monthly, months: monthly.months + moreMonths } }),
            ...(yearly && { yearly: { ...yearly, years: yearly.years + moreYears } }),
          },
        });
        const before = new Set(collected(o));
        expect(collected(retentionOf(grown, points)).filter((id) => !before.has(id))).toEqual([]);
      },
    ),
    { numRuns: 1_000 },
  );
});

test('one more rule never collects more', () => {
  fc.assert(
    fc.property(observations, retentions, ({ spec, points, o }, extra) => {
      const policy = policyOf({ ...spec, retention: { ...extra, ...spec.retention } });
      const before = new Set(collected(o));
      expect(collected(retentionOf(policy, points)).filter((id) => !before.has(id))).toEqual([]);
    }),
    { numRuns: 1_000 },
  );
});

test('the order in which points come does not matter', () => {
  const shuffled = observations.chain((one) =>
    fc
      .shuffledSubarray([...one.points], { minLength: one.points.length })
      .map((points) => ({ ...one, shuffled: retentionOf(policyOf(one.spec), points) })),
  );
  fc.assert(
    fc.property(shuffled, ({ o, shuffled: other }) => {
      const byId = (all: RetentionObservation) =>
        new Map(
          decideRetention(all).points.map(({ point, verdict, marks, expiry }) => [
            point.id,
            { verdict, marks, expiry },
          ]),
        );
      expect(byId(other)).toEqual(byId(o));
      expect(decideRetention(other).wakeAt).toBe(decideRetention(o).wakeAt);
    }),
    { numRuns: 800 },
  );
});

test('deciding again collects nothing more: with all collected, with some, and with the marks written', () => {
  fc.assert(
    fc.property(observations, fc.infiniteStream(fc.boolean()), ({ o }, coins) => {
      const { points } = decideRetention(o);
      const gone = new Set(collected(o));
      const again = (left: readonly RetentionPoint[]) => collected({ ...o, points: left });
      expect(again(o.points.filter(({ id }) => !gone.has(id)))).toEqual([]);
      const marked = points.map(({ point, marks }) => ({ ...point, marks }));
      expect(again(marked)).toEqual([...gone].sort());
      const some = marked.filter(({ id }) => !gone.has(id) || coins.next().value);
      expect(again(some).filter((id) => !gone.has(id))).toEqual([]);
    }),
    { numRuns: 800 },
  );
});

test('points that users add take no time from another one', () => {
  fc.assert(
    fc.property(observations, fc.array(times, { minLength: 1, maxLength: 20 }), ({ o }, added) => {
      const flood = added.map((createdAt, index): RetentionPoint => ({
        ...NEWEST,
        id: `flood${index}`,
        createdAt,
        onDemand: true,
        ownExpiry: instantOf(createdAt + HOUR_MS),
      }));
      const scheduled = new Set(o.points.filter(({ onDemand }) => !onDemand).map(({ id }) => id));
      const before = new Set(collected(o));
      const now = collected({ ...o, points: [...flood, ...o.points] }).filter((id) => scheduled.has(id));
      expect(now.filter((id) => !before.has(id))).toEqual([]);
    }),
    { numRuns: 1_000 },
  );
});

test('once its day is over a point keeps its time, whatever scheduled points come to it', () => {
  fc.assert(
    fc.property(observations, pointLists, ({ spec, o }, added) => {
      const { zone } = policyOf(spec);
      const marked = decideRetention(o).points.map(({ point, marks }) => ({ ...point, marks }));
      const known = new Map(decideRetention({ ...o, points: marked }).points.map((one) => [one.point.id, one]));
      const more = added.map((point) => ({ ...point, id: `added-${point.id}` }));
      for (const { point, expiry, verdict } of decideRetention({ ...o, points: [...more, ...marked] }).points) {
        const before = known.get(point.id);
        const isOver = zone.localDay(point.createdAt ?? NOW) < zone.localDay(NOW);
        if (before === undefined || !before.verdict.keep || !isOver) continue;
        if (before.expiry !== undefined) expect(expiry ?? 0).toBeGreaterThanOrEqual(before.expiry);
        if (!verdict.keep) expect(['LastGoodPoint', 'MinimumPoints']).toContain(before.verdict.by);
      }
    }),
    { numRuns: 1_000 },
  );
});

test('nothing is collected of an item that is deleted, stopped or not resumed, whatever else is true', () => {
  const items = fc
    .record({
      intent: fc.constantFrom('Active' as const, 'StopRetainData' as const, 'StopDeleteData' as const),
      terminating: fc.boolean(),
      policyName: fc.constantFrom('daily', 'other', undefined),
      unfinished: fc.subarray(['Backup', 'Restore', 'ResumeProtection', 'Undelete', 'Purge'] as const),
      record: fc.option(
        fc.record({
          deleteState: fc.constantFrom(
            'NotDeleted' as const,
            'ToBeDeleted' as const,
            'Purging' as const,
            'Purged' as const,
          ),
          stopped: fc.boolean(),
          effectivePolicy: fc.constantFrom('daily', 'other', undefined),
        }),
        { nil: undefined },
      ),
    })
    .map((item) => ({ ...item, record: item.record && { ...item.record, window: undefined } }));
  fc.assert(
    fc.property(observations, items, ({ o }, item) => {
      const open =
        item.intent === 'Active' &&
        !item.terminating &&
        item.record?.deleteState === 'NotDeleted' &&
        !item.record.stopped &&
        item.policyName !== undefined &&
        item.record.effectivePolicy === item.policyName &&
        !item.unfinished.some((operation) => operation !== 'Backup' && operation !== 'Restore');
      expect(collected({ ...o, item })).toEqual(open ? collected({ ...o, item: ACTIVE }) : []);
    }),
    { numRuns: 2_000 },
  );
});

test('until it wakes, nothing changes by itself', () => {
  fc.assert(
    fc.property(observations, fc.double({ min: 0, max: 1, noNaN: true }), ({ o }, share) => {
      const { wakeAt } = decideRetention(o);
      const coming = o.points.flatMap(({ createdAt }) =>
        createdAt !== undefined && createdAt > NOW ? [createdAt] : [],
      );
      if (wakeAt === undefined || coming.length > 0) return;
      const between = instantOf(Math.floor(NOW + (wakeAt - NOW - 1) * share));
      expect(collected({ ...o, now: between })).toEqual(collected(o));
    }),
    { numRuns: 1_000 },
  );
});
