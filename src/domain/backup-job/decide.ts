/**
 * Which jobs may go. An unfinished job is a write-ahead intent and stays whatever is asked of it; a record of a deletion stays
 * until its item is purged; the rest is history, bounded in age and number.
 */
import { days, type Days } from '../retention.ts';
import { type Instant, MINUTE_MS, plus } from '../time.ts';
import type { Operation } from '../backup-item/observation.ts';

/** Finished jobs are kept this long, and at most so many per item (records of deletions apart). */
const HISTORY_DAYS = 30;
const HISTORY_COUNT = 50;
/** Records and tombstones: this long after Purged (P10). */
const RECORD_DAYS = 90;

const ORPHAN_PATIENCE_MS = MINUTE_MS;

export interface HistoryJob {
  readonly name: string;
  readonly operation: Operation;
  readonly finished: boolean;
  readonly terminating: boolean;
  readonly hasFinalizer: boolean;
  readonly createdAt: Instant;
  readonly endTime: Instant | undefined;
  /** How many finished jobs of the same item, records apart, ended after this one. */
  readonly newer: number;
  /** What is known of the item it speaks of. */
  readonly item: 'None' | 'HasData' | 'Purged';
  /** When that item was purged, by its Purge job; undefined if none says so. */
  readonly purgedAt: Instant | undefined;
  /** There is no such item, or the one of that name is another, and the job is nobody's unfinished hand-over. */
  readonly orphaned: boolean;
}

export type JobStep =
  | { readonly type: 'Wait'; readonly wakeAt?: Instant }
  | { readonly type: 'LetGo' }
  | { readonly type: 'Delete' }
  | { readonly type: 'Fail'; readonly message: string };

export function decideJob(
  job: HistoryJob,
  context: Days & { readonly now: Instant; readonly itemName: string },
): JobStep {
  if (!job.finished) {
    if (!job.orphaned) return { type: 'Wait' };
    // Item and job may have been applied together, and the caches hear of them in any order.
    const patience = plus(job.createdAt, ORPHAN_PATIENCE_MS);
    if (context.now < patience) return { type: 'Wait', wakeAt: patience };
    return {
      type: 'Fail',
      message: `item ${context.itemName} does not exist, or is another one by now: create it first`,
    };
  }
  if (job.terminating) {
    if (!job.hasFinalizer) return { type: 'Wait' };
    return isRecord(job) && job.item === 'HasData' ? { type: 'Wait' } : { type: 'LetGo' };
  }
  const expiry = expiryOf(job, context);
  if (expiry === undefined) return { type: 'Wait' };
  return context.now >= expiry ? { type: 'Delete' } : { type: 'Wait', wakeAt: expiry };
}

function isRecord({ operation }: HistoryJob): boolean {
  return operation === 'DeleteBackupData' || operation === 'Purge';
}

/** Undefined: not known yet, so it stays. */
function expiryOf(job: HistoryJob, settings: Days): Instant | undefined {
  if (job.endTime === undefined) return undefined;
  if (isRecord(job)) {
    if (job.item === 'HasData') return undefined;
    return plus(job.purgedAt ?? job.endTime, days(RECORD_DAYS, settings));
  }
  if (job.newer >= HISTORY_COUNT) return job.endTime;
  return plus(job.endTime, days(HISTORY_DAYS, settings));
}
