/** How a policy's retention is read. What can't be read is refused as a whole: then nothing is collected. */
import {
  BACKUP_POLICY_RETENTION_MONTHLY_WEEKS_OF_MONTH_ENTRY_VALUES,
  BACKUP_POLICY_RETENTION_WEEKLY_WEEKDAY_VALUES,
  BACKUP_POLICY_RETENTION_YEARLY_MONTH_VALUES,
  type BackupPolicyRetention,
  type BackupPolicyRetentionMonthly,
  type BackupPolicyRetentionMonthlyWeeksOfMonthEntry,
  type BackupPolicySpec,
} from '../../api/backup-policy.gen.ts';
import { type Zone, zoneOf } from './zone.ts';

export type WeekOfMonth = BackupPolicyRetentionMonthlyWeeksOfMonthEntry;

/** Which backups of a month count for the monthly rule. */
export type MonthlyDays =
  | { readonly type: 'FirstBackup' }
  /** 1 to 31; a day that a month lacks is its last day. */
  | { readonly type: 'DaysOfMonth'; readonly days: ReadonlySet<number> }
  | { readonly type: 'Weekdays'; readonly weekdays: ReadonlySet<number>; readonly weeks: ReadonlySet<WeekOfMonth> };

export interface RetentionPolicy {
  readonly zone: Zone;
  /** At least 1. */
  readonly minimumPoints: number;
  readonly daily?: { readonly days: number };
  /** Weekdays from 0, Sunday. */
  readonly weekly?: { readonly weekdays: ReadonlySet<number>; readonly weeks: number };
  readonly monthly?: { readonly on: MonthlyDays; readonly months: number };
  /** Months from 0, January. */
  readonly yearly?: { readonly inMonths: ReadonlySet<number>; readonly years: number };
}

export type RetentionReading =
  | { readonly ok: true; readonly policy: RetentionPolicy }
  /** `message`: one line with the field and its value. */
  | { readonly ok: false; readonly message: string };

/** The wire lists begin with Monday. */
const SUNDAY_FIRST = ['Sunday', ...BACKUP_POLICY_RETENTION_WEEKLY_WEEKDAY_VALUES.filter((day) => day !== 'Sunday')];
/** Upper bounds of the CRD, 99 years each. */
const MOST = { days: 9_999, weeks: 5_163, months: 1_188, years: 99, minimumPoints: 9_999 };

export function readRetention(
  spec: Pick<BackupPolicySpec, 'retention' | 'minimumPoints' | 'schedule'>,
): RetentionReading {
  const timeZone = spec.schedule?.timeZone ?? 'UTC';
  const zone = zoneOf(timeZone);
  if (zone === undefined) {
    return refused(`spec.schedule.timeZone ${JSON.stringify(timeZone)}`, 'name a time zone of the IANA database');
  }
  try {
    const minimumPoints = whole('minimumPoints', spec.minimumPoints ?? 1, MOST.minimumPoints);
    return { ok: true, policy: { zone, minimumPoints, ...rulesOf(spec.retention) } };
  } catch (error) {
    if (error instanceof Unreadable) return refused(error.message, error.remedy);
    throw error;
  }
}

/** Stays in this file: the way out of a nested field that can't be read. */
class Unreadable extends Error {
  readonly remedy: string;

  constructor(field: string, value: unknown, remedy: string) {
    super(`spec.${field} ${JSON.stringify(value)}`);
    this.remedy = remedy;
  }
}

function refused(field: string, remedy: string): RetentionReading {
  return { ok: false, message: `${field} can't be read: ${remedy}; no recovery point is collected until then` };
}

function rulesOf(retention: BackupPolicyRetention): Omit<RetentionPolicy, 'zone' | 'minimumPoints'> {
  const { daily, weekly, monthly, yearly } = retention;
  if ((daily ?? weekly ?? monthly ?? yearly) === undefined) {
    throw new Unreadable('retention', retention, 'set daily.days, weekly, monthly or yearly');
  }
  return {
    ...(daily && { daily: { days: whole('retention.daily.days', daily.days, MOST.days) } }),
    ...(weekly && {
      weekly: {
        weekdays: indexes('retention.weekly.weekdays', weekly.weekdays, SUNDAY_FIRST),
        weeks: whole('retention.weekly.weeks', weekly.weeks, MOST.weeks),
      },
    }),
    ...(monthly && {
      monthly: { on: monthlyDays(monthly), months: whole('retention.monthly.months', monthly.months, MOST.months) },
    }),
    ...(yearly && {
      yearly: {
        inMonths: indexes(
          'retention.yearly.months',
          yearly.months ?? ['January'],
          BACKUP_POLICY_RETENTION_YEARLY_MONTH_VALUES,
        ),
        years: whole('retention.yearly.years', yearly.years, MOST.years),
      },
    }),
  };
}

function monthlyDays({ daysOfMonth, weekdays, weeksOfMonth }: BackupPolicyRetentionMonthly): MonthlyDays {
  if (daysOfMonth !== undefined) {
    const field = 'retention.monthly.daysOfMonth';
    if (daysOfMonth.length === 0) throw new Unreadable(field, daysOfMonth, 'name at least one day');
    return { type: 'DaysOfMonth', days: new Set(daysOfMonth.map((day) => whole(field, day, 31))) };
  }
  if (weekdays === undefined && weeksOfMonth === undefined) return { type: 'FirstBackup' };
  const known = BACKUP_POLICY_RETENTION_MONTHLY_WEEKS_OF_MONTH_ENTRY_VALUES;
  const weeks = indexes('retention.monthly.weeksOfMonth', weeksOfMonth ?? [], known);
  return {
    type: 'Weekdays',
    weekdays: indexes('retention.monthly.weekdays', weekdays ?? [], SUNDAY_FIRST),
    weeks: new Set(known.filter((_week, index) => weeks.has(index))),
  };
}

function whole(field: string, value: number, most: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new Unreadable(field, value, `must be a whole number from 1 to ${most}`);
}

function indexes(field: string, words: readonly string[], known: readonly string[]): ReadonlySet<number> {
  const found = words.map((word) => known.indexOf(word));
  if (found.length > 0 && !found.includes(-1)) return new Set(found);
  throw new Unreadable(field, words, `must be of ${known.join(', ')}`);
}
