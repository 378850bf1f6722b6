/** What holds for any observation, however odd. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { BackupItem, BackupItemStatus } from '../../src/api/backup-item.gen.ts';
import { RETENTION_FINALIZER } from '../../src/api/names.ts';
import type { Step } from '../../src/domain/backup-item/actions.ts';
import { decide } from '../../src/domain/backup-item/decide.ts';
import { decodeItem, decodePoint } from '../../src/domain/backup-item/decode.ts';
import { canonical, isSame } from '../../src/domain/canonical.ts';
import { dueAt, openWindow } from '../../src/domain/retention.ts';
import { DAY_MS, formatInstant, instantOf } from '../../src/domain/time.ts';
import { aJob, anItem, aPoint, aVault, TERMINATING } from '../support/domain/builders.ts';
import { at, ITEM, ITEM_ID, NOW, OTHER_ID } from '../support/domain/names.ts';
import { digestOf, type Facts, observe, SETTINGS } from '../support/domain/observations.ts';
import { gate } from '../support/domain/steps.ts';

const points = [aPoint()];
const times = fc.oneof(
  fc.integer({ min: -40, max: 40 }).map((days) => formatInstant(at(days))),
  fc.constantFrom(
    '',
    'soon',
    '2026-13-45T99:00:00Z',
    '0000-00-00T00:00:00Z',
    '9999-12-31T23:59:59Z',
    '1970-01-01T00:00:00Z',
  ),
);

const words = <T extends string>(...known: readonly T[]) =>
  fc.oneof(fc.constantFrom(...known), fc.string({ maxLength: 6 }) as fc.Arbitrary<T>);

const statuses = fc.record(
  {
    itemID: fc.constantFrom(ITEM_ID, OTHER_ID, ''),
    deleteState: words('NotDeleted', 'ToBeDeleted', 'Purging', 'Purged'),
    protectionState: words('Protected', 'ProtectionStopped', 'InitialBackupPending'),
    dataHeldSince: times,
    deleteTime: times,
    purgeTime: times,
    retentionDays: fc.oneof(fc.integer({ min: -5, max: 400 }), fc.double({ noNaN: true, noDefaultInfinity: true })),
    deletionMode: words('Deferred', 'Immediate'),
    softDeleteState: words('Enabled', 'Disabled'),
    deletionRequest: fc.record({
      by: words('Spec', 'Delete'),
      uid: fc.constantFrom(`uid-${ITEM}`, 'uid-old'),
      generation: fc.nat(5),
    }),
    handedOver: fc.boolean(),
    recoveryPoints: fc.record(
      { count: fc.nat(3), digest: fc.constantFrom(digestOf(points), 'sha256:0') },
      { requiredKeys: ['count'] },
    ),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<BackupItemStatus>;

const items: fc.Arbitrary<BackupItem> = fc
  .record({
    status: statuses,
    protection: words('Active', 'StopRetainData', 'StopDeleteData'),
    terminating: fc.boolean(),
    held: fc.boolean(),
    generation: fc.nat(5),
  })
  .map(({ status, protection, terminating, held, generation }) => ({
    ...anItem({
      meta: { generation, finalizers: held ? [RETENTION_FINALIZER] : [], ...(terminating ? TERMINATING : {}) },
      spec: { protection },
    }),
    status,
  }));

const observations: fc.Arbitrary<Facts> = fc
  .record({
    item: items,
    vault: fc.oneof(
      fc.constant('Absent' as const),
      fc.constantFrom('Enabled', 'Disabled', 'AlwaysOn').map((state) => aVault({ spec: { softDelete: { state } } })),
    ),
    points: fc.subarray(points),
    jobs: fc.subarray([
      aJob('DeleteBackupData'),
      aJob('Backup'),
      aJob('Undelete'),
      aJob('Purge'),
      aJob('StopProtection'),
    ]),
    namespaceTerminating: fc.boolean(),
    looks: fc.boolean(),
    days: fc.integer({ min: -30, max: 60 }),
  })
  .map(({ looks, days, ...facts }) => {
    const asked: Facts = { ...facts, now: at(days) };
    const live = {
      gate: gate(asked),
      leftovers: [],
      vault: observe(asked).vault,
      namespaceTerminating: facts.namespaceTerminating,
    };
    return looks ? { ...asked, live } : asked;
  });

/** Where data begins to be destroyed, or a record is let go. */
function isFinal(step: Step, { item }: Facts): boolean {
  if (step.type !== 'Act') return false;
  const { action } = step;
  if (action.type === 'Destroy' || action.type === 'RemoveFinalizer') return true;
  return (
    action.type === 'WriteStatus' && action.status.deleteState === 'Purging' && item.status?.deleteState !== 'Purging'
  );
}

