/**
 * Which rules of the policy claim which points. A claim comes from the calendar, by the policy as it is now, or from a mark: a
 * rule that has claimed a point once goes on claiming it, so that no point that comes later can take the claim away. How long
 * a rule keeps is always the policy's word of today: a changed number of days holds for old points, too, and a mark of a rule
 * that the policy no longer has keeps nothing.
 */
import { days, type Days } from '../retention.ts';
import { type Instant, instantOf } from '../time.ts';
import { dayFacts, type DayFacts, type RetentionRule, RULES } from './calendar.ts';
import type { RetentionPoint } from './observation.ts';
import type { RetentionPolicy } from './policy.ts';
import type { LocalDay } from './zone.ts';

/** A point whose time is known and past. */
export interface Dated {
  readonly point: RetentionPoint;
  readonly createdAt: Instant;
  readonly day: LocalDay;
}

export interface Claim {
  /** All rules that claim it, the marks among them. */
  readonly rules: readonly RetentionRule[];
  /** The rule that keeps it longest, and until when; undefined where none claims it. */
  readonly longest: { readonly rule: RetentionRule; readonly until: Instant } | undefined;
}

const LAST_INSTANT = 8.64e15;
const NONE: readonly RetentionRule[] = [];

export function after(at: Instant, count: number, settings: Days): Instant {
  const end = at + days(count, settings);
  return instantOf(end <= LAST_INSTANT ? end : LAST_INSTANT);
}

/** Older first; of the same time the smaller id. */
export function byAge(a: Dated, b: Dated): number {
  if (a.createdAt !== b.createdAt) return a.createdAt - b.createdAt;
  return a.point.id < b.point.id ? -1 : Number(a.point.id > b.point.id);
}

/**
 * @param good the item's good points
 * @returns a function that tells the claims on a point; of a point that isn't scheduled or good, there are only its marks
 */
export function claimsOn(good: readonly Dated[], policy: RetentionPolicy, settings: Days): (dated: Dated) => Claim {
  const lastOfDay = new Map<LocalDay, Dated>();
  const firstOfMonth = new Map<number, Dated>();
  for (const dated of good) {
    if (dated.point.onDemand) continue;
    const last = lastOfDay.get(dated.day);
    if (last === undefined || byAge(last, dated) < 0) lastOfDay.set(dated.day, dated);
    const { month } = dayFacts(policy, dated.day);
    const first = firstOfMonth.get(month);
    if (first === undefined || byAge(dated, first) < 0) firstOfMonth.set(month, dated);
  }
  return (dated) => {
    const { point, createdAt, day } = dated;
    const facts = dayFacts(policy, day);
    const rules = union(
      point.marks,
      lastOfDay.get(day) === dated ? facts.lastOfDay : NONE,
      firstOfMonth.get(facts.month) === dated ? facts.firstOfMonth : NONE,
    );
    return { rules, longest: longestOf(rules, facts, createdAt, settings) };
  };
}

/** In the order of {@link RULES}. The marks themselves where nothing comes to them. */
function union(
  marks: readonly RetentionRule[],
  ofDay: readonly RetentionRule[],
  ofMonth: readonly RetentionRule[],
): readonly RetentionRule[] {
  if (marks.length === 0 && ofMonth.length === 0) return ofDay;
  const isMarked = (rule: RetentionRule): boolean => marks.includes(rule);
  if (ofDay.every(isMarked) && ofMonth.every(isMarked)) return marks;
  return RULES.filter((rule) => isMarked(rule) || ofDay.includes(rule) || ofMonth.includes(rule));
}

function longestOf(
  rules: readonly RetentionRule[],
  { keepDays }: DayFacts,
  createdAt: Instant,
  settings: Days,
): Claim['longest'] {
  let longest: RetentionRule | undefined;
  for (const rule of rules) {
    if (keepDays[rule] > (longest === undefined ? 0 : keepDays[longest])) longest = rule;
  }
  return longest && { rule: longest, until: after(createdAt, keepDays[longest], settings) };
}
