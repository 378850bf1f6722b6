import { expect, test } from 'vitest';
import { instantOf, DAY_MS } from '../../../src/domain/time.ts';
import {
  decideVault,
  type References,
  type VaultItem,
  type VaultObservation,
} from '../../../src/domain/vault/decide.ts';
import { at, NOW } from '../../support/domain/names.ts';

const nothing: References = { items: [], points: [], jobs: [] };

function item(changes: Partial<VaultItem> = {}): VaultItem {
  return { name: 'web', deleteState: 'NotDeleted', stopped: false, holdsData: true, purgeTime: undefined, ...changes };
}

function vault(changes: Partial<VaultObservation> = {}): VaultObservation {
  return {
    name: 'gold',
    namespace: 'backup',
    generation: 1,
    terminating: false,
    hasFinalizer: true,
    status: {},
    softDelete: 'Enabled',
    retentionDays: 14,
    suspendPurge: false,
    suspendedByOperator: false,
    engineAvailable: true,
    engine: 'Simulated',
    cached: nothing,
    live: undefined,
    dayLengthMs: DAY_MS,
    now: NOW,
    ...changes,
  };
}

/** The status that it settles on, and what it does then. */
function settled(changes: Partial<VaultObservation>) {
  const step = decideVault(vault(changes));
  if (step.type !== 'WriteStatus') throw new Error(step.type);
  return { status: step.status, events: step.events, next: decideVault(vault({ ...changes, status: step.status })) };
}

const references: readonly (readonly [string, References, boolean])[] = [
  ['an item with data', { ...nothing, items: [item()] }, true],
  ['a soft-deleted item', { ...nothing, items: [item({ deleteState: 'ToBeDeleted' })] }, true],
  ['an item that is being purged', { ...nothing, items: [item({ deleteState: 'Purging' })] }, true],
  [
    'an item whose status is not known',
    { ...nothing, items: [item({ deleteState: undefined, holdsData: false })] },
    true,
  ],
  ['a point that is not purged', { ...nothing, points: ['p'] }, true],
  ['an unfinished job', { ...nothing, jobs: ['j'] }, true],
  ['a purged item', { ...nothing, items: [item({ deleteState: 'Purged' })] }, false],
  ['an item that never held data', { ...nothing, items: [item({ holdsData: false })] }, false],
  ['nothing at all', nothing, false],
];

test.for(references)('a vault that is deleted is held by what has or may have data: %s', ([, refs, held]) => {
  const { next } = settled({ terminating: true, cached: refs, live: refs });
  expect(next.type).toBe(held ? 'Wait' : 'RemoveFinalizer');
});

test('a vault is let go only after a live look, whatever the cache says', () => {
  expect(settled({ terminating: true }).next.type).toBe('LookForReferences');
  expect(settled({ terminating: true, live: { ...nothing, points: ['p'] } }).next.type).not.toBe('RemoveFinalizer');
});

test('the refusal names ten items, soonest first, until when, and the ways out', () => {
  const items = Array.from({ length: 12 }, (_, index) =>
    item({ name: `vm-${index}`, deleteState: 'ToBeDeleted', purgeTime: at(20 - index) }),
  );
  const { status, events } = settled({ terminating: true, cached: { ...nothing, items } });
  const blocked = status.conditions?.find(({ type }) => type === 'DeletionBlocked');
  expect(blocked).toMatchObject({ status: 'True', reason: 'ItemsRemain' });
  expect(blocked?.message).toContain('12 items: vm-11 (ToBeDeleted, until 2026-03-10T12:00:00Z)');
  expect(blocked?.message).toContain('and 2 more');
  expect(blocked?.message).toContain('Ways out');
  expect(status.blockingItems).toHaveLength(10);
  expect(status.blockingCount).toBe(12);
  expect(events.map(({ reason }) => reason)).toContain('DeletionBlocked');
});

test('counts add up, and purged items are in none of them', () => {
  const items = [
    item(),
    item({ name: 's', stopped: true }),
    item({ name: 'd', deleteState: 'ToBeDeleted', stopped: true, purgeTime: at(3) }),
    item({ name: 'p', deleteState: 'Purged' }),
  ];
  const { status, next } = settled({ cached: { ...nothing, items, points: ['a', 'b'] } });
  expect(status.items).toEqual({ total: 3, active: 1, stopped: 1, softDeleted: 1 });
  expect(status).toMatchObject({ recoveryPoints: 2, nextPurgeTime: '2026-03-04T12:00:00Z' });
  expect(next.type).toBe('Wait');
});

const weakenings: readonly (readonly [string, Partial<VaultObservation>, readonly string[]])[] = [
  ['soft delete goes off', { softDelete: 'Disabled' }, ['SoftDeleteDisabled']],
  ['retention changes', { retentionDays: 30 }, ['RetentionChanged']],
  ['purges are suspended', { suspendPurge: true }, ['PurgeSuspended']],
  ['nothing changes', {}, []],
];

test.for(weakenings)('the owner of a vault is told when %s', ([, change, reasons]) => {
  const before = settled({}).status;
  const step = decideVault(vault({ ...change, status: before, generation: 2 }));
  expect(step.type === 'WriteStatus' ? step.events.map(({ reason }) => reason) : []).toEqual(reasons);
});

test('a vault takes its finalizer before anything else, and no longer when it is terminating', () => {
  expect(decideVault(vault({ hasFinalizer: false })).type).toBe('AddFinalizer');
  expect(decideVault(vault({ hasFinalizer: false, terminating: true })).type).toBe('WriteStatus');
});

test('a deadline of long ago is no reason to think that an item holds nothing', () => {
  const live = { ...nothing, items: [item({ deleteState: 'ToBeDeleted', purgeTime: instantOf(0) })] };
  expect(settled({ terminating: true, cached: live, live }).next.type).toBe('Wait');
});
