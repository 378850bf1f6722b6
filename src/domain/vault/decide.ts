/**
 * A Vault: counts, the next purge, and the guard that it can't go while anything refers to it that has, or may have, data
 * (I12). The cache says what blocks; only a live look lets the finalizer go.
 */
import type { VaultStatus } from '../../api/vault.gen.ts';
import type { Condition } from '../../api/meta.ts';
import { isSame } from '../canonical.ts';
import { mergeConditions, type Verdict } from '../conditions.ts';
import { earliest, formatInstant, formatSpan, DAY_MS, type Instant } from '../time.ts';

/** An item as far as its vault cares. `deleteState` undefined: its status is unknown. */
export interface VaultItem {
  readonly name: string;
  readonly deleteState: 'NotDeleted' | 'ToBeDeleted' | 'Purging' | 'Purged' | undefined;
  readonly stopped: boolean;
  readonly holdsData: boolean;
  readonly purgeTime: Instant | undefined;
}

/** What refers to a vault and may have data. */
export interface References {
  readonly items: readonly VaultItem[];
  /** Names of points that are not Purged. */
  readonly points: readonly string[];
  /** Names of unfinished jobs that bind data: Backup, DeleteBackupData, Undelete, Purge. */
  readonly jobs: readonly string[];
}

export interface VaultObservation {
  readonly name: string;
  readonly namespace: string;
  readonly generation: number;
  readonly terminating: boolean;
  readonly hasFinalizer: boolean;
  readonly status: VaultStatus;
  readonly softDelete: 'Enabled' | 'Disabled' | 'AlwaysOn';
  readonly retentionDays: number;
  readonly suspendPurge: boolean;
  readonly suspendedByOperator: boolean;
  readonly engineAvailable: boolean;
  readonly engine: string;
  readonly cached: References;
  /** Read live after the deletion was seen; absent until looked for. */
  readonly live: References | undefined;
  readonly dayLengthMs: number;
  readonly now: Instant;
}

export interface VaultEvent {
  readonly reason: 'DeletionBlocked' | 'SoftDeleteDisabled' | 'RetentionChanged' | 'PurgeSuspended';
  readonly type: 'Normal' | 'Warning';
  readonly note: string;
}

export type VaultStep =
  | { readonly type: 'AddFinalizer' }
  | { readonly type: 'RemoveFinalizer' }
  | { readonly type: 'LookForReferences' }
  | { readonly type: 'WriteStatus'; readonly status: VaultStatus; readonly events: readonly VaultEvent[] }
  | { readonly type: 'Wait' };

/** At most this many blocking items are named; the count says how many there are. */
const NAMED = 10;

export function decideVault(o: VaultObservation): VaultStep {
  if (!o.terminating && !o.hasFinalizer) return { type: 'AddFinalizer' };
  const status = statusOf(o);
  if (!isSame(status, o.status)) return { type: 'WriteStatus', status, events: eventsOf(o, status) };
  if (!o.terminating || !o.hasFinalizer || isBlocked(o.cached)) return { type: 'Wait' };
  if (o.live === undefined) return { type: 'LookForReferences' };
  return isBlocked(o.live) ? { type: 'Wait' } : { type: 'RemoveFinalizer' };
}

/** May have data: unless it is Purged, or known never to have held any. */
function mayHaveData(item: VaultItem): boolean {
  return item.deleteState === undefined || (item.deleteState !== 'Purged' && item.holdsData);
}

function isSoftDeleted({ deleteState }: VaultItem): boolean {
  return deleteState === 'ToBeDeleted' || deleteState === 'Purging';
}

function isBlocked({ items, points, jobs }: References): boolean {
  return items.some(mayHaveData) || points.length > 0 || jobs.length > 0;
}

function statusOf(o: VaultObservation): VaultStatus {
  const refs = o.live ?? o.cached;
  const present = refs.items.filter((item) => item.deleteState !== 'Purged');
  const softDeleted = present.filter(isSoftDeleted);
  const stopped = present.filter((item) => item.stopped && !isSoftDeleted(item));
  const next = earliest(softDeleted.map((item) => item.purgeTime));
  return {
    observedGeneration: o.generation,
    items: {
      total: present.length,
      active: present.length - softDeleted.length - stopped.length,
      stopped: stopped.length,
      softDeleted: softDeleted.length,
    },
    recoveryPoints: refs.points.length,
    ...(next === undefined ? {} : { nextPurgeTime: formatInstant(next) }),
    ...(o.dayLengthMs === DAY_MS ? {} : { dayLength: formatSpan(o.dayLengthMs) }),
    noted: { softDeleteState: o.softDelete, retentionDays: o.retentionDays },
    ...blockingFields(o, refs),
    conditions: conditionsOf(o, refs),
  };
}

function blockingFields(o: VaultObservation, refs: References): Partial<VaultStatus> {
  if (!o.terminating) return {};
  const blocking = refs.items.filter(mayHaveData);
  return {
    blockingCount: blocking.length,
    blockingItems: inOrder(blocking)
      .slice(0, NAMED)
      .map((item) => ({
        name: item.name,
        deleteState: item.deleteState ?? 'NotDeleted',
        ...(item.purgeTime === undefined ? {} : { purgeTime: formatInstant(item.purgeTime) }),
        reason: item.deleteState === undefined ? 'StatusUnknown' : item.deleteState,
      })),
  };
}

