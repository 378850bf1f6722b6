/**
 * Jobs that only the operator begins, and did not. Whoever may create BackupJobs can post one; left open it would bind the vault,
 * or pin the data like a restore.
 */
import { finishJob, openJobs } from './jobs.ts';
import type { Known, Outcome } from './outcome.ts';

export function refuseForeignJobs(o: Known): Outcome | undefined {
  const [job] = openJobs(o, 'Purge', 'Restore');
  if (job === undefined) return undefined;
  const message =
    job.operation === 'Purge'
      ? 'no purge is due: the operator begins it, at the deadline; to delete the data set protection: StopDeleteData'
      : 'this release makes no restores';
  return finishJob(o, job, { state: 'Failed', message });
}
