/**
 * One backup, from its job to an available point. Each call answers the next step; the point's name and identity are derived
 * from the job, so that a crash anywhere finds what it had begun.
 *
 *   accept job ─▶ look at vault ─▶ inspect source ─▶ dataHeldSince ─▶ point (planned) ─▶ take ─▶ handles ─▶ Available
 *       ─▶ item's lastBackup ─▶ job completed
 */
import type { RecoveryPointSpec } from '../../api/recovery-point.gen.ts';
import { suffixed } from '../object-name.ts';
import { formatInstant, SECOND_MS } from '../time.ts';
import { askAgainMs, waitForEngine } from './engine-trouble.ts';
import { finishJob, openJobs, startJob } from './jobs.ts';
import { availablePoint, failedPoint } from './point-status.ts';
import type { Job, Point } from './observation.ts';
import { type Known, type Outcome, pointSummary, settle, verdict } from './outcome.ts';

/** A backup whose point exists must end before anything else is done to the item; one that hasn't begun is cancelled. */
export function finishRunningBackup(o: Known): Outcome | undefined {
  const job = openJobs(o, 'Backup').find((open) => pointOf(o, open) !== undefined);
  return job && runBackup(o, job);
}

export function runBackup(o: Known, job: Job): Outcome {
  const name = pointName(o, job);
  if (job.state === 'New' || !job.hasFinalizer) {
    return { type: 'AcceptJob', job, status: startJob(o, job, { pointName: name }) };
  }
  const point = pointOf(o, job);
  if (point === undefined) return planPoint(o, job, name);
  if (point.state === 'Creating') return takePoint(o, job, point);
  return point.state === 'Available' ? complete(o, job, point) : fail(o, job, wordsOfFailure(o));
}

/** By its identity, which derives from the job's uid: names come back, and what an earlier job of this name made is not its. */
export function pointOf(o: Known, job: Job): Point | undefined {
  const id = pointIDOf(o.record.itemID, job.uid, o.hash);
  return o.points.find((point) => point.pointID === id);
}

/** Whether the item has told how this job ended. */
function isTold({ item: { status } }: Known, job: Job): boolean {
  return status.lastBackup?.jobName === job.name && status.lastBackup.jobUID === job.uid;
}

function pointName(o: Known, job: Job): string {
  return suffixed(o.item.name, o.hash(`${o.record.itemID}/${job.uid}`).slice(0, 8));
}

/** A UUID (version 8: of our own making) out of the same hash, so that a repeated attempt is the same point. */
export function pointIDOf(itemID: string, jobUID: string, hash: (text: string) => string): string {
  const hex = hash(`${itemID}/${jobUID}`);
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  );
}

function planPoint(o: Known, job: Job, name: string): Outcome {
  if (isTold(o, job)) return fail(o, job, wordsOfFailure(o));
  const { engine } = o.settings;
  if (engine === undefined) return fail(o, job, 'this operator has no engine for the vault');
  if (o.live.vault === undefined) return { type: 'LookAtVault' };
  if (typeof o.live.vault !== 'object' || o.live.vault.terminating) {
    return fail(o, job, `vault ${o.item.vaultName} is gone or terminating: it takes no new backups`);
  }
  // A vault without its finalizer could go in this very moment, and leave data that nothing holds it for (I12).
  if (!o.live.vault.hasFinalizer) return settle([], {}, { wakeAt: later(o, SECOND_MS) });
  const { inspected } = o.answers;
  if (inspected === undefined) return { type: 'Inspect' };
  if (inspected.type === 'Blocked') return fail(o, job, inspected.words);
  if (inspected.type !== 'Done') return waitForEngine(o, inspected, 'SourceUnknown');
  if (inspected.value.type === 'Absent') return fail(o, job, inspected.value.words, { sourceAbsent: true });
  if (o.record.dataHeldSince === undefined) return settle([], { dataHeldSince: formatInstant(o.now) });
  return { type: 'CreatePoint', name, spec: specOf(o, job, { engine, disks: inspected.value.disks }) };
}

function specOf(
  o: Known,
  job: Job,
  plan: { readonly engine: string; readonly disks: readonly string[] },
): RecoveryPointSpec {
  return {
    pointID: pointIDOf(o.record.itemID, job.uid, o.hash),
    itemID: o.record.itemID,
    vaultRef: { name: o.item.vaultName },
    itemRef: { name: o.item.name },
    source: o.item.source,
    engine: plan.engine as RecoveryPointSpec['engine'],
    jobName: job.name,
    plannedTime: formatInstant(o.now),
    ...(job.expiryTime === undefined ? {} : { expiryTime: job.expiryTime }),
    disks: plan.disks.map((name) => ({ name })),
  };
}

function takePoint(o: Known, job: Job, point: Point): Outcome {
  const answer = o.answers.taken.get(point.name);
  if (answer === undefined) return { type: 'Take', point };
  if (answer.type === 'Blocked') return { type: 'WritePoint', point, status: failedPoint(o.now, answer.words) };
  if (answer.type !== 'Done') return settle([], {}, { wakeAt: later(o, askAgainMs(answer)) });
  if (!point.handlesRecorded) return { type: 'RecordHandles', point, taken: answer.value };
  return { type: 'WritePoint', point, status: availablePoint(o.now, job.expiryTime) };
}

function later(o: Known, ms: number) {
  return (o.now + ms) as typeof o.now;
}

function complete(o: Known, job: Job, point: Point): Outcome {
  if (isTold(o, job)) {
    return finishJob(o, job, { state: 'Completed', message: `recovery point ${point.name} is available` });
  }
  return settle(
    [
      verdict('SourceAvailable', 'True', 'SourceFound', 'the source was found at the last backup'),
      // What was found missing is not back because of a new point.
      ...(isMissing(o)
        ? []
        : [verdict('DataAvailable', 'True', 'PointsAvailable', 'the storage has the data of all recovery points')]),
    ],
    {
      ...pointSummary(o.points),
      lastBackup: { time: formatInstant(o.now), state: 'Completed', ...nameOf(job), pointName: point.name },
    },
    { event: { reason: 'BackupCompleted', type: 'Normal', note: `recovery point ${point.name} is available` } },
  );
}

function isMissing({ item }: Known): boolean {
  return (
    item.status.conditions?.some(({ type, reason }) => type === 'DataAvailable' && reason === 'DataMissing') ?? false
  );
}

/** First the item says so, then the job ends: a crash in between ends it with the same words. */
function fail(o: Known, job: Job, words: string, { sourceAbsent = false } = {}): Outcome {
  if (isTold(o, job)) return finishJob(o, job, { state: 'Failed', message: words });
  const message = `backup failed: ${words}`;
  return settle(
    [
      verdict('Protected', 'False', 'BackupFailed', message),
      ...(sourceAbsent ? [verdict('SourceAvailable', 'False', 'SourceNotFound', words)] : []),
    ],
    { lastBackup: { time: formatInstant(o.now), state: 'Failed', ...nameOf(job) } },
    { event: { reason: 'BackupFailed', type: 'Warning', note: message } },
  );
}

function nameOf({ name, uid }: Job): { readonly jobName: string; readonly jobUID: string } {
  return { jobName: name, jobUID: uid };
}

function wordsOfFailure(o: Known): string {
  const said = o.item.status.conditions?.find((c) => c.type === 'Protected' && c.reason === 'BackupFailed');
  return said?.message.replace(/^backup failed: /, '') ?? 'the storage refused to take it';
}