/** Those that will go by themselves first, soonest first; then by name. */
function inOrder(items: readonly VaultItem[]): readonly VaultItem[] {
  const at = (item: VaultItem) => item.purgeTime ?? Number.MAX_SAFE_INTEGER;
  return [...items].sort((a, b) => at(a) - at(b) || (a.name < b.name ? -1 : 1));
}

function conditionsOf(o: VaultObservation, refs: References): readonly Condition[] {
  return mergeConditions(o.status.conditions, [readiness(o), deletionBlocked(o, refs), purgeSuspended(o)], {
    now: o.now,
    generation: o.generation,
  });
}

function readiness(o: VaultObservation): Verdict {
  if (o.terminating) {
    return { type: 'Ready', status: 'False', reason: 'Terminating', message: 'being deleted; takes no new items' };
  }
  return o.engineAvailable
    ? { type: 'Ready', status: 'True', reason: 'Accepted', message: 'items of this vault are looked after' }
    : {
        type: 'Ready',
        status: 'False',
        reason: 'EngineNotAvailable',
        message: `this operator has no engine ${o.engine}: data is kept, but no backups are made`,
      };
}

function deletionBlocked(o: VaultObservation, refs: References): Verdict {
  const type = 'DeletionBlocked';
  if (!o.terminating) return { type, status: 'False', reason: 'NotDeleting', message: 'deletion was not asked for' };
  if (!isBlocked(refs)) return { type, status: 'False', reason: 'Empty', message: 'nothing refers to this vault' };
  return { type, status: 'True', reason: 'ItemsRemain', message: blockedWords(refs) };
}

/** Which, until when, and the ways out (P26; docs/safety.md C10). */
function blockedWords(refs: References): string {
  const blocking = inOrder(refs.items.filter(mayHaveData));
  const named = blocking.slice(0, NAMED).map(nameOf).join(', ');
  const more = blocking.length > NAMED ? ` and ${blocking.length - NAMED} more` : '';
  const rest = [
    refs.points.length > 0 ? counted(refs.points.length, 'recovery point') : '',
    refs.jobs.length > 0 ? `${counted(refs.jobs.length, 'unfinished job')} (${refs.jobs.slice(0, 3).join(', ')})` : '',
  ].filter((part) => part !== '');
  const what = [...(blocking.length > 0 ? [`${counted(blocking.length, 'item')}: ${named}${more}`] : []), ...rest].join(
    '; ',
  );
  return `${what}. Ways out: wait until they are purged; undelete them and protect the sources in another vault; or disable soft delete, undelete, delete again`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function nameOf(item: VaultItem): string {
  if (item.deleteState === undefined) return `${item.name} (status unknown)`;
  return item.purgeTime === undefined
    ? `${item.name} (${item.deleteState}, kept until deleted)`
    : `${item.name} (${item.deleteState}, until ${formatInstant(item.purgeTime)})`;
}

function purgeSuspended(o: VaultObservation): Verdict {
  const type = 'PurgeSuspended';
  if (o.suspendPurge) {
    return {
      type,
      status: 'True',
      reason: 'SuspendedInVault',
      message: 'spec.suspendPurge: nothing of this vault is purged',
    };
  }
  return o.suspendedByOperator
    ? {
        type,
        status: 'True',
        reason: 'SuspendedInCluster',
        message: '--suspend-purges: nothing is purged in this cluster',
      }
    : { type, status: 'False', reason: 'NotSuspended', message: 'purges run at their deadlines' };
}

function eventsOf(o: VaultObservation, status: VaultStatus): readonly VaultEvent[] {
  const events: VaultEvent[] = [];
  const before = o.status.noted;
  // A vault that is new and finds items with data was made again under its name: that weakens as much as an edit does.
  const weakened = before === undefined ? o.cached.items.some(mayHaveData) : before.softDeleteState !== 'Disabled';
  if (weakened && o.softDelete === 'Disabled') {
    const note =
      'soft delete was disabled: items deleted from now on are purged at once; those already deleted keep their deadline';
    events.push({ reason: 'SoftDeleteDisabled', type: 'Warning', note });
  }
  if (before !== undefined && before.retentionDays !== o.retentionDays) {
    const note = `retention changed from ${before.retentionDays} to ${o.retentionDays} days, for deletions from now on`;
    events.push({
      reason: 'RetentionChanged',
      type: o.retentionDays < before.retentionDays ? 'Warning' : 'Normal',
      note,
    });
  }
  for (const [type, reason] of [
    ['DeletionBlocked', 'DeletionBlocked'],
    ['PurgeSuspended', 'PurgeSuspended'],
  ] as const) {
    const now = status.conditions?.find((c) => c.type === type && c.status === 'True');
    const was = o.status.conditions?.some((c) => c.type === type && c.status === 'True') ?? false;
    if (now !== undefined && !was) events.push({ reason, type: 'Warning', note: now.message });
  }
  return events;
}
