/** NotDeleted, and to be kept: protection starts, stops and resumes; backups run. Nothing here touches data that exists. */
import type { ConditionReason } from '../../api/conditions.ts';
import { formatInstant, MINUTE_MS, plus } from '../time.ts';
import { finishRunningBackup, runBackup } from './backup.ts';
import { isFinished } from './decode.ts';
import { waitForEngine } from './engine-trouble.ts';
import { isSameSource } from './identity.ts';
import { noted, stopOrRefuse } from './stopping.ts';
import { bySpec, createJob, finishJob, openJobs } from './jobs.ts';
import type { OtherItem } from './observation.ts';
import {
  available,
  type Known,
  type Outcome,
  pointSummary,
  ready,
  type Rule,
  settle,
  type Settlement,
  type StatusChange,
  unpurged,
  verdict,
} from './outcome.ts';

/** Order is precedence. */
export const protectingRules: readonly Rule[] = [
  finishUndelete,
  takeBackDeletion,
  stopOrRefuse,
  needVaultToProtect,
  sourceIsTaken,
  needPolicyAndSource,
  resume,
  start,
  firstBackup,
  runBackups,
  stayProtected,
];

/** Undelete, second half: the holds go, the data stays. */
function finishUndelete(o: Known): Outcome | undefined {
  const [job] = openJobs(o, 'Undelete');
  if (job === undefined) return undefined;
  const count = available(o.points).length;
  return (
    releaseNext(o) ??
    finishJob(o, job, { state: 'Completed', message: `${count} recovery points are back; protection is stopped` })
  );
}

function releaseNext(o: Known): Outcome | undefined {
  for (const point of unpurged(o.points)) {
    const answer = o.answers.released.get(point.name);
    if (answer === undefined) return { type: 'Release', point, manager: 'Undelete' };
    if (answer.type !== 'Done') return waitForEngine(o, answer, 'ReleaseFailed');
  }
  return undefined;
}

/** A deletion whose intent was written, and which nobody asks for any more: it may have put data on hold already. */
function takeBackDeletion(o: Known): Outcome | undefined {
  const [job] = openJobs(o, 'DeleteBackupData');
  if (job === undefined) return undefined;
  return releaseNext(o) ?? finishJob(o, job, { state: 'Cancelled', message: 'the deletion was taken back' });
}

/** Reasons that both conditions know. */
type Obstacle = ConditionReason<'BackupItem', 'Ready'> & ConditionReason<'BackupItem', 'Protected'>;

function notProtected(o: Known, reason: Obstacle, words: string): Outcome {
  const running = finishRunningBackup(o);
  if (running !== undefined) return running;
  return settle([ready('False', reason, words), verdict('Protected', 'False', reason, words)], noted(o));
}

/** As {@link notProtected}, where waiting would not help: a backup that was asked for fails, and no longer binds the vault. */
function refuseProtection(o: Known, reason: Obstacle, words: string): Outcome {
  const running = finishRunningBackup(o);
  if (running !== undefined) return running;
  const [backup] = openJobs(o, 'Backup');
  return backup === undefined
    ? notProtected(o, reason, words)
    : finishJob(o, backup, { state: 'Failed', message: words });
}

function needVaultToProtect(o: Known): Outcome | undefined {
  const { vaultName } = o.item;
  if (typeof o.vault !== 'object') {
    return notProtected(o, 'VaultNotFound', `vault ${vaultName} not found in namespace ${o.item.namespace}: create it`);
  }
  return o.vault.terminating
    ? refuseProtection(
        o,
        'VaultTerminating',
        `vault ${vaultName} is being deleted: it takes no new items and no backups`,
      )
    : undefined;
}

/** One item per source and vault: the first keeps it. */
function sourceIsTaken(o: Known): Outcome | undefined {
  const { source, vaultName } = o.item;
  const first = o.rivals.find((rival) => isBefore(rival, o));
  if (first !== undefined) {
    const cure =
      first.deleteState === 'ToBeDeleted' || first.deleteState === 'Purging'
        ? `it is soft-deleted: undelete ${first.name} (protection: StopRetainData) instead`
        : `delete one of the two`;
    return refuseProtection(
      o,
      'DuplicateSource',
      `${source.kind} ${source.namespace}/${source.name} is item ${first.name} of vault ${vaultName} already: ${cure}`,
    );
  }
  const job = o.handOvers.find(
    ({ record }) => record !== undefined && record.itemID !== o.record.itemID && isSameSource(o, record),
  );
  return job === undefined
    ? undefined
    : notProtected(
        o,
        'DuplicateSource',
        `a deleted item of this source is being kept (BackupJob ${job.name}): undelete it`,
      );
}

/** Who holds data comes first; then who is older; then the smaller uid, so that everybody agrees. */
function isBefore(rival: OtherItem, o: Known): boolean {
  if (rival.deleteState === undefined || rival.deleteState === 'Purged') return false;
  const mine = o.record.dataHeldSince;
  if ((rival.dataHeldSince === undefined) !== (mine === undefined)) return mine === undefined;
  const a = [rival.dataHeldSince ?? 0, rival.createdAt, rival.uid] as const;
  const b = [mine ?? 0, o.item.createdAt, o.item.uid] as const;
  for (const [index, value] of a.entries()) {
    const other = b[index] ?? 0;
    if (value !== other) return value < other;
  }
  return false;
}

