/** NotDeleted with protection stopped: no backups, no clean-up, all data kept until somebody deletes it. */
import { finishRunningBackup } from './backup.ts';
import { bySpec, finishJob, needJob, openJobs } from './jobs.ts';
import { type Known, type Outcome, pointSummary, ready, settle, type StatusChange, verdict } from './outcome.ts';

/**
 * Noted while the item is not deleted: what an immediate deletion may later rely on. AlwaysOn is one-way, also where the vault was
 * made again under its name with less.
 */
export function noted(o: Known): StatusChange {
  if (typeof o.vault !== 'object' || o.record.notedSoftDelete === 'AlwaysOn') return {};
  return { softDeleteState: o.vault.softDelete };
}

export function stopOrRefuse(o: Known): Outcome | undefined {
  if (o.item.intent === 'Active' && !o.item.terminating) return undefined;
  const running = finishRunningBackup(o);
  if (running !== undefined) return running;
  const [backup] = openJobs(o, 'Backup');
  if (backup !== undefined) {
    const message = 'protection is stopped: resume it (protection: Active with a policyRef), then back up';
    return finishJob(o, backup, { state: 'Failed', message });
  }
  return o.record.stopped ? staysStopped(o) : stops(o);
}

function stops(o: Known): Outcome {
  const wasProtected = o.record.effectivePolicy !== undefined || o.record.dataHeldSince !== undefined;
  if (wasProtected && openJobs(o, 'StopProtection').length === 0) {
    const job = needJob(o, 'StopProtection', bySpec(o.item));
    if (job !== undefined) return job;
  }
  return settle(stoppedVerdicts(o), stoppedChange(o), {
    event: wasProtected
      ? {
          reason: 'ProtectionStopped',
          type: 'Normal',
          note: 'no more backups are made; all data is kept until deleted',
        }
      : undefined,
  });
}

function staysStopped(o: Known): Outcome {
  const [job] = openJobs(o, 'StopProtection');
  if (job !== undefined)
    return finishJob(o, job, { state: 'Completed', message: 'protection is stopped, all data is kept' });
  const [resumeJob] = openJobs(o, 'ResumeProtection');
  if (resumeJob !== undefined)
    return finishJob(o, resumeJob, { state: 'Cancelled', message: 'protection was stopped again' });
  return settle(stoppedVerdicts(o), stoppedChange(o));
}

/** What a stopped item says of itself, from the write that undeletes it on. */
export function stoppedVerdicts(o: Known) {
  const kept = o.item.terminating
    ? 'undeleted in a terminating namespace: the data is kept, and the namespace waits for it'
    : 'protection is stopped; all data is kept until it is deleted';
  return [
    ready('True', 'ProtectionStopped', kept),
    verdict('Protected', 'False', 'ProtectionStopped', 'no backups are made until protection is resumed'),
  ];
}

function stoppedChange(o: Known): StatusChange {
  return {
    ...noted(o),
    protectionState: 'ProtectionStopped',
    policyRef: null,
    nextBackupTime: null,
    ...(o.record.dataHeldSince === undefined ? {} : pointSummary(o.points)),
  };
}
