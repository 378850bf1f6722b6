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

/**
 * @param good the item's good points, oldest first
 * @returns a function that tells the claims on a point; of a point that isn't scheduled or good, there are only its marks
 */
export function claimsOn(good: readonly Dated[], policy: RetentionPolicy, settings: Days): (dated: Dated) => Claim {
  const lastOfDay = new Map<LocalDay, RetentionPoint>();
  const firstOfMonth = new Map<number, RetentionPoint>();
  for (const { point, day } of good) {
    if (point.onDemand) continue;
    lastOfDay.set(day, point);
    const { month } = dayFacts(policy, day);
    if (!firstOfMonth.has(month)) firstOfMonth.set(month, point);
  }
  return ({ point, createdAt, day }) => {
    const facts = dayFacts(policy, day);
    const rules = union(
      point.marks,
      lastOfDay.get(day) === point ? facts.lastOfDay : NONE,
      firstOfMonth.get(facts.month) === point ? facts.firstOfMonth : NONE,
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
