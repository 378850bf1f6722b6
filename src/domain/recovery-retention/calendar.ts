/** What a policy says of one local day: which rules a backup of that day may be claimed by, and for how long each keeps it. */
import { DAY_MS } from '../time.ts';
import type { MonthlyDays, RetentionPolicy } from './policy.ts';
import type { LocalDay } from './zone.ts';

export const RULES = ['Daily', 'Weekly', 'Monthly', 'Yearly'] as const;
/** A rule of the policy that has claimed a point, kept with the point as a mark. */
export type RetentionRule = (typeof RULES)[number];

export interface DayFacts {
  /** A number per month, the same for all days of it. */
  readonly month: number;
  /** Rules that claim the last backup of this day. */
  readonly lastOfDay: readonly RetentionRule[];
  /** Rules that claim the first backup of this day's month. */
  readonly firstOfMonth: readonly RetentionRule[];
  /** For how many days each rule keeps a backup of this day; 0 where the policy has no such rule. */
  readonly keepDays: Readonly<Record<RetentionRule, number>>;
}

/** Days are few and points many, and a thousand items share a policy: each day of a policy is worked out once. */
const known = new WeakMap<RetentionPolicy, Map<LocalDay, DayFacts>>();
/** Some fifty years. */
const MOST_DAYS_KEPT = 20_000;

export function dayFacts(policy: RetentionPolicy, day: LocalDay): DayFacts {
  let facts = known.get(policy);
  if (facts === undefined || facts.size > MOST_DAYS_KEPT) {
    facts = new Map<LocalDay, DayFacts>();
    known.set(policy, facts);
  }
  let found = facts.get(day);
  if (found === undefined) {
    found = workOut(policy, day);
    facts.set(day, found);
  }
  return found;
}

function workOut(policy: RetentionPolicy, day: LocalDay): DayFacts {
  const date = new Date(day * DAY_MS);
  const { daily, weekly, monthly, yearly } = policy;
  const lastOfDay: RetentionRule[] = [];
  const firstOfMonth: RetentionRule[] = [];
  if (daily) lastOfDay.push('Daily');
  if (weekly?.weekdays.has(date.getUTCDay())) lastOfDay.push('Weekly');
  if (monthly?.on.type === 'FirstBackup') firstOfMonth.push('Monthly');
  else if (monthly && isChosen(monthly.on, date)) lastOfDay.push('Monthly');
  if (yearly?.inMonths.has(date.getUTCMonth())) firstOfMonth.push('Yearly');
  const month = date.getUTCFullYear() * 12 + date.getUTCMonth();
  return { month, lastOfDay, firstOfMonth, keepDays: keepDaysOf(policy, date) };
}

function keepDaysOf({ daily, weekly, monthly, yearly }: RetentionPolicy, date: Date): DayFacts['keepDays'] {
  return {
    Daily: daily?.days ?? 0,
    Weekly: (weekly?.weeks ?? 0) * 7,
    Monthly: monthly ? untilSameDate(date, monthly.months) : 0,
    Yearly: yearly ? untilSameDate(date, yearly.years * 12) : 0,
  };
}

/** In days. Where a month lacks the date (31 January and a month) to as many days after its end: later, never earlier. */
function untilSameDate(date: Date, months: number): number {
  const then = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, date.getUTCDate());
  // Beyond the end of the calendar there is no date: no end.
  return Number.isFinite(then) ? (then - date.getTime()) / DAY_MS : Infinity;
}

function isChosen(on: Exclude<MonthlyDays, { type: 'FirstBackup' }>, date: Date): boolean {
  const dayOfMonth = date.getUTCDate();
  const lastDay = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  if (on.type === 'DaysOfMonth') {
    return on.days.has(dayOfMonth) || (dayOfMonth === lastDay && [...on.days].some((day) => day > lastDay));
  }
  if (!on.weekdays.has(date.getUTCDay())) return false;
  const week = (['First', 'Second', 'Third', 'Fourth'] as const)[Math.ceil(dayOfMonth / 7) - 1];
  return (week !== undefined && on.weeks.has(week)) || (on.weeks.has('Last') && dayOfMonth + 7 > lastDay);
}
