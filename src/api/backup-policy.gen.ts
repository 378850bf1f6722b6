// Generated from crds/; do not edit, run npm run generate.
// Source: crds/backuppolicies.yaml
import type { Condition, KubeObject } from './meta.ts';

/**
 * BackupPolicy says when the items that name it are backed up, and for how long each backup is kept. It can't go while
 * an active item uses it.
 */
export interface BackupPolicy extends KubeObject {
  readonly spec: BackupPolicySpec;
  readonly status?: BackupPolicyStatus;
}

/** spec is the policy. A change of it holds for backups made earlier, too. */
export interface BackupPolicySpec {
  /** schedule says when backups are made. */
  readonly schedule?: BackupPolicySchedule;
  /** retention says for how long a backup is kept. Of several rules that claim it the longest holds. */
  readonly retention: BackupPolicyRetention;
  /** minimumPoints is how many of the latest good points are never collected, however old they are. Default: 1. */
  readonly minimumPoints?: number;
  /** consistency says in which condition the file systems of the guest are backed up. */
  readonly consistency?: BackupPolicyConsistency;
}

export interface BackupPolicySchedule {
  /**
   * cron is the schedule: minute, hour, day of the month, month, day of the week. Without one, backups are made on
   * demand only.
   */
  readonly cron?: string;
  /** timeZone of cron and of the calendar of the retention, by its name in the IANA database. Default: UTC. */
  readonly timeZone?: string;
  /** firstBackup of an item is made Immediately when its protection starts, or OnSchedule. Default: Immediately. */
  readonly firstBackup?: BackupPolicyScheduleFirstBackup;
  /** startWithinMinutes is how late a backup may start. One that can't is left out. Default: 120. */
  readonly startWithinMinutes?: number;
}

export const BACKUP_POLICY_SCHEDULE_FIRST_BACKUP_VALUES = ['Immediately', 'OnSchedule'] as const;
export type BackupPolicyScheduleFirstBackup = (typeof BACKUP_POLICY_SCHEDULE_FIRST_BACKUP_VALUES)[number];

export interface BackupPolicyRetention {
  /** daily keeps the last backup of each day. */
  readonly daily?: BackupPolicyRetentionDaily;
  /** weekly keeps the last backup of chosen days of the week. */
  readonly weekly?: BackupPolicyRetentionWeekly;
  /**
   * monthly keeps the last backup of chosen days of the month. Without daysOfMonth and weekdays it is the first backup
   * of the month.
   */
  readonly monthly?: BackupPolicyRetentionMonthly;
  /** yearly keeps the first backup of chosen months. */
  readonly yearly?: BackupPolicyRetentionYearly;
}

export interface BackupPolicyRetentionDaily {
  /** days for which it is kept. */
  readonly days: number;
}

export interface BackupPolicyRetentionWeekly {
  /** weekdays that are chosen. */
  readonly weekdays: readonly BackupPolicyRetentionWeeklyWeekday[];
  /** weeks for which it is kept. */
  readonly weeks: number;
}

export const BACKUP_POLICY_RETENTION_WEEKLY_WEEKDAY_VALUES = [
  'Monday',
  'Tuesday',
  'Wednesday',
  'Thursday',
  'Friday',
  'Saturday',
  'Sunday',
] as const;
export type BackupPolicyRetentionWeeklyWeekday = (typeof BACKUP_POLICY_RETENTION_WEEKLY_WEEKDAY_VALUES)[number];

export interface BackupPolicyRetentionMonthly {
  /** daysOfMonth that are chosen. A day that a month lacks is its last day. */
  readonly daysOfMonth?: readonly number[];
  /** weekdays that are chosen, in the weeks of weeksOfMonth. */
  readonly weekdays?: readonly BackupPolicyRetentionMonthlyWeekday[];
  /** weeksOfMonth tells which of these weekdays in a month. */
  readonly weeksOfMonth?: readonly BackupPolicyRetentionMonthlyWeeksOfMonthEntry[];
  /** months for which it is kept. */
  readonly months: number;
}

export const BACKUP_POLICY_RETENTION_MONTHLY_WEEKDAY_VALUES = [
  'Monday',
  'Tuesday',
  'Wednesday',
  'Thursday',
  'Friday',
  'Saturday',
  'Sunday',
] as const;
export type BackupPolicyRetentionMonthlyWeekday = (typeof BACKUP_POLICY_RETENTION_MONTHLY_WEEKDAY_VALUES)[number];

export const BACKUP_POLICY_RETENTION_MONTHLY_WEEKS_OF_MONTH_ENTRY_VALUES = [
  'First',
  'Second',
  'Third',
  'Fourth',
  'Last',
] as const;
export type BackupPolicyRetentionMonthlyWeeksOfMonthEntry = (typeof BACKUP_POLICY_RETENTION_MONTHLY_WEEKS_OF_MONTH_ENTRY_VALUES)[number];

export interface BackupPolicyRetentionYearly {
  /** months that are chosen; January when absent. */
  readonly months?: readonly BackupPolicyRetentionYearlyMonth[];
  /** years for which it is kept. */
  readonly years: number;
}

export const BACKUP_POLICY_RETENTION_YEARLY_MONTH_VALUES = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const;
export type BackupPolicyRetentionYearlyMonth = (typeof BACKUP_POLICY_RETENTION_YEARLY_MONTH_VALUES)[number];

export interface BackupPolicyConsistency {
  /**
   * freeze of the file systems by the guest agent. IfPossible backs up without where it fails, Required lets the backup
   * fail, Never does not try. Default: IfPossible.
   */
  readonly freeze?: BackupPolicyConsistencyFreeze;
  /** timeoutSeconds after which a freeze counts as failed. Default: 60. */
  readonly timeoutSeconds?: number;
}

export const BACKUP_POLICY_CONSISTENCY_FREEZE_VALUES = ['IfPossible', 'Required', 'Never'] as const;
export type BackupPolicyConsistencyFreeze = (typeof BACKUP_POLICY_CONSISTENCY_FREEZE_VALUES)[number];

/** status is what the operator observed. */
export interface BackupPolicyStatus {
  /** observedGeneration is the generation of the spec that this status speaks of. */
  readonly observedGeneration?: number;
  /** itemsInUse counts the active items that use this policy. */
  readonly itemsInUse?: number;
  /** conditions of the types Ready and InUse. */
  readonly conditions?: readonly Condition[];
}
