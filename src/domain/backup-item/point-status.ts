/** What a recovery point's status says at each turn of its life, conditions for `kubectl wait` included. */
import type { ConditionReason } from '../../api/conditions.ts';
import type { RecoveryPointStatus } from '../../api/recovery-point.gen.ts';
import { mergeConditions, type Verdict } from '../conditions.ts';
import { formatInstant, type Instant } from '../time.ts';

type Availability = ConditionReason<'RecoveryPoint', 'Available'>;
type DataReason = ConditionReason<'RecoveryPoint', 'DataAvailable'>;

export function availablePoint(now: Instant, expiryTime: string | undefined): RecoveryPointStatus {
  return {
    state: 'Available',
    completionTime: formatInstant(now),
    ...(expiryTime === undefined ? {} : { expiryTime }),
    conditions: said(
      now,
      ['True', 'Available', 'the point was taken'],
      ['True', 'DataFound', 'the storage has the data'],
    ),
  };
}

export function failedPoint(now: Instant, words: string): RecoveryPointStatus {
  const conditions = said(now, ['False', 'Failed', `it could not be taken: ${words}`]);
  return { state: 'Failed', evidence: words.slice(0, 1024), conditions };
}

export function purgedPoint(now: Instant, lines: readonly string[]): RecoveryPointStatus {
  const words = 'the data was destroyed';
  return {
    state: 'Purged',
    purgedTime: formatInstant(now),
    evidence: lines.join('; ').slice(0, 1024),
    conditions: said(now, ['False', 'Purged', words], ['False', 'Purged', words]),
  };
}

type Words<R> = readonly [status: 'True' | 'False', reason: R, message: string];

function said(now: Instant, available: Words<Availability>, data?: Words<DataReason>) {
  const verdicts: Verdict[] = [verdict('Available', available)];
  if (data !== undefined) verdicts.push(verdict('DataAvailable', data));
  return mergeConditions(undefined, verdicts, { now, generation: 1 });
}

function verdict(type: string, [status, reason, message]: Words<string>): Verdict {
  return { type, status, reason, message };
}
