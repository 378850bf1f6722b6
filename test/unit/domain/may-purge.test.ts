/** May this be purged? Each check refuses what it is there for, and nothing else stands in its way. */
import { expect, test } from 'vitest';
import type { BackupItemStatus } from '../../../src/api/backup-item.gen.ts';
import { decodeItem, decodeVault } from '../../../src/domain/backup-item/decode.ts';
import { type BlockReason, checks, LEASE_LEFT_MS, mayPurge } from '../../../src/domain/backup-item/may-purge.ts';
import type { GateFacts } from '../../../src/domain/backup-item/observation.ts';
import { formatInstant, instantOf, MINUTE_MS } from '../../../src/domain/time.ts';
import {
  aPoint,
  aSoftDeletedItem,
  aStoppedItem,
  aVault,
  TERMINATING,
  windowStatus,
} from '../../support/domain/builders.ts';
import { at, ITEM } from '../../support/domain/names.ts';
import { digestOf, SETTINGS } from '../../support/domain/observations.ts';
import { gate } from '../../support/domain/steps.ts';

const points = [aPoint()];
const DUE = instantOf(at(13) + SETTINGS.marginMs);
const frozen = { count: 1, digest: digestOf(points) };

type Item = NonNullable<Parameters<typeof aSoftDeletedItem>[0]>;

/** A gate that stands open: due, trusted, nothing in the way. */
function open(item: Item = {}, changes: Partial<GateFacts> = {}): GateFacts {
  const softDeleted = aSoftDeletedItem({ ...item, status: { recoveryPoints: frozen, ...item.status } });
  return gate({ item: softDeleted, points, now: DUE }, changes);
}

function immediate(status: BackupItemStatus = {}, changes: Partial<GateFacts> = {}): GateFacts {
  const item = aStoppedItem({
    spec: { protection: 'StopDeleteData' },
    status: {
      ...windowStatus(at(13), at(13)),
      deletionMode: 'Immediate',
      softDeleteState: 'Disabled',
      deletionRequest: { by: 'Spec', uid: `uid-${ITEM}`, generation: 1 },
      recoveryPoints: frozen,
      ...status,
    },
  });
  const vault = aVault({ spec: { softDelete: { state: 'Disabled' } } });
  return gate({ item, vault, points, now: at(13) }, changes);
}

const byDelete = { by: 'Delete', uid: `uid-${ITEM}`, generation: 3 } as const;
const wantsMail = { notifications: { email: { to: ['ops@example.com'] } } };
const warned = (firstAttemptTime: string) =>
  [{ kind: 'Warning', channel: 'email', dueTime: firstAttemptTime, firstAttemptTime, attempts: 1 }] as const;
const clocks = (wall: number, server: number | undefined, verdict: GateFacts['clocks']['verdict'] = 'Trusted') => ({
  clocks: { wall: instantOf(wall), server: server === undefined ? undefined : instantOf(server), verdict },
});

const admitted: readonly (readonly [string, GateFacts])[] = [
  ['its deadline and the margin have passed', open()],
  [
    'it was deleted by a DELETE and is still terminating',
    open({
      meta: { generation: 3, ...TERMINATING },
      spec: { protection: 'Active' },
      status: { deletionRequest: byDelete },
    }),
  ],
  [
    'it carries on the record of an object that was deleted',
    open({ status: { handedOver: true, deletionRequest: { ...byDelete, uid: 'uid-old' } } }),
  ],
  ['soft delete was off before its deletion, and is', immediate()],
  ['the storage held it until the very deadline', open({}, { retainUntil: at(13) })],
  [
    'people were warned two days ago',
    open({ status: { notices: warned(formatInstant(at(10))) } }, { vault: decodeVault(aVault({ spec: wantsMail })) }),
  ],
  ['the vault is terminating', open({}, { vault: decodeVault(aVault({ meta: TERMINATING })) })],
  ['the rate admits one just now', open({}, { rateFreeAt: DUE })],
];

test.for(admitted)('an item may be purged when %s', ([, facts]) => {
  expect(mayPurge(facts, SETTINGS)).toEqual({ may: true });
});

