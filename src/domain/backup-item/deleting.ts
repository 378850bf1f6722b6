/**
 * NotDeleted, and its deletion is asked for: by spec, or by a DELETE of the object.
 *
 *   never held data ──────────────────────────────▶ Purged
 *   vault Disabled (noted before, and live still) ─▶ mode and times ─▶ gate ─▶ Purging
 *   otherwise ── job ─▶ hold, read back ──────────▶ ToBeDeleted
 */
import { later as laterOf, plus, formatInstant, SECOND_MS, type Instant } from '../time.ts';
import { noWindow, openWindow, type Window } from '../retention.ts';
import { finishRunningBackup, pointOf } from './backup.ts';
import { deletionAsked } from './deletion-request.ts';
import { waitForEngine } from './engine-trouble.ts';
import { promisedPurgeTime } from './identity.ts';
import { finishJob, needJob, openJobFor, openJobs } from './jobs.ts';
import type { DeletionRequest, Vault } from './observation.ts';
import {
  type Known,
  type Outcome,
  pointSummary,
  ready,
  type Rule,
  settle,
  unblocked,
  unpurged,
  verdict,
  windowFields,
  withoutWindow,
} from './outcome.ts';
import { throughGate } from './purging.ts';
import { noted } from './stopping.ts';

/** An immediate deletion binds nothing before Purging: taken back, or with soft delete on again, its times go. */
export const clearImmediate: Rule = (o) => {
  if (o.record.window === undefined) return undefined;
  const off = typeof o.vault === 'object' && o.vault.softDelete === 'Disabled';
  if (off && deletionAsked(o) !== undefined) return undefined;
  return settle(
    [
      ready('Unknown', 'DeletionCleared', 'the immediate deletion was taken back before it began'),
      ...unblocked(o, 'no purge is due'),
    ],
    { ...withoutWindow, ...noted(o), deletionRequest: null },
  );
};

/** Rules for a deletion that is asked for. Order is precedence. */
export const deletingRules: readonly Rule[] = [
  supersedeOpenJobs,
  finishBackupFirst,
  neverHeldData,
  needVault,
  deleteImmediately,
  holdThenSay,
];

/** No new engine work from now on. */
function supersedeOpenJobs(o: Known): Outcome | undefined {
  const request = deletionAsked(o);
  if (request === undefined) return undefined;
  const idle = openJobs(o, 'Backup').filter((job) => pointOf(o, job) === undefined);
  const stale = openJobs(o, 'DeleteBackupData').filter(
    (job) => job.record === undefined && !(job.request?.by === request.by && job.request.uid === request.uid),
  );
  const [job] = [...idle, ...openJobs(o, 'Undelete', 'StopProtection', 'ResumeProtection'), ...stale];
  return job && finishJob(o, job, { state: 'Cancelled', message: 'superseded: deletion of the data was asked for' });
}

function finishBackupFirst(o: Known): Outcome | undefined {
  return deletionAsked(o) === undefined ? undefined : finishRunningBackup(o);
}

/** Nothing to keep: but that is believed only after a live look for points, jobs and bytes. */
function neverHeldData(o: Known): Outcome | undefined {
  if (deletionAsked(o) === undefined || o.record.dataHeldSince !== undefined) return undefined;
  const { leftovers } = o.live;
  if (leftovers === undefined) return { type: 'LookForLeftovers' };
  if (leftovers === 'Unknown') {
    return waitForEngine(
      o,
      { type: 'Unknown', words: 'can not tell whether the item ever held data' },
      'LeftoversUnknown',
    );
  }
  if (leftovers.length > 0) {
    return settle([ready('Unknown', 'DataFound', `data was found though none was recorded: ${leftovers[0] ?? ''}`)], {
      dataHeldSince: formatInstant(o.now),
      // Nobody noted the vault on an item with data: its deletion has a window.
      softDeleteState: null,
    });
  }
  return settle(
    [
      ready('True', 'Purged', 'deleted before it held any data'),
      verdict('Protected', 'False', 'Purged', 'not protected'),
    ],
    { deleteState: 'Purged', protectionState: 'ProtectionStopped', policyRef: null, nextBackupTime: null },
  );
}

/** The vault says how long deleted data is kept. Without it nothing can be promised, so nothing is said. */
function needVault(o: Known): Outcome | undefined {
  if (deletionAsked(o) === undefined || typeof o.vault === 'object') return undefined;
  const words = `vault ${o.item.vaultName} not found: create it again, its retention decides how long the data is kept`;
  return settle([ready('False', 'VaultNotFound', words)]);
}

function deleteImmediately(o: Known): Outcome | undefined {
  const request = deletionAsked(o);
  if (request === undefined) return undefined;
  const disabled = (vault: unknown) => typeof vault === 'object' && (vault as Vault).softDelete === 'Disabled';
  if (o.record.notedSoftDelete !== 'Disabled' || !disabled(o.vault)) return undefined;
  // A status that was lost, or a vault that was made again, must not undo what was promised before (P12).
  const promised = promisedPurgeTime(o.jobs, o.record.itemID);
  if (promised !== undefined && promised > o.now) return undefined;
  if (o.live.vault === undefined) return { type: 'LookAtVault' };
  if (!disabled(o.live.vault)) return undefined;
  const job = recordedJob(o, request);
  if (job !== undefined) return job;
  if (o.record.window !== undefined) return throughGate(o);
  const window = noWindow(o.now, (o.vault as Vault).retentionDays);
  return settle(
    [ready('False', 'DeletingImmediately', 'soft delete is disabled in the vault: the data is being purged')],
    {
      ...windowFields(window),
      ...pointSummary(o.points, o.digest()),
      deletionRequest: request,
      protectionState: 'ProtectionStopped',
      policyRef: null,
      nextBackupTime: null,
    },
  );
}

