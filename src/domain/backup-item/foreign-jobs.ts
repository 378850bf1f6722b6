/**
 * Jobs that only the operator begins, and did not. Whoever may create BackupJobs can post one that looks like ours; it is believed
 * only where this is the moment at which we would have posted it, and then it does no more than ours would. Everything else is
 * refused: left open it would bind the vault, stand for an undelete that never was, or take the evidence of a purge.
 */
import { deletionAsked } from './deletion-request.ts';
import { finishJob, openJobs } from './jobs.ts';
import type { Job } from './observation.ts';
import type { Known, Outcome } from './outcome.ts';

export function refuseForeignJobs(o: Known): Outcome | undefined {
  const operations = [
    'Restore',
    'StopProtection',
    'DeleteBackupData',
    'Undelete',
    'ResumeProtection',
    'Purge',
  ] as const;
  const job = openJobs(o, ...operations).find((open) => !open.acknowledged && !couldBeOurs(o, open));
  return job && finishJob(o, job, { state: 'Failed', message: wordsFor(job) });
}

/** Posted by us just now, as far as can be told: in our form, for this object, in the state in which its rule posts one. */
function couldBeOurs(o: Known, job: Job): boolean {
  if (!job.hasFinalizer || job.itemID !== o.record.itemID) return false;
  if (job.operation === 'Purge') return o.record.deleteState === 'Purging' && job.request?.by === 'Expiry';
  return job.request?.uid === o.item.uid && isDueNow(o, job);
}

function isDueNow(o: Known, { operation }: Job): boolean {
  switch (o.record.deleteState) {
    case 'NotDeleted':
      if (operation === 'DeleteBackupData') return deletionAsked(o) !== undefined;
      return operation === 'StopProtection' || operation === 'ResumeProtection';
    case 'ToBeDeleted':
      return operation === 'DeleteBackupData' || (operation === 'Undelete' && o.item.intent !== 'StopDeleteData');
    case 'Purging':
      return operation === 'DeleteBackupData';
    case 'Purged':
      return false;
  }
}

function wordsFor({ operation }: Job): string {
  return operation === 'Restore'
    ? 'this release makes no restores'
    : `${operation} is begun by the operator alone: change spec.protection of the item, or delete it`;
}
