/**
 * MAY THIS BE PURGED? The one place that answers. Every check has to pass, on facts that were read live a moment ago; the
 * first that doesn't names the reason. What is unknown keeps the data.
 *
 * The answer holds for one write: the status write to `Purging`, guarded by the resourceVersion of the very item that was
 * judged here. An undelete changes that resourceVersion, so exactly one of the two wins (docs/safety.md P1, P2).
 */
import { days, dueAt } from '../retention.ts';
import {
  ceilToSecond,
  earliest,
  formatInstant,
  type Instant,
  MINUTE_MS,
  parseInstant,
  plus,
  SECOND_MS,
} from '../time.ts';
import type { Clocks, DeletionRequest, GateFacts, Item, ItemRecord, Settings } from './observation.ts';

export type BlockReason =
  | 'NotSoftDeleted'
  | 'NotAskedFor'
  | 'VaultUnknown'
  | 'SoftDeleteInForce'
  | 'PurgeSuspended'
  | 'ClockSkew'
  | 'NotDue'
  | 'RecordChanged'
  | 'RecordShared'
  | 'EngineUnknown'
  | 'HeldLonger'
  | 'RestoreRunning'
  | 'WarningPending'
  | 'NotLeading'
  | 'RateLimited';

export type GateVerdict =
  | { readonly may: true }
  | {
      readonly may: false;
      readonly reason: BlockReason;
      readonly message: string;
      /** Ask again then; a change of item or vault asks by itself. */
      readonly retryAt?: Instant;
      /** The storage holds the data longer than the record says: the later deadline governs (P11). */
      readonly raiseTo?: Instant;
    };

interface Judged extends GateFacts {
  readonly record: ItemRecord;
  readonly settings: Settings;
}

type Check = (facts: Judged) => Exclude<GateVerdict, { may: true }> | undefined;

const no = (
  reason: BlockReason,
  message: string,
  more: { retryAt?: Instant; raiseTo?: Instant } = {},
): Exclude<GateVerdict, { may: true }> => ({ may: false, reason, message, ...more });

/** A call to the API may take 5 s, and 2 s are left for us to notice that the lease is gone (P16). */
export const LEASE_LEFT_MS = 7 * SECOND_MS;
const RETRY_MS = MINUTE_MS;

/** What a retry is told in: server time, like every deadline. The local clock may be years off. */
function nowOf({ server, wall }: Clocks): Instant {
  return server ?? wall;
}

/** The order is that in which a person would want to hear the reasons. All have to pass. */
export const checks: readonly Check[] = [
  isSoftDeleted,
  isAskedFor,
  vaultIsKnown,
  immediateOnlyWhereSoftDeleteIsOff,
  nothingSuspends,
  clocksAgree,
  isDue,
  recordIsUnchanged,
  holdHasEnded,
  noRestoreRuns,
  peopleWereWarned,
  weLeadLongEnough,
  rateAdmits,
];

/** Asks {@link checks} in order. */
export function mayPurge(facts: GateFacts, settings: Settings): GateVerdict {
  if (facts.item.state.type !== 'Known') return no('NotSoftDeleted', 'the item has no readable record');
  const judged = { ...facts, record: facts.item.state.record, settings };
  for (const check of checks) {
    const refusal = check(judged);
    if (refusal !== undefined) return refusal;
  }
  return { may: true };
}

function isSoftDeleted({ record }: Judged) {
  const mode = record.window?.mode;
  const ready =
    (record.deleteState === 'ToBeDeleted' && mode === 'Deferred') ||
    (record.deleteState === 'NotDeleted' && mode === 'Immediate');
  return ready ? undefined : no('NotSoftDeleted', `deleteState ${record.deleteState} is not waiting for a purge`);
}

function isAskedFor({ item, record }: Judged) {
  if (record.request === undefined) return no('NotAskedFor', 'status.deletionRequest does not say who asked');
  return stillWanted(item, record.request)
    ? undefined
    : no('NotAskedFor', `spec.protection is ${item.intent}: the deletion was taken back`);
}

/** A deletion mark alone is not consent (P8), but an item that was soft-deleted because of it stays wanted until undone. */
function stillWanted(item: Item, request: DeletionRequest): boolean {
  if (item.intent === 'StopDeleteData') return true;
  return request.by === 'Delete' && item.terminating && !editedSince(item, request);
}

/**
 * Whether the intent of an object that was deleted is younger than its deletion. Of an object that carries on an older one's
 * record it is: it was posted with StopDeleteData.
 */
