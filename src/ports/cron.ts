/** What a cron expression means in a time zone. A library knows; the schedule's rules (domain/schedule) see only the slots. */
import type { ReadCron } from '../domain/schedule/slots.ts';

export type { Slots, SlotsReading } from '../domain/schedule/slots.ts';
export type { Instant } from '../domain/time.ts';

export interface CronReader {
  /**
   * Reads five fields: minute, hour, day of the month, month, day of the week. Where both days are restricted either will do, as
   * in any crontab. What is refused is told in words, and never thrown.
   *
   * A schedule that names its hours is one of wall clock: a time that the spring skips comes at the end of the gap, one that the
   * autumn repeats comes once, the first time. A schedule of every hour (hour `*`) goes on in real time through both.
   */
  readonly read: ReadCron;
}
