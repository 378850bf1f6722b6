/** May anything of this item be collected at all? Every check has to pass; what is unknown keeps everything. */
import type { Operation } from '../backup-item/observation.ts';
import type { RetentionObservation } from './observation.ts';

export type ClosedReason =
  | 'RecordUnknown'
  | 'SoftDeleted'
  | 'NotActive'
  | 'ResumeNotCompleted'
  | 'OperationUnfinished'
  | 'PolicyUnknown'
  | 'ClockSkew'
  | 'PurgeSuspended';

export interface Closed {
  readonly reason: ClosedReason;
  readonly words: string;
}

type Check = (o: RetentionObservation) => Closed | undefined;

/** The first that refuses names the reason. */
const checks: readonly Check[] = [
  recordIsKnown,
  isNotDeleted,
  isActive,
  resumeIsComplete,
  nothingIsUnderWay,
  policyIsKnown,
  clocksAgree,
  nothingSuspends,
];

/** Undefined: collecting is open. */
export function whyClosed(o: RetentionObservation): Closed | undefined {
  for (const check of checks) {
    const closed = check(o);
    if (closed !== undefined) return closed;
  }
  return undefined;
}

const closed = (reason: ClosedReason, words: string): Closed => ({ reason, words });

function recordIsKnown({ item }: RetentionObservation) {
  return item.record === undefined ? closed('RecordUnknown', 'the item has no readable record') : undefined;
}

function isNotDeleted({ item: { record } }: RetentionObservation) {
  if (record?.deleteState === 'NotDeleted' && record.window === undefined) return undefined;
  return closed('SoftDeleted', 'the item is deleted: its points are kept until they are purged together');
}

function isActive({ item }: RetentionObservation) {
  if (item.intent === 'Active' && !item.terminating) return undefined;
  return closed('NotActive', 'protection is stopped: points are kept until it is resumed, or the data is deleted');
}

/** From here on expired points go, so the status has to say first that the item is protected again, and by which policy. */
function resumeIsComplete({ item }: RetentionObservation) {
  const { record, policyName } = item;
  if (record?.stopped === false && policyName !== undefined && record.effectivePolicy === policyName) return undefined;
  return closed('ResumeNotCompleted', `policy ${policyName ?? '(none)'} is not in effect yet`);
}

/** A backup adds, and a restore pins its own point: both may go on meanwhile. */
function nothingIsUnderWay({ item }: RetentionObservation) {
  const harmless: readonly Operation[] = ['Backup', 'Restore'];
  const other = item.unfinished.find((operation) => !harmless.includes(operation));
  return other === undefined ? undefined : closed('OperationUnfinished', `${other} is not finished yet`);
}

function policyIsKnown({ policy }: RetentionObservation) {
  return 'unknown' in policy ? closed('PolicyUnknown', policy.unknown) : undefined;
}

function clocksAgree({ now }: RetentionObservation) {
  return now === undefined ? closed('ClockSkew', "clocks can't be trusted: set the node's clock right") : undefined;
}

function nothingSuspends({ suspendedBy }: RetentionObservation) {
  return suspendedBy === undefined ? undefined : closed('PurgeSuspended', `purges are suspended by ${suspendedBy}`);
}
