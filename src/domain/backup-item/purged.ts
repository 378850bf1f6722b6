/** Purged: the evidence is put on record, the empty points go, and the item goes or begins anew. */
import { formatInstant } from '../time.ts';
import { begin } from './identity.ts';
import { finishJob, openJobs } from './jobs.ts';
import type { Point } from './observation.ts';
import { type Known, type Outcome, ready, type Rule, settle, unpurged, withoutWindow, verdict } from './outcome.ts';

/** A job's evidence holds one line per point; beyond that many it says how many were left out. */
const EVIDENCE_LIMIT = 500;
const LINE_LIMIT = 512;

export const purgedRules: readonly Rule[] = [
  somethingWasKept,
  recordEvidence,
  closeOpenJobs,
  removeEmptyPoints,
  letGo,
  removeHandedOver,
  protectAnew,
  stayPurged,
];

/** Should never be. A point that turned up later is nobody's to destroy: its data stays, and the vault with it. */
function somethingWasKept(o: Known): Outcome | undefined {
  const kept = unpurged(o.points);
  if (kept.length === 0) return undefined;
  const names = kept.map((point) => point.name).slice(0, 5);
  return settle([
    ready('False', 'Purging', 'recovery points turned up that the purge did not know of: they are kept'),
    verdict('PurgeBlocked', 'True', 'PointsAppeared', `kept, as they were not purged: ${names.join(', ')}`),
  ]);
}

function recordEvidence(o: Known): Outcome | undefined {
  const [job] = openJobs(o, 'Purge');
  if (job === undefined) return undefined;
  const lines = o.points.map(evidenceLine);
  return finishJob(o, job, {
    state: 'Completed',
    message: `permanently deleted: ${o.points.length} recovery points`,
    more: {
      evidence: lines.slice(0, EVIDENCE_LIMIT),
      ...(lines.length > EVIDENCE_LIMIT ? { evidenceOmitted: lines.length - EVIDENCE_LIMIT } : {}),
    },
  });
}

function evidenceLine(point: Point): string {
  return `${point.name} taken ${formatInstant(point.plannedTime)}: ${point.evidence ?? 'no words recorded'}`.slice(
    0,
    LINE_LIMIT,
  );
}

function closeOpenJobs(o: Known): Outcome | undefined {
  const [late] = openJobs(o, 'Undelete', 'StopProtection', 'ResumeProtection', 'DeleteBackupData', 'Restore');
  if (late !== undefined) return finishJob(o, late, { state: 'Completed', message: 'the item is purged' });
  if (o.item.intent === 'Active') return undefined;
  const [backup] = openJobs(o, 'Backup');
  return (
    backup &&
    finishJob(o, backup, { state: 'Failed', message: 'the item is purged: make it Active to protect it anew' })
  );
}

function removeEmptyPoints(o: Known): Outcome | undefined {
  const [point] = o.points;
  return point && { type: 'RemovePoint', point };
}

function letGo({ item, record }: Known): Outcome | undefined {
  if (!item.terminating || !item.hasFinalizer) return undefined;
  return { type: 'RemoveFinalizer', why: record.dataHeldSince === undefined ? 'NeverHeldData' : 'Purged' };
}

/** Nobody declared this object: the operator had created it to carry a raw-deleted record, which is at its end. An edit since declares it. */
function removeHandedOver({ item, record }: Known): Outcome | undefined {
  const declared = item.intent !== 'StopDeleteData';
  return record.handedOver && !item.terminating && !declared ? { type: 'DeleteItem' } : undefined;
}

/** Active again: a new protection with a new identity. */
function protectAnew(o: Known): Outcome | undefined {
  if (o.item.intent !== 'Active' || o.item.terminating) return undefined;
  const { vaultName } = o.item;
  if (typeof o.vault !== 'object') {
    return settle([ready('False', 'VaultNotFound', `purged; to protect it anew create vault ${vaultName}`)]);
  }
  if (o.vault.terminating) {
    return settle([
      ready('False', 'VaultTerminating', `purged; vault ${vaultName} is being deleted: it takes no new items`),
    ]);
  }
  return settle([ready('Unknown', 'Initializing', 'protection begins anew after a purge')], {
    ...withoutWindow,
    dataHeldSince: null,
    deletionRequest: null,
    handedOver: null,
    recoveryPoints: null,
    lastBackup: null,
    notices: null,
    ...begin(o, o.freshID),
  });
}

function stayPurged(o: Known): Outcome {
  return settle([
    ready('True', 'Purged', o.record.dataHeldSince === undefined ? 'holds no data' : 'permanently deleted'),
  ]);
}
