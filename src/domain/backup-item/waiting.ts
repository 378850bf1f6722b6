/**
 * ToBeDeleted: everything is on hold until the deadline, and comes back with an undelete. A raw-deleted object hands its record
 * over to a new one here; the deadline stays what it is.
 */
import { isSame } from '../canonical.ts';
import { formatInstant } from '../time.ts';
import { dueAt } from '../retention.ts';
import { raiseLateDeadline } from './deleting.ts';
import { softDeletedWords } from './identity.ts';
import { acknowledge, bySpec, createJob, finishJob, needJob, openJobs } from './jobs.ts';
import type { HandOverRecord, Item, Job } from './observation.ts';
import { type Known, type Outcome, ready, type Rule, settle, unblocked, verdict, withoutWindow } from './outcome.ts';
import { editedSince } from './may-purge.ts';
import { throughGate } from './purging.ts';
import { noted, stoppedVerdicts } from './stopping.ts';

/** deleteState ToBeDeleted. Order is precedence. */
export const waitingRules: readonly Rule[] = [
  raiseLateDeadline,
  undelete,
  ignoreEdit,
  handOver,
  completeDeletionJobs,
  refuseBackups,
  waitForDeadline,
  throughGate,
];

/**
 * The intent is no longer to delete. An object that is terminating can't be revived, so an edit of it counts only where it has
 * to stay anyway, in a terminating namespace, and only if it came after the deletion.
 */
function undelete(o: Known): Outcome | undefined {
  const { item, record } = o;
  if (item.intent === 'StopDeleteData') return undefined;
  if (item.terminating) {
    if (!editedSince(item, record.request)) return undefined;
    if (o.live.namespaceTerminating === undefined) return { type: 'LookAtNamespace' };
    if (o.live.namespaceTerminating !== true) return undefined;
  } else {
    const step = undeleteJob(o);
    if (step !== undefined) return step;
  }
  return settle(
    [...stoppedVerdicts(o), verdict('PurgeBlocked', 'False', 'NotBlocked', 'no purge is due')],
    {
      ...withoutWindow,
      deleteState: 'NotDeleted',
      protectionState: 'ProtectionStopped',
      handedOver: null,
      // A terminating object goes on asking: its request is remembered as answered.
      deletionRequest: item.terminating ? { by: 'Delete', uid: item.uid, generation: item.generation } : null,
      recoveryPoints: withoutDigest(item.status.recoveryPoints),
      ...noted(o),
    },
    {
      event: {
        reason: 'Undeleted',
        type: 'Normal',
        note: `undeleted with ${item.status.recoveryPoints?.count ?? 0} recovery points; resume with protection: Active and a policyRef`,
      },
    },
  );
}

/** Whoever edits an object that is going believes to have undeleted it: told once, before the object is gone. */
function ignoreEdit(o: Known): Outcome | undefined {
  if (!comesTooLate(o) || o.namespaceTerminating || o.live.namespaceTerminating !== false) return undefined;
  const words = tooLate(o.item);
  const told = o.item.status.conditions?.some(({ type, message }) => type === 'Ready' && message === words);
  if (told === true) return undefined;
  return settle(
    [ready('True', 'SoftDeleted', words)],
    {},
    { event: { reason: 'EditIgnored', type: 'Warning', note: words } },
  );
}

function comesTooLate({ item, record }: Known): boolean {
  return item.terminating && item.intent !== 'StopDeleteData' && editedSince(item, record.request);
}

function tooLate({ intent }: Item): string {
  return `this object is being deleted: its edit does not undelete it; set protection: ${intent} on its successor`;
}

/** It has to be told from a forged one once the item is NotDeleted: it is acknowledged before. */
function undeleteJob(o: Known): Outcome | undefined {
  const [job] = openJobs(o, 'Undelete');
  if (job === undefined) return needJob(o, 'Undelete', bySpec(o.item));
  return job.acknowledged ? undefined : acknowledge(o, job);
}

function withoutDigest(summary: HandOverRecord['recoveryPoints'] | undefined) {
  if (summary === undefined) return null;
  const { digest: _frozen, ...rest } = summary;
  return rest;
}

/**
 * The object is going: job with the whole record, read back, then our finalizer off. What follows (a new object, its status)
 * is derived from the job.
 */
function handOver(o: Known): Outcome | undefined {
  const { item, record } = o;
  if (!item.terminating || o.namespaceTerminating) return undefined;
  if (o.live.namespaceTerminating === undefined) return { type: 'LookAtNamespace' };
  if (o.live.namespaceTerminating !== false) return undefined;
  const job = openJobs(o, 'DeleteBackupData').find(
    (open) => open.request?.by === 'Delete' && open.request.uid === item.uid,
  );
  if (job === undefined) {
    const generation = record.request?.uid === item.uid ? record.request.generation : item.generation;
    return createJob(o, 'DeleteBackupData', { by: 'Delete', uid: item.uid, generation });
  }
  const wanted = recordOf(o);
  if (wanted === undefined) return undefined;
  if (!sameRecord(job.record, wanted)) return writeRecord(o, job, wanted);
  const { readBack } = o.live;
  if (readBack?.jobName !== job.name) return { type: 'ReadBackJob', job };
  if (!sameRecord(readBack.record, wanted)) return writeRecord(o, job, wanted);
  if (item.hasFinalizer) return { type: 'RemoveFinalizer', why: 'HandedOver' };
  // Others still hold the object. Its record is in the job now, and nothing is purged on the word of an object that may go.
  return settle([ready('True', 'SoftDeleted', comesTooLate(o) ? tooLate(item) : softDeletedWords(wanted))]);
}

