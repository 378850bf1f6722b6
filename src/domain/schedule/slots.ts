/** The times at which a policy wants backups, and how a policy's schedule is read. */
import type { BackupPolicySchedule } from '../../api/backup-policy.gen.ts';
import { type Instant, MINUTE_MS } from '../time.ts';

/** The times of one cron expression in one time zone, without end or beginning. Whole minutes, each once. */
export interface Slots {
  /** The first slot later than `after`; undefined where none is left before the end of the calendar. */
  next(after: Instant): Instant | undefined;
  /** The latest slot at or before `at`. */
  previous(at: Instant): Instant | undefined;
}

export type SlotsReading =
  { readonly ok: true; readonly slots: Slots } | { readonly ok: false; readonly field: Field; readonly why: string };

/** The field of spec.schedule that can't be read. */
export type Field = 'cron' | 'timeZone';

export type ReadCron = (cron: string, timeZone: string) => SlotsReading;

export type ScheduleReading =
  | { readonly type: 'Scheduled'; readonly schedule: Schedule }
  /** No cron: backups are made on demand only. */
  | { readonly type: 'OnDemandOnly' }
  /** `message` is one line that names the field, its value and the remedy. */
  | { readonly type: 'Refused'; readonly message: string };

export interface Schedule {
  readonly slots: Slots;
  /** How late after its slot a backup may start. */
  readonly windowMs: number;
  /** The same for the same cron in the same time zone (schedule/record.ts). */
  readonly key: string;
}

/** The defaults and bounds of the CRD, for what was stored before it had them. */
const DEFAULT_WINDOW_MINUTES = 120;
const MAX_WINDOW_MINUTES = 1_440;

const REMEDY: Record<Field, string> = {
  cron: 'write minute, hour, day of the month, month and day of the week, for example "0 2 * * *"',
  timeZone: 'name a time zone of the IANA database, for example Europe/Berlin or UTC',
};

export function readSchedule(spec: BackupPolicySchedule | undefined, read: ReadCron): ScheduleReading {
  const { cron, timeZone = 'UTC', startWithinMinutes = DEFAULT_WINDOW_MINUTES } = spec ?? {};
  if (cron === undefined) return { type: 'OnDemandOnly' };
  if (!Number.isInteger(startWithinMinutes) || startWithinMinutes < 1 || startWithinMinutes > MAX_WINDOW_MINUTES) {
    const said = `spec.schedule.startWithinMinutes ${startWithinMinutes}`;
    return { type: 'Refused', message: `${said}: must be a whole number from 1 to ${MAX_WINDOW_MINUTES}` };
  }
  const reading = read(cron, timeZone);
  if (!reading.ok) {
    const { field, why } = reading;
    const said = `spec.schedule.${field} ${JSON.stringify(field === 'cron' ? cron : timeZone)}`;
    return { type: 'Refused', message: `${said}: ${why}; ${REMEDY[field]}` };
  }
  const key = `${cron.trim().split(/\s+/).join(' ')} ${timeZone}`;
  return { type: 'Scheduled', schedule: { slots: reading.slots, windowMs: startWithinMinutes * MINUTE_MS, key } };
}
