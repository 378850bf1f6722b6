/**
 * What an item has to remember of its schedule so that each slot is answered once: kept with the item, written whenever
 * {@link adoptSchedule} or {@link answerSlot} gives another one.
 */
import { type Instant, later } from '../time.ts';

export interface ScheduleRecord {
  /** {@link Schedule.key} that `since` speaks of. */
  readonly key: string;
  /** Slots up to here are not the item's: it wasn't protected by this schedule yet. */
  readonly since: Instant;
  /** The latest slot that was run or left out. */
  readonly answered?: Instant;
}

/**
 * The record to go on with. A schedule that is new to the item (protection starts, a resume, another cron or time zone) begins
 * now: no slot is made up for that the old schedule had no business with. Drop the record where protection stops.
 *
 * @param key of the schedule in force
 */
export function adoptSchedule(record: ScheduleRecord | undefined, key: string, now: Instant): ScheduleRecord {
  return record?.key === key ? record : { key, since: now };
}

/** The slot was run, or left out: it doesn't come again. A slot of the past takes nothing back. */
export function answerSlot(record: ScheduleRecord, slot: Instant, now: Instant): ScheduleRecord {
  const { answered } = record;
  // What was answered in the future was answered by a wrong clock.
  const kept = answered !== undefined && answered <= now ? answered : undefined;
  return { ...record, answered: later(slot, kept) };
}
