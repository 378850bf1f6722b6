/**
 * MAY THIS RECOVERY POINT BE COLLECTED? Per point: the first of {@link keepers} that wants it keeps it, and says until when. What
 * none of them wants is collected. Before that the gate (gate.ts) has to be open for the item; else everything is kept.
 *
 * Pure: the same observation gives the same answer, in whatever order the points come. A collection changes no other answer
 * but to keep more, so deciding again after it collects nothing else.
 */
import type { Days } from '../retention.ts';
import type { Instant } from '../time.ts';
import type { RetentionRule } from './calendar.ts';
import { after, byAge, type Claim, claimsOn, type Dated } from './claims.ts';
import { type Closed, whyClosed } from './gate.ts';
import type { RetentionObservation, RetentionPoint } from './observation.ts';
import type { RetentionPolicy } from './policy.ts';
import type { LocalDay } from './zone.ts';

export type KeptBy =
  | 'ItemClosed'
  | 'Restore'
  | 'BackupRunning'
  | 'DataUnknown'
  | 'AgeUnknown'
  | 'ExpiryUnknown'
  | 'FailureShown'
  | 'OnDemand'
  | 'DayNotOver'
  | RetentionRule
  | 'LastGoodPoint'
  | 'MinimumPoints';

/** `Expired`: kept for long enough. `Unclaimed`: no rule of the policy wants it. `Failed`: there is nothing in it. */
export type CollectedFor = 'Expired' | 'Unclaimed' | 'Failed';

export type Verdict =
  | {
      readonly keep: true;
      readonly by: KeptBy;
      /** Asked again then; undefined: until something changes. */
      readonly until?: Instant;
    }
  | { readonly keep: false; readonly reason: CollectedFor };

export interface PointVerdict {
  readonly point: RetentionPoint;
  readonly verdict: Verdict;
  /** When its time is over by the policy or by its own expiry, whatever else may keep it; undefined where nothing says. */
  readonly expiry: Instant | undefined;
  /** To be kept with the point. The very `point.marks` where nothing came to them. */
  readonly marks: readonly RetentionRule[];
}

export interface RetentionDecision {
  /** Why nothing is collected at all. Expiries and marks are then left as they are. */
  readonly closed: Closed | undefined;
  /** In the order in which the points came. */
  readonly points: readonly PointVerdict[];
  /** When a point's verdict may change by itself. */
  readonly wakeAt: Instant | undefined;
}

/** How long an on-demand point without an expiry is kept at least (docs/azure-backup.md F48). */
const ON_DEMAND_DAYS = 30;
/** How long a failed point is there to be looked at. */
const FAILURE_DAYS = 7;

/** What is the same for all points of a decision. */
interface Moment {
  readonly now: Instant;
  readonly today: LocalDay;
  readonly dayEnd: () => Instant;
  readonly policy: RetentionPolicy;
  readonly settings: Days;
}

interface Judged {
  readonly point: RetentionPoint;
  /** Undefined: its time can't be read, or lies in the future. */
  readonly dated: Dated | undefined;
  readonly claim: Claim | undefined;
  readonly latest: 'LastGoodPoint' | 'MinimumPoints' | undefined;
  /** Expiry of an on-demand point. */
  readonly ownExpiry: Instant | undefined;
  readonly moment: Moment;
}

type Keep = Extract<Verdict, { keep: true }>;
type Keeper = (judged: Judged) => Keep | undefined;

/** Order is precedence, from what forbids to what only counts. */
const keepers: readonly Keeper[] = [
  restoreReadsIt,
  backupRuns,
  dataIsUnknown,
  ageIsUnknown,
  expiryIsUnknown,
  failureIsShown,
  wasAskedFor,
  dayIsNotOver,
  policyClaimsIt,
  isAmongTheLatest,
];

export function decideRetention(o: RetentionObservation): RetentionDecision {
  const closed = whyClosed(o);
  const { now, policy, settings } = o;
  if (closed !== undefined || now === undefined || 'unknown' in policy) {
    const verdict = keep('ItemClosed');
    const points = o.points.map((point) => ({ point, verdict, expiry: undefined, marks: point.marks }));
    return { closed, points, wakeAt: undefined };
  }
  const today = policy.zone.localDay(now);
  let end: Instant | undefined;
  const dayEnd = (): Instant => (end ??= policy.zone.dayEnd(now));
  const points = judgeAll(o.points, { now, today, dayEnd, policy, settings });
  let wakeAt: Instant | undefined;
  for (const { verdict } of points) {
    const until = verdict.keep ? verdict.until : undefined;
    if (until !== undefined && (wakeAt === undefined || until < wakeAt)) wakeAt = until;
  }
  return { closed: undefined, points, wakeAt };
}

function judgeAll(points: readonly RetentionPoint[], moment: Moment): readonly PointVerdict[] {
  const { policy, settings } = moment;
  const dated = points.map((point) => dateOf(point, moment));
  const good = dated.filter((one) => one !== undefined).filter(({ point }) => point.state === 'Good');
  const claimOn = claimsOn(good, policy, settings);
  const latest = latestOf(good, policy.minimumPoints);
  return points.map((point, index) => {
    const known = dated[index];
    const claim = known && !point.onDemand ? claimOn(known) : undefined;
    const ownExpiry = known && ownExpiryOf(known, moment);
    return {
      point,
      verdict: verdictOn({ point, dated: known, claim, latest: latest.get(point), ownExpiry, moment }),
      expiry: latestTime(ownExpiry, claim?.longest?.until),
      marks: known !== undefined && claim !== undefined && known.day < moment.today ? claim.rules : point.marks,
    };
  });
}