test('decides on anything without throwing, and destroys nothing on the word of a record that can not be read', () => {
  fc.assert(
    fc.property(observations, (facts) => {
      const step = decide(observe(facts));
      if (decodeItem(facts.item).state.type !== 'Known') expect(isFinal(step, facts)).toBe(false);
    }),
    { numRuns: 6_000 },
  );
});

test('begins to destroy only what is due by its own record, and was asked for', () => {
  fc.assert(
    fc.property(observations, (facts) => {
      const step = decide(observe(facts));
      if (!isFinal(step, facts) || step.type !== 'Act' || step.action.type !== 'WriteStatus') return;
      const { deletionMode, deleteTime = '', purgeTime = '', softDeleteState } = facts.item.status ?? {};
      const now = facts.now ?? NOW;
      expect(now).toBeGreaterThanOrEqual(Date.parse(purgeTime));
      if (deletionMode === 'Immediate') expect(softDeleteState).toBe('Disabled');
      else expect(now).toBeGreaterThanOrEqual(Date.parse(deleteTime) + 14 * DAY_MS);
      const terminating = facts.item.metadata.deletionTimestamp !== undefined;
      expect(terminating || facts.item.spec.protection === 'StopDeleteData').toBe(true);
    }),
    { numRuns: 6_000 },
  );
});

test('lets a finalizer go only where the item is purged, or its record was read back from a job', () => {
  fc.assert(
    fc.property(observations, (facts) => {
      const step = decide(observe(facts));
      if (step.type !== 'Act' || step.action.type !== 'RemoveFinalizer') return;
      expect(facts.item.status?.deleteState).toBe('Purged');
    }),
    { numRuns: 5_000 },
  );
});

test('says again what it said, once it is written: no status follows from itself', () => {
  fc.assert(
    fc.property(observations, (facts) => {
      const step = decide(observe(facts));
      if (step.type !== 'Act' || step.action.type !== 'WriteStatus') return;
      const { status } = step.action;
      const again = decide(observe({ ...facts, item: { ...facts.item, status } }));
      if (again.type !== 'Act' || again.action.type !== 'WriteStatus') return;
      expect(canonical(again.action.status)).not.toBe(canonical(status));
    }),
    { numRuns: 5_000 },
  );
});

test('a wait until some time is the same wait at any time before', () => {
  fc.assert(
    fc.property(observations, fc.double({ min: 0, max: 1, noNaN: true }), (facts, share) => {
      const step = decide(observe(facts));
      if (step.type !== 'Wait' || step.wakeAt === undefined || facts.live !== undefined) return;
      const now = facts.now ?? NOW;
      const between = instantOf(Math.floor(now + (step.wakeAt - now) * share * 0.999));
      expect(decide(observe({ ...facts, now: between }))).toEqual(step);
    }),
    { numRuns: 6_000 },
  );
});

test('a window is never shorter than fourteen days, never due early, and never less than what was promised', () => {
  const days = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(0, -1, 14, 180, Number.MAX_SAFE_INTEGER));
  fc.assert(
    fc.property(
      days,
      fc.integer({ min: 0, max: 4e12 }),
      fc.option(fc.integer({ min: 0, max: 4e12 })),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (count, now, floor, spread) => {
        const window = openWindow(instantOf(now), count, SETTINGS, floor === null ? undefined : instantOf(floor));
        const whole = window.purgeTime % 1000 === 0 || window.purgeTime === floor;
        const long = window.deleteTime >= now && window.purgeTime - window.deleteTime >= 14 * DAY_MS;
        const kept = window.purgeTime >= (floor ?? 0);
        const lateness = { ...SETTINGS, jitterMs: 1_800_000 };
        return whole && long && kept && dueAt(window, lateness, spread) >= window.purgeTime + lateness.marginMs;
      },
    ),
    { numRuns: 100_000 },
  );
});

test('an item whose points are known is decided alike, in whatever order they were listed', () => {
  const some = ['a', 'b', 'c', 'd'].map((name) => aPoint({ meta: { name } }));
  fc.assert(
    fc.property(fc.shuffledSubarray(some, { minLength: 4 }), (shuffled) => {
      expect(digestOf(shuffled)).toBe(digestOf(some));
      expect(shuffled.map(decodePoint)).toHaveLength(some.length);
    }),
  );
});

test('values are the same exactly where their canonical texts are', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 2 }), fc.jsonValue({ maxDepth: 2 }), (a, b) => {
      const copy: unknown = JSON.parse(JSON.stringify(a));
      return isSame(a, copy) && isSame(a, b) === (canonical(a) === canonical(b));
    }),
    { numRuns: 5_000 },
  );
});
