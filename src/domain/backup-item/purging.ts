/**
 * From the deadline to nothing left. `throughGate` is the only way into Purging (may-purge.ts judges); the rules below go on
 * from there, one point after the other, and each destruction is preceded by a fresh look.
 *
 *   due ─▶ look through the gate ─▶ status Purging ─▶ job Purge ─▶ each point: look, release, destroy, prove, Purged
 *       ─▶ look for leftovers ─▶ status Purged ─▶ job completed with the evidence ─▶ records of points removed
 */
import type { Verdict } from '../conditions.ts';
import { formatInstant, MINUTE_MS, plus } from '../time.ts';
import { purgeWaitsForEngine } from './engine-trouble.ts';
import { acknowledge, bySpec, finishJob, needJob, openJobs } from './jobs.ts';
import { purgedPoint } from './point-status.ts';
import { type GateVerdict, LEASE_LEFT_MS, mayPurge } from './may-purge.ts';
import type { DestroyFacts, Item, Point } from './observation.ts';
import { type Known, type Outcome, ready, type Rule, settle, unpurged, verdict } from './outcome.ts';

type Refusal = Exclude<GateVerdict, { may: true }>;

/** A due item: looks live, and either enters Purging or says what stands in the way. */
export function throughGate(o: Known): Outcome {
  const { gate } = o.live;
  const twin = twinOf(o);
  if (twin !== undefined) return blocked(o, o.item, recordShared(twin));
  if (gate === undefined) return o.rateFreeAt > o.now ? rateUsedUp(o) : { type: 'LookThroughGate' };
  const answer = mayPurge(gate, o.settings);
  return answer.may ? enterPurging(gate.item) : blocked(o, gate.item, answer);
}

/** A backlog asks nothing of the API; it wakes spread over ten minutes after the rate admits again. */
function rateUsedUp(o: Known): Outcome {
  return blocked(o, o.item, {
    may: false,
    reason: 'RateLimited',
    message: 'the purge rate of the cluster is used up (--purge-rate)',
    retryAt: plus(o.rateFreeAt, Math.floor(o.settings.spread * 10 * MINUTE_MS)),
  });
}

function enterPurging(judged: Item): Outcome {
  return settle(
    [
      ready('False', 'Purging', 'the data is being destroyed; this can not be undone'),
      verdict('PurgeBlocked', 'False', 'NotBlocked', 'nothing stands in the way of the purge'),
    ],
    { deleteState: 'Purging' },
    {
      manager: 'Purge',
      expect: judged,
      event: {
        reason: 'PurgeStarted',
        type: 'Normal',
        note: 'the retention window has ended: the data is being destroyed',
      },
    },
  );
}

/** Not due is no obstacle, just early; everything else is said in PurgeBlocked, once. */
function blocked(o: Known, judged: Item, refusal: Refusal): Outcome {
  if (refusal.raiseTo !== undefined) {
    return settle([], { purgeTime: formatInstant(refusal.raiseTo) }, { expect: judged });
  }
  if (refusal.reason === 'NotDue') return settle(standing(o), {}, { wakeAt: refusal.retryAt });
  const already = o.item.status.conditions?.some(
    (c) => c.type === 'PurgeBlocked' && c.status === 'True' && c.reason === refusal.reason,
  );
  const quiet = refusal.reason === 'RateLimited' || refusal.reason === 'NotLeading';
  return settle(
    [...standing(o), verdict('PurgeBlocked', 'True', refusal.reason, refusal.message)],
    {},
    {
      wakeAt: refusal.retryAt,
      event: already === true || quiet ? undefined : { reason: 'PurgeBlocked', type: 'Warning', note: refusal.message },
    },
  );
}

/** Ready as it has been since the item came to wait: said again, so that it speaks of the generation that was judged. */
function standing({ item }: Known): readonly Verdict[] {
  return (item.status.conditions ?? []).filter(({ type }) => type === 'Ready');
}

/** deleteState Purging. Order is precedence. */
export const purgingRules: readonly Rule[] = [closeOtherJobs, needPurgeJob, destroyNext, nothingLeft];

/** The deletion was recorded and carried out: its job, and whatever came too late, is closed. */
function closeOtherJobs(o: Known): Outcome | undefined {
  const [job] = openJobs(o, 'Backup', 'Restore', 'Undelete', 'StopProtection', 'ResumeProtection');
  if (job !== undefined) return finishJob(o, job, { state: 'Failed', message: 'the data is being purged: too late' });
  const [deletion] = openJobs(o, 'DeleteBackupData');
  return deletion && finishJob(o, deletion, { state: 'Completed', message: 'the purge has begun' });
}

