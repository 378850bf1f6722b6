/** What rules answer with, and how a settled status is put together. */
import type { BackupItemStatus } from '../../api/backup-item.gen.ts';
import type { ConditionReason, ConditionType } from '../../api/conditions.ts';
import type { ConditionStatus } from '../../api/meta.ts';
import { isTrue, mergeConditions, type Verdict } from '../conditions.ts';
import type { Window } from '../retention.ts';
import { earliest, formatInstant, type Instant } from '../time.ts';
import type { Action, EventDraft, Manager } from './actions.ts';
import type { Item, ItemRecord, Observation, Point } from './observation.ts';

/** An observation whose record is readable: what most rules see. */
export type Known = Observation & { readonly record: ItemRecord };

/** The status a rule wants to be true, as a change to what stands there; `null` removes a field. */
export interface Settlement {
  readonly type: 'Settle';
  readonly change: StatusChange;
  readonly verdicts: readonly Verdict[];
  readonly wakeAt?: Instant | undefined;
  readonly event?: EventDraft | undefined;
  readonly manager?: Manager;
  /** The live item that was judged, where the write must hit exactly that one. */
  readonly expect?: Item;
}

export type Outcome = Action | Settlement;
export type Rule = (o: Known) => Outcome | undefined;

export type StatusChange = { readonly [F in keyof BackupItemStatus]?: BackupItemStatus[F] | null };

export function settle(
  verdicts: readonly Verdict[],
  change: StatusChange = {},
  more: Omit<Settlement, 'type' | 'change' | 'verdicts'> = {},
): Settlement {
  return { type: 'Settle', change, verdicts, ...more };
}

type Type = ConditionType<'BackupItem'>;

/** Types and reasons are those of api/conditions.ts, where each is explained; a new one begins there. */
export function verdict<T extends Type>(
  type: T,
  status: ConditionStatus,
  reason: ConditionReason<'BackupItem', T>,
  message: string,
): Verdict {
  return { type, status, reason, message };
}

export type ReadyReason = ConditionReason<'BackupItem', 'Ready'>;

export const ready = (status: ConditionStatus, reason: ReadyReason, message: string) =>
  verdict('Ready', status, reason, message);

/**
 * The complete status that a settlement asks for. observedGeneration moves only together with Ready: tools read the two as
 * one sentence, "this generation is ready", and a rule that says nothing of Ready doesn't say that.
 */
export function project(o: Observation, settlement: Settlement): BackupItemStatus {
  const fields: Record<string, unknown> = { ...o.item.status };
  if (settlement.verdicts.some(({ type }) => type === 'Ready')) fields['observedGeneration'] = o.item.generation;
  for (const [field, value] of Object.entries(settlement.change)) {
    if (value === null) Reflect.deleteProperty(fields, field);
    else fields[field] = value;
  }
  fields['conditions'] = mergeConditions(o.item.status.conditions, settlement.verdicts, {
    now: o.now,
    generation: o.item.generation,
  });
  return fields;
}

/** Says that nothing blocks a purge, where something was said to. */
export function unblocked({ item }: Observation, words: string): readonly Verdict[] {
  return isTrue(item.status.conditions, 'PurgeBlocked') ? [verdict('PurgeBlocked', 'False', 'NotBlocked', words)] : [];
}

/** The wire form of a window, and its absence. */
export function windowFields(window: Window): StatusChange {
  return {
    deleteTime: formatInstant(window.deleteTime),
    purgeTime: formatInstant(window.purgeTime),
    retentionDays: window.retentionDays,
    deletionMode: window.mode,
  };
}

export const withoutWindow: StatusChange = {
  deleteTime: null,
  purgeTime: null,
  retentionDays: null,
  deletionMode: null,
};

/** Points whose data is, or may be, in the storage. */
export function unpurged(points: readonly Point[]): readonly Point[] {
  return points.filter((point) => point.state !== 'Purged');
}

export function available(points: readonly Point[]): readonly Point[] {
  return points.filter((point) => point.state === 'Available');
}

/** status.recoveryPoints: what `kubectl get` shows; with the digest once the list is frozen. */
export function pointSummary(points: readonly Point[], digest?: string): StatusChange {
  const usable = available(points);
  const times = usable.map((point) => point.plannedTime);
  const oldest = earliest(times);
  const latest = times.reduce<Instant | undefined>(
    (last, at) => (last === undefined || at > last ? at : last),
    undefined,
  );
  return {
    recoveryPoints: {
      count: usable.length,
      ...(oldest === undefined ? {} : { oldestTime: formatInstant(oldest) }),
      ...(latest === undefined ? {} : { latestTime: formatInstant(latest) }),
      ...(digest === undefined ? {} : { digest }),
    },
  };
}
