/** How conditions change: the transition time moves with the status only, the order is fixed, nothing flaps. */
import type { Condition, ConditionStatus } from '../api/meta.ts';
import { formatInstant, type Instant } from './time.ts';

/** What a rule says of a condition; the rest of it follows from what was there. */
export interface Verdict {
  readonly type: string;
  readonly status: ConditionStatus;
  readonly reason: string;
  readonly message: string;
}

/** The most a message may hold on the wire. */
const MESSAGE_LIMIT = 1024;

/**
 * Merges verdicts into existing conditions. Conditions that no verdict speaks of stay as they are; the result is sorted by
 * type, so that equal facts give equal lists.
 */
export function mergeConditions(
  existing: readonly Condition[] | undefined,
  verdicts: readonly Verdict[],
  context: { readonly now: Instant; readonly generation: number },
): readonly Condition[] {
  const merged = new Map((existing ?? []).map((condition) => [condition.type, condition]));
  for (const verdict of verdicts) {
    const before = merged.get(verdict.type);
    merged.set(verdict.type, {
      type: verdict.type,
      status: verdict.status,
      reason: verdict.reason,
      message: verdict.message.slice(0, MESSAGE_LIMIT),
      lastTransitionTime: before?.status === verdict.status ? before.lastTransitionTime : formatInstant(context.now),
      observedGeneration: context.generation,
    });
  }
  return [...merged.values()].sort((a, b) => (a.type < b.type ? -1 : 1));
}

export function isTrue(conditions: readonly Condition[] | undefined, type: string): boolean {
  return conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false;
}