/** Written before the first destruction. Where the namespace is terminating nothing can be created: it runs without. */
function needPurgeJob(o: Known): Outcome | undefined {
  const [job] = openJobs(o, 'Purge');
  if (job !== undefined) return job.acknowledged ? undefined : acknowledge(o, job);
  const { uid, generation } = o.record.request ?? bySpec(o.item);
  return needJob(o, 'Purge', { by: 'Expiry', uid, generation });
}

function destroyNext(o: Known): Outcome | undefined {
  const [next] = unpurged(o.points);
  if (next === undefined) return undefined;
  if (o.record.digest !== o.digest()) return blocked(o, o.item, recordChanged);
  const twin = twinOf(o);
  if (twin !== undefined) return blocked(o, o.item, recordShared(twin));
  const purged = o.answers.purged.get(next.name);
  if (purged?.type === 'Done') return markPurged(o, next, purged.value.lines);
  if (purged !== undefined) return purgeWaitsForEngine(o, purged);
  // A fresh look for each point: a brake that was pulled meanwhile stops those that have not begun.
  const look = o.live.destroy;
  if (look?.pointName !== next.name) return { type: 'LookBeforeDestroy', point: next };
  const refusal = mayDestroy(look, next);
  if (refusal !== undefined) return blocked(o, look.item, { retryAt: plus(o.now, MINUTE_MS), ...refusal });
  const released = o.answers.released.get(next.name);
  if (released === undefined) return { type: 'Release', point: next, manager: 'Purge' };
  return released.type === 'Done' ? { type: 'Destroy', point: next } : purgeWaitsForEngine(o, released);
}

const recordChanged: Refusal = {
  may: false,
  reason: 'RecordChanged',
  message: 'the recovery points are not those that were soft-deleted: compare them with the BackupJobs',
};

/** Another item with this very record: whose data it is can't be told, and the other may want it. */
function twinOf({ rivals, record }: Known): string | undefined {
  return rivals.find(({ itemID, deleteState }) => itemID === record.itemID && deleteState !== 'Purged')?.name;
}

function recordShared(twin: string): Refusal {
  return {
    may: false,
    reason: 'RecordShared',
    message: `BackupItem ${twin} has the same itemID: clear the status of the one that was made last, it then begins anew`,
  };
}

/** May this point be destroyed now? Asked in the rules, and once more by the code that destroys. */
export function mayDestroy(look: DestroyFacts, point: Point): Refusal | undefined {
  const refuse = (reason: Refusal['reason'], message: string): Refusal => ({ may: false, reason, message });
  const record = look.item.state.type === 'Known' ? look.item.state.record : undefined;
  if (record?.deleteState !== 'Purging') return refuse('NotSoftDeleted', 'the item is not Purging');
  if (record.itemID !== point.itemID) return refuse('RecordChanged', `point ${point.name} belongs to another record`);
  if (typeof look.point !== 'object' || !isSamePoint(look.point, point)) {
    return refuse('RecordChanged', `point ${point.name} is not the one that was read before`);
  }
  if (typeof look.vault !== 'object')
    return refuse('VaultUnknown', 'the vault, and with it its brake, can not be read');
  const suspended = look.suspended || look.vault.suspendPurge;
  if (suspended) return refuse('PurgeSuspended', 'purges are suspended');
  return look.leaseLeftMs > LEASE_LEFT_MS ? undefined : refuse('NotLeading', 'the lease is about to run out');
}

function isSamePoint(a: Point, b: Point): boolean {
  return a.uid === b.uid && a.pointID === b.pointID && a.itemID === b.itemID;
}

function markPurged(o: Known, point: Point, lines: readonly string[]): Outcome {
  return {
    type: 'WritePoint',
    point,
    status: purgedPoint(o.now, lines),
  };
}

/** Purged is said when the storage has been asked once more for anything that bears this itemID. */
function nothingLeft(o: Known): Outcome {
  const { leftovers } = o.live;
  if (leftovers === undefined) return { type: 'LookForLeftovers' };
  if (leftovers === 'Unknown') {
    return purgeWaitsForEngine(o, { type: 'Unknown', words: 'can not tell whether anything is left' });
  }
  if (leftovers.length > 0) {
    return purgeWaitsForEngine(o, { type: 'Blocked', words: `still there: ${leftovers.slice(0, 5).join(', ')}` });
  }
  return settle(
    [
      ready('True', 'Purged', 'permanently deleted'),
      verdict('DataAvailable', 'False', 'Purged', 'permanently deleted'),
      verdict('PurgeBlocked', 'False', 'NotBlocked', 'nothing stands in the way of the purge'),
    ],
    { deleteState: 'Purged', recoveryPoints: { count: 0 } },
    {
      manager: 'Purge',
      event: {
        reason: 'Purged',
        type: 'Normal',
        note: `${o.points.length} recovery points were destroyed, proven gone`,
      },
    },
  );
}
