/**
 * Is a backup due? From the slots of a schedule, the one that was answered last, and the time.
 *
 *   slot ──── jitter ────▶ start ─────────────────▶ slot + window
 *                            │       due            │   left out, with a reason
 *
 * - Every slot is answered once: run, left out, or stood for by a later one. Forty that an outage has missed are one run.
 * - Who is due stays due until the window ends, so that a run that found no place (admission.ts) asks again.
 * - Jitter spreads items of one slot; it takes no more than half of the window (the other half is for waiting), and ends before
 *   the next slot, so that no item can be put off for ever.
 */
import { formatInstant, type Instant, MINUTE_MS, plus } from '../time.ts';
import type { ScheduleRecord } from './record.ts';
import type { Schedule } from './slots.ts';

export interface ScheduleFacts {
  readonly schedule: Schedule;
  readonly record: Pick<ScheduleRecord, 'since' | 'answered'>;
  /** Over how much time the items of one slot are spread. */
  readonly jitterMs: number;
  /** The item's share of the jitter, in [0, 1), the same each time. */
  readonly spread: number;
  readonly now: Instant;
}

export type ScheduleStep =
  /** Nothing before `start`, which is when `slot` becomes due. */
  | { readonly type: 'Wait'; readonly slot: Instant; readonly start: Instant }
  /** Run it, until `startBy`. It stands for all unanswered slots before it, the first of which is `missedSince`. */
  | {
      readonly type: 'Due';
      readonly slot: Instant;
      readonly startBy: Instant;
      readonly missedSince: Instant | undefined;
    }
  /** Too late for `slot`: note it as answered. `next` is the slot after. */
  | {
      readonly type: 'Skip';
      readonly slot: Instant;
      readonly missedSince: Instant | undefined;
      readonly next: Instant | undefined;
      readonly words: string;
    }
  /** The schedule has no slot left. */
  | { readonly type: 'Never' };

export function decideRun(facts: ScheduleFacts): ScheduleStep {
  const { schedule, now } = facts;
  const answered = answeredUpTo(facts);
  const slot = latestStarted(facts);
  if (slot === undefined || (answered !== undefined && slot <= answered)) return wait(facts, answered);
  const startBy = plus(slot, schedule.windowMs);
  const missedSince = firstMissed(facts, slot, answered);
  return now <= startBy ? { type: 'Due', slot, startBy, missedSince } : skip(facts, slot, missedSince);
}

/**
 * Up to where slots need no answer any more. A time later than the next slot was noted by a clock that was wrong, and would
 * silence the schedule until then: it counts as unknown, at the price of one backup too many.
 */
function answeredUpTo({ schedule, record, now }: ScheduleFacts): Instant | undefined {
  const next = schedule.slots.next(now) ?? now;
  let upTo: Instant | undefined;
  for (const at of [record.since, record.answered]) {
    if (at !== undefined && at <= next && (upTo === undefined || at > upTo)) upTo = at;
  }
  return upTo;
}

/** The latest slot whose start has come. A start lies before the next slot, so it is the latest slot or the one before. */
function latestStarted(facts: ScheduleFacts): Instant | undefined {
  const { slots } = facts.schedule;
  const latest = slots.previous(facts.now);
  if (latest === undefined || startOf(facts, latest) <= facts.now) return latest;
  return slots.previous(plus(latest, -1));
}

function startOf({ schedule, jitterMs, spread }: ScheduleFacts, slot: Instant): Instant {
  const next = schedule.slots.next(slot);
  const gapMs = next === undefined ? jitterMs : next - slot;
  return plus(slot, Math.floor(Math.min(jitterMs, gapMs, schedule.windowMs / 2) * spread));
}

function wait(facts: ScheduleFacts, answered: Instant | undefined): ScheduleStep {
  const { slots } = facts.schedule;
  const latest = slots.previous(facts.now);
  const pending = latest !== undefined && startOf(facts, latest) > facts.now && latest > (answered ?? latest - 1);
  const from = answered !== undefined && answered > facts.now ? answered : facts.now;
  const slot = pending ? latest : slots.next(from);
  return slot === undefined ? { type: 'Never' } : { type: 'Wait', slot, start: startOf(facts, slot) };
}

function firstMissed({ schedule }: ScheduleFacts, slot: Instant, answered: Instant | undefined): Instant | undefined {
  const first = answered === undefined ? undefined : schedule.slots.next(answered);
  return first !== undefined && first < slot ? first : undefined;
}

function skip({ schedule }: ScheduleFacts, slot: Instant, missedSince: Instant | undefined): ScheduleStep {
  const next = schedule.slots.next(slot);
  const since = missedSince === undefined ? '' : `, nor could those since ${formatInstant(missedSince)}`;
  const then = next === undefined ? 'no other follows' : `the next is due at ${formatInstant(next)}`;
  const within = `within ${schedule.windowMs / MINUTE_MS} minutes (startWithinMinutes)`;
  const words = `the backup of ${formatInstant(slot)} could not start ${within}${since}: left out, ${then}`;
  return { type: 'Skip', slot, missedSince, next, words };
}