function writeRecord(o: Known, job: Job, record: HandOverRecord): Outcome {
  const { source } = o.item;
  return {
    type: 'WriteJob',
    job,
    status: {
      ...job.status,
      state: 'InProgress',
      itemID: record.itemID,
      startTime: job.status.startTime ?? formatInstant(o.now),
      workload: { kind: source.kind, namespace: source.namespace, name: source.name },
      message: 'the deleted object hands its record over to a new one',
      record,
    },
  };
}

/** Everything that the new object needs to be what the old one was. */
function recordOf({ item, record }: Known): HandOverRecord | undefined {
  const { status } = item;
  const { window, request } = record;
  if (window === undefined || request === undefined) return undefined;
  const { apiVersion, kind, namespace, name } = item.source;
  return {
    itemName: item.name,
    itemUID: item.uid,
    spec: {
      vaultRef: { name: item.vaultName },
      source: { apiVersion, kind, namespace, name },
      ...(item.policyName === undefined ? {} : { policyRef: { name: item.policyName } }),
    },
    itemID: record.itemID,
    ...(record.dataHeldSince === undefined ? {} : { dataHeldSince: formatInstant(record.dataHeldSince) }),
    deleteTime: formatInstant(window.deleteTime),
    purgeTime: formatInstant(window.purgeTime),
    retentionDays: window.retentionDays,
    deletionMode: window.mode,
    ...(record.notedSoftDelete === undefined ? {} : { softDeleteState: record.notedSoftDelete }),
    deletionRequest: { by: request.by, uid: request.uid, generation: request.generation },
    recoveryPoints: summaryOf(status.recoveryPoints),
    ...healthOf(status),
  };
}

/** A record that nobody will carry on from needs no verdicts. */
function historyOf(o: Known): HandOverRecord | undefined {
  const record = recordOf(o);
  if (record === undefined) return undefined;
  const { conditions: _health, ...rest } = record;
  return rest;
}

/** What is known of data and source doesn't change because an object was deleted. */
function healthOf({ conditions = [] }: Item['status']): Pick<HandOverRecord, 'conditions'> {
  const health = conditions.filter(({ type }) => type === 'DataAvailable' || type === 'SourceAvailable');
  return health.length === 0 ? {} : { conditions: health };
}

function summaryOf(summary: HandOverRecord['recoveryPoints'] | undefined): HandOverRecord['recoveryPoints'] {
  if (summary === undefined) return { count: 0 };
  const { count, oldestTime, latestTime, digest } = summary;
  return {
    count,
    ...(oldestTime === undefined ? {} : { oldestTime }),
    ...(latestTime === undefined ? {} : { latestTime }),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** The server may answer with another key order. */
function sameRecord(a: HandOverRecord | undefined, b: HandOverRecord): boolean {
  return a !== undefined && isSame(a, b);
}

/** The status says ToBeDeleted, so the deletion is done; a hand-over is done once it is a new object that says so. */
function completeDeletionJobs(o: Known): Outcome | undefined {
  if (o.item.terminating && !o.namespaceTerminating) return undefined;
  const [late] = openJobs(o, 'Undelete', 'StopProtection', 'ResumeProtection');
  if (late !== undefined) return finishJob(o, late, { state: 'Cancelled', message: 'the item is soft-deleted' });
  const [job] = openJobs(o, 'DeleteBackupData');
  if (job === undefined) return undefined;
  const record = job.record ?? historyOf(o);
  const handedOver = job.request?.by === 'Delete' && job.record !== undefined && job.record.itemUID !== o.item.uid;
  return finishJob(o, job, {
    state: 'Completed',
    message: `soft-deleted; the data is kept until ${o.item.status.purgeTime ?? ''}`,
    more: record === undefined ? {} : { record },
    ...(handedOver
      ? {
          event: {
            reason: 'HandedOver',
            type: 'Normal' as const,
            note: `carries on the deleted object ${job.record.itemUID}: same data, same deadline ${job.record.purgeTime}`,
          },
        }
      : {}),
  });
}

function refuseBackups(o: Known): Outcome | undefined {
  const [job] = openJobs(o, 'Backup');
  const message =
    'the item is soft-deleted: undelete first (protection: StopRetainData), then resume (protection: Active)';
  return job && finishJob(o, job, { state: 'Failed', message });
}

function waitForDeadline(o: Known): Outcome | undefined {
  const { window } = o.record;
  if (window === undefined) return undefined;
  const due = dueAt(window, o.settings, o.settings.spread);
  if (o.now >= due) return undefined;
  return settle(
    [
      ready('True', 'SoftDeleted', softDeletedWords({ purgeTime: formatInstant(window.purgeTime) })),
      ...unblocked(o, 'no purge is due'),
    ],
    {},
    { wakeAt: due },
  );
}