export function editedSince(item: Item, request: DeletionRequest | undefined): boolean {
  if (request === undefined) return false;
  return request.uid !== item.uid || item.generation > request.generation;
}

function vaultIsKnown({ vault, item }: Judged) {
  return typeof vault === 'object'
    ? undefined
    : no('VaultUnknown', `vault ${item.vaultName} is ${vault.toLowerCase()}: create it again to let the purge go on`);
}

function immediateOnlyWhereSoftDeleteIsOff({ record, vault }: Judged) {
  if (record.window?.mode !== 'Immediate') return undefined;
  const off = record.notedSoftDelete === 'Disabled' && typeof vault === 'object' && vault.softDelete === 'Disabled';
  return off ? undefined : no('SoftDeleteInForce', 'the vault keeps deleted data again: no immediate purge');
}

function nothingSuspends({ suspended, vault }: Judged) {
  if (suspended) return no('PurgeSuspended', 'purges are suspended for the whole cluster (--suspend-purges)');
  return typeof vault === 'object' && vault.suspendPurge
    ? no('PurgeSuspended', `purges are suspended in vault ${vault.name} (spec.suspendPurge)`)
    : undefined;
}

function clocksAgree({ clocks }: Judged) {
  if (clocks.verdict === 'Trusted' && clocks.server !== undefined) return undefined;
  return no('ClockSkew', `clocks can't be trusted (${clocks.verdict}): set the node's clock right`, {
    retryAt: plus(nowOf(clocks), RETRY_MS),
  });
}

/** By the earlier of both clocks: late, never early. */
function isDue({ record, clocks, settings }: Judged) {
  const now = earliest([clocks.wall, clocks.server]);
  const due = record.window && dueAt(record.window, settings, settings.spread);
  if (now === undefined || due === undefined) return no('NotDue', 'no readable deadline');
  return now >= due ? undefined : no('NotDue', `due at ${formatInstant(due)}`, { retryAt: due });
}

/** The points of an item are its frozen list (P4): a purge that finds another list than the one it froze stops. */
function recordIsUnchanged({ record, digest }: Judged) {
  return record.digest === digest
    ? undefined
    : no('RecordChanged', 'the recovery points are not those that were soft-deleted: compare them with the BackupJobs');
}

function holdHasEnded({ record, retainUntil, clocks }: Judged) {
  if (retainUntil === 'Unknown') {
    return no('EngineUnknown', 'the storage does not say what it holds', { retryAt: plus(nowOf(clocks), RETRY_MS) });
  }
  const promised = record.window;
  if (promised === undefined || promised.mode === 'Immediate' || retainUntil === undefined) return undefined;
  return retainUntil <= promised.purgeTime
    ? undefined
    : no('HeldLonger', `the storage holds the data until ${formatInstant(retainUntil)}`, {
        raiseTo: ceilToSecond(retainUntil),
      });
}

function noRestoreRuns({ pinnedByRestore }: Judged) {
  return pinnedByRestore === undefined
    ? undefined
    : no('RestoreRunning', `restore ${pinnedByRestore} still reads the data`);
}

/** Warned, or nobody to warn; at least two days between the first attempt and the purge (I9). */
function peopleWereWarned({ item, record, vault, clocks, settings }: Judged) {
  const nobody = typeof vault !== 'object' || !vault.hasRecipients || record.window?.mode === 'Immediate';
  if (nobody) return undefined;
  const attempts = (item.status.notices ?? [])
    .filter((notice) => notice.kind === 'Warning')
    .map((notice) => parseInstant(notice.firstAttemptTime));
  const first = earliest(attempts);
  const from = first === undefined ? undefined : plus(first, days(2, settings));
  const now = nowOf(clocks);
  if (from !== undefined && now >= from) return undefined;
  return no(
    'WarningPending',
    from === undefined
      ? `the recipients of vault ${item.vaultName} have not been warned yet`
      : `the warning was first sent at ${formatInstant(first ?? now)}: waiting until ${formatInstant(from)}`,
    from === undefined ? {} : { retryAt: from },
  );
}

function weLeadLongEnough({ leaseLeftMs, clocks }: Judged) {
  return leaseLeftMs > LEASE_LEFT_MS
    ? undefined
    : no('NotLeading', 'the lease is about to run out', { retryAt: plus(nowOf(clocks), 5 * SECOND_MS) });
}

function rateAdmits({ rateFreeAt, clocks }: Judged) {
  return rateFreeAt <= nowOf(clocks)
    ? undefined
    : no('RateLimited', 'the purge rate of the cluster is used up (--purge-rate)', { retryAt: rateFreeAt });
}