function needPolicyAndSource(o: Known): Outcome | undefined {
  const { item } = o;
  if (typeof o.policy !== 'object') {
    const name = item.policyName ?? '(none)';
    return notProtected(
      o,
      'PolicyNotFound',
      `policy ${name} not found in namespace ${item.namespace}: create it or name another`,
    );
  }
  if (o.sourceAllowed === 'Unknown') {
    return notProtected(o, 'SourceUnknown', `namespace ${item.source.namespace} of the source was not found`);
  }
  if (!o.sourceAllowed) {
    return notProtected(
      o,
      'SourceNotAllowed',
      `vault ${item.vaultName} does not protect sources of namespace ${item.source.namespace} (spec.sources.namespaceSelector)`,
    );
  }
  return o.settings.engine === undefined
    ? notProtected(
        o,
        'EngineNotAvailable',
        `this operator has no engine of the type that vault ${item.vaultName} asks for`,
      )
    : undefined;
}

function resume(o: Known): Outcome | undefined {
  if (!o.record.stopped || o.record.dataHeldSince === undefined) return undefined;
  if (openJobs(o, 'ResumeProtection').length === 0) return createJob(o, 'ResumeProtection', bySpec(o.item));
  const note = `protected again, by policy ${o.item.policyName ?? ''}`;
  return { ...stillProtected(o), event: { reason: 'Resumed', type: 'Normal', note } };
}

function effective(o: Known): StatusChange {
  return o.item.policyName === undefined ? {} : { policyRef: { name: o.item.policyName } };
}

function stateOf(o: Known) {
  if (lastFailed(o)) return 'ProtectionError';
  return available(o.points).length > 0 ? 'Protected' : 'InitialBackupPending';
}

function lastFailed(o: Known): boolean {
  return o.item.status.lastBackup?.state === 'Failed';
}

function start(o: Known): Outcome | undefined {
  const [job] = openJobs(o, 'ResumeProtection');
  if (job !== undefined) {
    return finishJob(o, job, { state: 'Completed', message: `protected by policy ${o.item.policyName ?? ''}` });
  }
  const [stop] = openJobs(o, 'StopProtection');
  if (stop !== undefined) return finishJob(o, stop, { state: 'Cancelled', message: 'protection is active again' });
  if (o.record.effectivePolicy === o.item.policyName && !o.record.stopped) return undefined;
  const first = o.record.effectivePolicy === undefined;
  return settle(
    [
      ready('False', 'InitialBackupPending', 'the first backup is pending'),
      verdict('Protected', 'False', 'InitialBackupPending', 'the first backup is pending'),
    ].slice(0, first ? 2 : 0),
    { ...noted(o), ...effective(o), protectionState: stateOf(o) },
    first
      ? {
          event: {
            reason: 'ProtectionStarted',
            type: 'Normal',
            note: `protected by policy ${o.item.policyName ?? ''}`,
          },
        }
      : {},
  );
}

/** At once where there is no point yet; after a failure with growing patience. */
function firstBackup(o: Known): Outcome | undefined {
  if (typeof o.policy !== 'object' || o.policy.firstBackup !== 'Immediately') return undefined;
  if (available(o.points).length > 0 || openJobs(o, 'Backup').length > 0) return undefined;
  const failed = o.jobs.filter(
    (job) =>
      job.operation === 'Backup' && job.itemID === o.record.itemID && isFinished(job) && job.state !== 'Completed',
  );
  const last = failed.reduce((end, job) => Math.max(end, job.endTime ?? 0), 0);
  const again = last + Math.min(60, 2 ** (failed.length - 1)) * MINUTE_MS;
  if (failed.length > 0 && o.now < again) return stillProtected(o, again);
  return createJob(o, 'Backup', {
    by: 'FirstBackup',
    uid: o.item.uid,
    generation: o.item.generation,
    // Not their number: history is bounded, so that one stands still while attempts go on.
    attempt: last,
  });
}

function runBackups(o: Known): Outcome | undefined {
  const [job] = openJobs(o, 'Backup');
  return job && runBackup(o, job);
}

function stayProtected(o: Known): Outcome {
  return stillProtected(o);
}

function stillProtected(o: Known, againMs?: number): Settlement {
  const state = stateOf(o);
  const policy = o.item.policyName ?? '';
  const words: Record<typeof state, readonly [Obstacle, string]> = {
    Protected: ['Protected', `protected by policy ${policy}`],
    InitialBackupPending: ['InitialBackupPending', 'the first backup is pending'],
    ProtectionError: ['BackupFailed', failureOf(o)],
  };
  const [reason, message] = words[state];
  const status = state === 'Protected' ? 'True' : 'False';
  return settle(
    [ready(status, reason, message), verdict('Protected', status, reason, message)],
    { ...noted(o), ...effective(o), protectionState: state, ...pointSummary(o.points) },
    againMs === undefined ? {} : { wakeAt: plus(o.now, Math.max(0, againMs - o.now)) },
  );
}

function failureOf(o: Known): string {
  const said = o.item.status.conditions?.find((c) => c.type === 'Protected' && c.reason === 'BackupFailed');
  return said?.message ?? `the backup at ${o.item.status.lastBackup?.time ?? formatInstant(o.now)} failed`;
}