/** A time in the future is the word of a wrong clock: such a point is no measure for others, and isn't touched itself. */
function dateOf(point: RetentionPoint, { now, policy }: Moment): Dated | undefined {
  const { createdAt } = point;
  if (createdAt === undefined || createdAt > now) return undefined;
  return { point, createdAt, day: policy.zone.localDay(createdAt) };
}

/** The latest good points, and the latest scheduled ones: points that users ask for can't push a scheduled one out. */
function latestOf(good: readonly Dated[], minimum: number): ReadonlyMap<RetentionPoint, Judged['latest']> {
  const latest = new Map<RetentionPoint, Judged['latest']>();
  const all = newest(good, minimum);
  const scheduled = good.filter(({ point }) => !point.onDemand);
  for (const { point } of newest(scheduled, minimum)) latest.set(point, 'MinimumPoints');
  for (const { point } of all) latest.set(point, 'MinimumPoints');
  const last = all.at(-1);
  if (last !== undefined) latest.set(last.point, 'LastGoodPoint');
  return latest;
}

/** Beyond this many, inserting one by one takes longer than sorting all. */
const FEW = 100;

/** The `count` youngest, oldest first. Few of many are found without sorting the others. */
function newest(points: readonly Dated[], count: number): readonly Dated[] {
  if (count > FEW) return points.toSorted(byAge).slice(-count);
  const kept: Dated[] = [];
  for (const dated of points) {
    const [oldest] = kept;
    if (kept.length >= count && oldest !== undefined && byAge(dated, oldest) < 0) continue;
    const before = kept.findLastIndex((other) => byAge(other, dated) < 0);
    kept.splice(before + 1, 0, dated);
    if (kept.length > count) kept.shift();
  }
  return kept;
}

function latestTime(a: Instant | undefined, b: Instant | undefined): Instant | undefined {
  return a !== undefined && b !== undefined && b > a ? b : (a ?? b);
}

/** Its own; without one as long as a daily point, and {@link ON_DEMAND_DAYS} at least. */
function ownExpiryOf({ point, createdAt }: Dated, { policy, settings }: Moment): Instant | undefined {
  if (point.ownExpiry === 'Unreadable') return undefined;
  if (point.ownExpiry !== undefined || !point.onDemand) return point.ownExpiry;
  return after(createdAt, Math.max(policy.daily?.days ?? 0, ON_DEMAND_DAYS), settings);
}

function verdictOn(judged: Judged): Verdict {
  for (const keeper of keepers) {
    const kept = keeper(judged);
    if (kept !== undefined) return kept;
  }
  if (judged.point.state === 'Failed') return { keep: false, reason: 'Failed' };
  const hadTime = judged.ownExpiry ?? judged.claim?.longest;
  return { keep: false, reason: hadTime === undefined ? 'Unclaimed' : 'Expired' };
}

function keep(by: KeptBy): Keep {
  return { keep: true, by };
}

function keepUntil(by: KeptBy, until: Instant | undefined, { moment }: Judged): Keep | undefined {
  return until !== undefined && until > moment.now ? { keep: true, by, until } : undefined;
}

function restoreReadsIt({ point }: Judged) {
  return point.pinnedBy === undefined ? undefined : keep('Restore');
}

function backupRuns({ point }: Judged) {
  return point.state === 'Creating' ? keep('BackupRunning') : undefined;
}

/** What was not found may be there all the same. */
function dataIsUnknown({ point }: Judged) {
  return point.state === 'DataUnknown' ? keep('DataUnknown') : undefined;
}

function ageIsUnknown({ dated }: Judged) {
  return dated === undefined ? keep('AgeUnknown') : undefined;
}

function expiryIsUnknown({ point }: Judged) {
  return point.ownExpiry === 'Unreadable' ? keep('ExpiryUnknown') : undefined;
}

function failureIsShown(judged: Judged) {
  const { point, dated, moment } = judged;
  if (point.state !== 'Failed' || dated === undefined) return undefined;
  return keepUntil('FailureShown', after(dated.createdAt, FAILURE_DAYS, moment.settings), judged);
}

function wasAskedFor(judged: Judged) {
  return keepUntil('OnDemand', judged.ownExpiry, judged);
}

/** Only when a day is over it is known which backup of it was the last. */
function dayIsNotOver(judged: Judged) {
  const { claim, dated, moment } = judged;
  const isOver = claim === undefined || dated === undefined || dated.day < moment.today;
  return isOver ? undefined : keepUntil('DayNotOver', moment.dayEnd(), judged);
}

function policyClaimsIt(judged: Judged) {
  const longest = judged.claim?.longest;
  return longest && keepUntil(longest.rule, longest.until, judged);
}

function isAmongTheLatest({ latest }: Judged) {
  return latest && keep(latest);
}