const refused: readonly (readonly [BlockReason, string, GateFacts])[] = [
  ['NotSoftDeleted', 'it is not deleted at all', open({ status: { deleteState: 'NotDeleted' } })],
  ['NotSoftDeleted', 'it is being purged already', open({ status: { deleteState: 'Purging' } })],
  [
    'NotSoftDeleted',
    'it says ToBeDeleted with the mode of another state',
    open({ status: { deletionMode: 'Immediate' } }),
  ],
  [
    'NotSoftDeleted',
    'its record can not be read',
    { ...open(), item: decodeItem(aSoftDeletedItem({ status: { purgeTime: 'soon' } })) },
  ],
  [
    'NotAskedFor',
    'nobody is on record as having asked',
    { ...open(), item: { ...open().item, state: withoutRequest() } },
  ],
  ['NotAskedFor', 'the spec was edited to keep the data', open({ spec: { protection: 'StopRetainData' } })],
  [
    'NotAskedFor',
    'a DELETE is on record, but the object is not terminating',
    open({ spec: { protection: 'Active' }, status: { deletionRequest: byDelete } }),
  ],
  [
    'NotAskedFor',
    'the object was edited after its DELETE',
    open({
      meta: { generation: 4, ...TERMINATING },
      spec: { protection: 'StopRetainData' },
      status: { deletionRequest: byDelete },
    }),
  ],
  ['VaultUnknown', 'its vault is not there', open({}, { vault: 'Absent' })],
  ['VaultUnknown', 'its vault could not be read', open({}, { vault: 'Unknown' })],
  ['SoftDeleteInForce', 'the vault keeps deleted data again', immediate({}, { vault: decodeVault(aVault()) })],
  ['SoftDeleteInForce', 'soft delete was on when it was last noted', immediate({ softDeleteState: 'Enabled' })],
  ['PurgeSuspended', 'the cluster is suspended', open({}, { suspended: true })],
  [
    'PurgeSuspended',
    'the vault is suspended',
    open({}, { vault: decodeVault(aVault({ spec: { suspendPurge: true } })) }),
  ],
  ['ClockSkew', 'the clocks differ', open({}, clocks(DUE, DUE, 'Skewed'))],
  ['ClockSkew', 'the local clock has jumped', open({}, clocks(DUE, DUE, 'Stepped'))],
  ['ClockSkew', 'the API server has not told the time lately', open({}, clocks(DUE, undefined))],
  ['NotDue', 'the margin has not passed', open({}, clocks(DUE - 1, DUE - 1))],
  ['NotDue', 'the API server is behind the local clock', open({}, clocks(at(20_000), DUE - 1))],
  ['NotDue', 'the local clock is behind the API server', open({}, clocks(DUE - 1, at(20_000)))],
  ['NotDue', 'its window was shortened below the shortest', open({ status: windowStatus(at(5), at(6)) })],
  [
    'RecordChanged',
    'a point has appeared since',
    open({}, { digest: digestOf([...points, aPoint({ meta: { name: 'web-p2' } })]) }),
  ],
  ['RecordChanged', 'its frozen list was lost', open({ status: { recoveryPoints: { count: 1 } } })],
  ['EngineUnknown', 'the storage does not say what it holds', open({}, { retainUntil: 'Unknown' })],
  ['HeldLonger', 'the storage holds it longer', open({}, { retainUntil: at(14) })],
  ['RestoreRunning', 'a restore reads its data', open({}, { pinnedByRestore: 'restore-1' })],
  ['WarningPending', 'nobody was warned', open({}, { vault: decodeVault(aVault({ spec: wantsMail })) })],
  [
    'WarningPending',
    'people were warned yesterday',
    open({ status: { notices: warned(formatInstant(at(12))) } }, { vault: decodeVault(aVault({ spec: wantsMail })) }),
  ],
  ['NotLeading', 'the lease ends before the write could be told', open({}, { leaseLeftMs: LEASE_LEFT_MS })],
  ['RateLimited', 'others come first', open({}, { rateFreeAt: instantOf(DUE + MINUTE_MS) })],
];

function withoutRequest(): GateFacts['item']['state'] {
  const { state } = open().item;
  if (state.type !== 'Known') throw new Error('not a record');
  return { type: 'Known', record: { ...state.record, request: undefined } };
}

test.for(refused)('a purge is refused with %s when %s', ([reason, , facts]) => {
  expect(mayPurge(facts, SETTINGS)).toMatchObject({ may: false, reason });
});

test('every check is missed: without it one of these refusals would be none, or another', () => {
  for (const check of checks) {
    const missed = refused.some(([reason, , facts]) => {
      if (facts.item.state.type !== 'Known') return false;
      const judged = { ...facts, record: facts.item.state.record, settings: SETTINGS };
      const others = checks.filter((other) => other !== check).flatMap((other) => other(judged) ?? []);
      return check(judged)?.reason === reason && others.length === 0;
    });
    expect(missed, check.name).toBe(true);
  }
});

test('a refusal that time alone lifts says when to ask again', () => {
  const timed: readonly BlockReason[] = ['ClockSkew', 'NotDue', 'EngineUnknown', 'NotLeading', 'RateLimited'];
  for (const [reason, , facts] of refused) {
    if (!timed.includes(reason)) continue;
    expect(mayPurge(facts, SETTINGS), reason).toHaveProperty('retryAt');
  }
});

test('a longer hold of the storage raises the deadline to a whole second that is not before it', () => {
  const retainUntil = instantOf(at(14) + 1);
  expect(mayPurge(open({}, { retainUntil }), SETTINGS)).toMatchObject({ raiseTo: at(14) + 1000 });
});
