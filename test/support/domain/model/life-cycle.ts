/** The transition rules of crds/backupitems.yaml, as far as the rules of the domain could break them. */
import type { BackupItem, BackupItemStatus } from '../../../../src/api/backup-item.gen.ts';
import { HOUR_MS } from '../../../../src/domain/time.ts';

const next: Readonly<Record<string, readonly string[]>> = {
  NotDeleted: ['NotDeleted', 'ToBeDeleted', 'Purging', 'Purged'],
  ToBeDeleted: ['ToBeDeleted', 'NotDeleted', 'Purging'],
  Purging: ['Purging', 'Purged'],
  Purged: ['Purged', 'NotDeleted'],
};

type Rule = (before: BackupItemStatus, after: BackupItemStatus) => boolean;

const ms = (text: string | undefined) => Date.parse(text ?? '');

/** By message; each is true where the change is allowed. */
const rules: Readonly<Record<string, Rule>> = {
  'a soft-deleted item keeps its data for at least 14 days': (
    _,
    { deleteState, deletionMode, purgeTime, deleteTime },
  ) =>
    deleteState !== 'ToBeDeleted' || (deletionMode === 'Deferred' && ms(purgeTime) - ms(deleteTime) >= 336 * HOUR_MS),
  'purgeTime may only move later': (before, after) =>
    before.purgeTime === undefined || after.deleteState === 'NotDeleted' || ms(after.purgeTime) >= ms(before.purgeTime),
  'dataHeldSince stays as it is until the data is purged': (before, after) =>
    before.dataHeldSince === undefined ||
    after.dataHeldSince === before.dataHeldSince ||
    before.deleteState === 'Purged',
  'mode, deleteTime and retentionDays are fixed at the moment of deletion': (before, after) =>
    (before.deleteState ?? 'NotDeleted') === 'NotDeleted' ||
    after.deleteState === 'NotDeleted' ||
    (after.deletionMode === before.deletionMode &&
      after.deleteTime === before.deleteTime &&
      after.retentionDays === before.retentionDays),
  'itemID is assigned once': (before, after) =>
    before.itemID === undefined ||
    after.itemID === before.itemID ||
    (before.deleteState === 'Purged' && after.deleteState === 'NotDeleted'),
  'what was purged does not come back': (before, after) =>
    before.deleteState !== 'Purged' || after.deleteState !== 'NotDeleted' || after.itemID !== before.itemID,
  'a record starts as NotDeleted or ToBeDeleted': (before, after) =>
    before.deleteState !== undefined || ['NotDeleted', 'ToBeDeleted'].includes(after.deleteState ?? ''),
  'not a step of the life cycle': (before, after) =>
    before.deleteState === undefined || (next[before.deleteState] ?? []).includes(after.deleteState ?? ''),
  'NotDeleted goes to Purging only in mode Immediate': (before, after) =>
    before.deleteState !== 'NotDeleted' ||
    after.deleteState !== 'Purging' ||
    (before.deletionMode === 'Immediate' && after.purgeTime === after.deleteTime && after.purgeTime !== undefined),
  'an item that has held data goes to Purged only by way of Purging': (before, after) =>
    before.deleteState !== 'NotDeleted' || after.deleteState !== 'Purged' || before.dataHeldSince === undefined,
};

/** @returns the message of the first rule that forbids the change of status */
export function forbidsStatus(before: BackupItemStatus, after: BackupItemStatus): string | undefined {
  return Object.entries(rules).find(([, allows]) => !allows(before, after))?.[0];
}

/** @returns why the API server refuses this intent */
export function forbidsIntent(
  { spec, status }: BackupItem,
  wanted: BackupItem['spec']['protection'],
): string | undefined {
  const { deleteState } = status ?? {};
  if (wanted === spec.protection) return undefined;
  if (deleteState === 'Purging') return "the purge has begun and can't be undone";
  const waiting = deleteState === 'ToBeDeleted';
  const undeleteFirst =
    wanted === 'Active' && deleteState !== 'Purged' && (spec.protection === 'StopDeleteData' || waiting);
  return undeleteFirst ? 'undelete first (protection: StopRetainData), then resume' : undefined;
}
