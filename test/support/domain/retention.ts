/** Policies and observations for the tests of retention. */
import type { BackupPolicySpec } from '../../../src/api/backup-policy.gen.ts';
import { decideRetention } from '../../../src/domain/recovery-retention/decide.ts';
import type {
  RetentionItem,
  RetentionObservation,
  RetentionPoint,
} from '../../../src/domain/recovery-retention/observation.ts';
import { readRetention, type RetentionPolicy } from '../../../src/domain/recovery-retention/policy.ts';
import { DAY_MS, formatInstant } from '../../../src/domain/time.ts';
import { instant } from './instants.ts';
import { NOW, POLICY } from './names.ts';

export type RetentionSpec = Pick<BackupPolicySpec, 'retention' | 'minimumPoints' | 'schedule'>;

/** @throws Error with the words of a refusal */
export function policyOf(spec: RetentionSpec): RetentionPolicy {
  const reading = readRetention(spec);
  if (!reading.ok) throw new Error(reading.message);
  return reading.policy;
}

export const ACTIVE: RetentionItem = {
  intent: 'Active',
  terminating: false,
  policyName: POLICY,
  record: { deleteState: 'NotDeleted', window: undefined, stopped: false, effectivePolicy: POLICY },
  unfinished: [],
};

/** A good scheduled point, named after its time: `2026-02-01T02:00`. */
export function pointAt(time: string, more: Partial<RetentionPoint> = {}): RetentionPoint {
  return {
    id: time,
    createdAt: instant(`${time}:00Z`),
    state: 'Good',
    onDemand: false,
    ownExpiry: undefined,
    marks: [],
    pinnedBy: undefined,
    ...more,
  };
}

export function retentionOf(
  policy: RetentionObservation['policy'],
  points: readonly RetentionPoint[],
  more: Partial<RetentionObservation> = {},
): RetentionObservation {
  return {
    item: ACTIVE,
    policy,
    points,
    now: NOW,
    suspendedBy: undefined,
    settings: { dayLengthMs: DAY_MS },
    ...more,
  };
}

/** Keeps points for a week. */
export const DAILY: RetentionSpec = { retention: { daily: { days: 7 } } };

/** Newer than all others, so that the rule of the last good point has no say in a table. */
export const NEWEST = pointAt('2026-03-01T11:00');

export interface RetentionCase {
  readonly name: string;
  /** {@link DAILY} when absent. */
  readonly spec?: RetentionSpec;
  readonly point: RetentionPoint;
  /** {@link NEWEST} when absent. */
  readonly others?: readonly RetentionPoint[];
  readonly told: string;
}

/** `kept by Daily until 2026-03-08T02:00`, or `collected: Expired`. */
export function tellVerdict({ spec = DAILY, point, others = [NEWEST] }: RetentionCase): string {
  const verdict = decideRetention(retentionOf(policyOf(spec), [point, ...others])).points[0]?.verdict;
  if (verdict === undefined) throw new Error('no verdict');
  if (!verdict.keep) return `collected: ${verdict.reason}`;
  return `kept by ${verdict.by}${verdict.until === undefined ? '' : ` until ${formatInstant(verdict.until).slice(0, 16)}`}`;
}
