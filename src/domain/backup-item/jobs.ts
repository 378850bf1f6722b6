/** BackupJobs as a rule sees them: finding the one that an operation needs, and the words of its status. */
import type { BackupJobStatus } from '../../api/backup-job.gen.ts';
import type { Condition } from '../../api/meta.ts';
import { mergeConditions } from '../conditions.ts';
import { formatInstant, formatSpan, type Instant } from '../time.ts';
import type { Action, EventDraft } from './actions.ts';
import { isFinished } from './decode.ts';
import type { DeletionRequest, Item, Job, Operation } from './observation.ts';
import type { Known } from './outcome.ts';

type Final = 'Completed' | 'CompletedWithWarnings' | 'Failed' | 'Cancelled';

/**
 * Unfinished jobs of this record, oldest first. What a job's spec says was written by whoever created it: until its status says
 * whose it is, it has to name this very item, and no other record.
 */
export function openJobs(o: Known, ...operations: readonly Operation[]): readonly Job[] {
  return o.jobs.filter(
    (job) => operations.includes(job.operation) && !isFinished(job) && !isLeaving(job) && isOf(o, job),
  );
}

function isOf({ item, record }: Known, job: Job): boolean {
  if (job.acknowledged) return job.itemID === record.itemID;
  return job.itemName === item.name && (job.itemID === undefined || job.itemID === record.itemID);
}

/** Deleted by somebody before it bore our finalizer: it can't be accepted any more, and goes. */
function isLeaving(job: Job): boolean {
  return job.terminating && !job.hasFinalizer;
}

/** The job of an operation that this very request asked for, if it is still open. */
export function openJobFor(o: Known, operation: Operation, request: DeletionRequest): Job | undefined {
  return openJobs(o, operation).find((job) => job.request?.by === request.by && job.request.uid === request.uid);
}

/** `attempt` tells apart several jobs for one request. */
interface JobRequest {
  readonly by: DeletionRequest['by'] | 'FirstBackup' | 'Expiry';
  readonly uid: string;
  readonly generation: number;
  readonly attempt?: number;
}

export function createJob(o: Known, operation: Operation, { attempt = 0, ...request }: JobRequest): Action {
  const { itemID } = o.record;
  return {
    type: 'CreateJob',
    occasion: [itemID, operation, request.by, request.uid, request.generation, attempt].join('/'),
    spec: { operation, itemRef: { name: o.item.name }, itemID, request },
  };
}

/**
 * As {@link createJob}, except where the namespace is terminating: nothing can be created there, and the work goes on without
 * a job, its state in the item's status alone. Undefined means: go on.
 */
export function needJob(o: Known, operation: Operation, request: JobRequest): Action | undefined {
  if (o.namespaceTerminating) {
    if (o.live.namespaceTerminating === undefined) return { type: 'LookAtNamespace' };
    if (o.live.namespaceTerminating === true) return undefined;
  }
  return createJob(o, operation, request);
}

/** Who asks where spec.protection itself is the request. */
export function bySpec(item: Item): DeletionRequest {
  return { by: 'Spec', uid: item.uid, generation: item.generation };
}

/** Makes a job ours for good: from here on its status says whose it is. */
export function acknowledge(o: Known, job: Job): Action {
  return { type: 'AcceptJob', job, status: startJob(o, job, {}) };
}

export function finishJob(
  o: { readonly item: Item; readonly now: Instant },
  job: Job,
  outcome: {
    readonly state: Final;
    readonly message: string;
    readonly more?: Partial<BackupJobStatus>;
    readonly event?: EventDraft;
  },
): Action {
  const started = job.status.startTime ?? formatInstant(job.createdAt);
  return {
    type: 'WriteJob',
    job,
    status: {
      ...job.status,
      ...workloadOf(o.item),
      ...(job.itemID === undefined ? {} : { itemID: job.itemID }),
      state: outcome.state,
      startTime: started,
      endTime: formatInstant(o.now),
      duration: formatSpan(o.now - Date.parse(started)),
      message: outcome.message.slice(0, 1024),
      conditions: finished(outcome.state, outcome.message, o.now),
      ...outcome.more,
    },
    ...(outcome.event === undefined ? {} : { event: outcome.event }),
  };
}

/** For `kubectl wait --for=condition=Finished`. */
export function finished(state: Final, message: string, now: Instant): readonly Condition[] {
  const verdict = { type: 'Finished', status: 'True', reason: state, message } as const;
  return mergeConditions(undefined, [verdict], { now, generation: 1 });
}

export function startJob(o: Known, job: Job, more: Partial<BackupJobStatus>): BackupJobStatus {
  return {
    ...job.status,
    ...workloadOf(o.item),
    itemID: o.record.itemID,
    state: 'InProgress',
    startTime: formatInstant(o.now),
    ...more,
  };
}

function workloadOf({ source }: Item): Pick<BackupJobStatus, 'workload'> {
  return { workload: { kind: source.kind, namespace: source.namespace, name: source.name } };
}