function holdThenSay(o: Known): Outcome | undefined {
  const request = deletionAsked(o);
  if (request === undefined) return undefined;
  const vault = o.vault as Vault;
  const job = recordedJob(o, request);
  if (job !== undefined) return job;
  const window = promised(o, vault);
  if (unpurged(o.points).length > 0) {
    const { held } = o.answers;
    if (held === undefined) return { type: 'Hold', points: unpurged(o.points), window };
    if (held.answer.type !== 'Done') return waitForEngine(o, held.answer, 'HoldFailed');
    if (held.answer.value.retainUntil < held.window.purgeTime) {
      return waitForEngine(
        o,
        { type: 'Blocked', words: 'the storage holds the data for less than the window' },
        'HoldFailed',
      );
    }
    if (isLate(o, held.window)) return { type: 'Hold', points: unpurged(o.points), window: lead(window, held.tookMs) };
    return sayToBeDeleted(o, request, held.window);
  }
  return sayToBeDeleted(o, request, window);
}

/** The job that this deletion is recorded in, to be created; undefined once it is there. */
function recordedJob(o: Known, request: DeletionRequest): Outcome | undefined {
  return openJobFor(o, 'DeleteBackupData', request) === undefined ? needJob(o, 'DeleteBackupData', request) : undefined;
}

function promised(o: Known, vault: Vault): Window {
  return openWindow(o.now, vault.retentionDays, o.settings, promisedPurgeTime(o.jobs, o.record.itemID));
}

/** Holding took longer than the margin covers: the window would have begun too early. */
function isLate(o: Known, window: Window): boolean {
  return o.now > window.deleteTime + Math.max(o.settings.marginMs, SECOND_MS);
}

/** Begins the window twice the last attempt's time from now: later than needed, never earlier. */
function lead(window: Window, tookMs: number): Window {
  const ahead = Math.ceil((2 * tookMs) / SECOND_MS) * SECOND_MS;
  return { ...window, deleteTime: plus(window.deleteTime, ahead), purgeTime: plus(window.purgeTime, ahead) };
}

function sayToBeDeleted(o: Known, request: DeletionRequest, window: Window): Outcome {
  const missing = o.answers.held?.answer.type === 'Done' ? o.answers.held.answer.value.missing : [];
  const until = formatInstant(window.purgeTime);
  const { item } = o;
  return settle(
    [
      ready(
        'True',
        'SoftDeleted',
        `soft-deleted; the data is kept until ${until}. Undelete with protection: StopRetainData`,
      ),
      verdict('Protected', 'False', 'SoftDeleted', 'no backups are made of a soft-deleted item'),
      ...(missing.length === 0
        ? []
        : [verdict('DataAvailable', 'False', 'DataMissing', `the storage lacks the data of ${missing.join(', ')}`)]),
    ],
    {
      ...windowFields(window),
      ...pointSummary(o.points, o.digest()),
      deleteState: 'ToBeDeleted',
      protectionState: 'ProtectionStopped',
      deletionRequest: request,
      policyRef: null,
      nextBackupTime: null,
    },
    {
      event: {
        reason: 'SoftDeleted',
        type: 'Normal',
        note: `data of ${item.source.kind} ${item.source.name} is kept until ${until}; undelete: kubectl patch backupitem ${item.name} -n ${item.namespace} --type=merge -p '{"spec":{"protection":"StopRetainData"}}'`,
      },
    },
  );
}

/** If the accepting answer came later than the margin covers, the deadline moves by that much. */
export function raiseLateDeadline(o: Known): Outcome | undefined {
  const { acceptedAt } = o.answers;
  const { window, handedOver } = o.record;
  // A record that was handed over was said by another object, long ago: its deadline stays.
  if (handedOver || acceptedAt === undefined || window === undefined || !isAfter(acceptedAt, window, o))
    return undefined;
  const by = Math.ceil((acceptedAt - window.deleteTime) / SECOND_MS) * SECOND_MS;
  const raised = { ...window, purgeTime: laterOf(plus(window.purgeTime, by), undefined) };
  const { held } = o.answers;
  if (unpurged(o.points).length > 0 && (held === undefined || held.window.purgeTime < raised.purgeTime)) {
    return { type: 'Hold', points: unpurged(o.points), window: raised };
  }
  return settle([], { purgeTime: formatInstant(raised.purgeTime) });
}

function isAfter(acceptedAt: Instant, window: Window, o: Known): boolean {
  const promisedMs = window.purgeTime - acceptedAt;
  const wantedMs = window.retentionDays * o.settings.dayLengthMs;
  return promisedMs + o.settings.marginMs + SECOND_MS < wantedMs;
}
