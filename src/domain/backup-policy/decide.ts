/** A BackupPolicy can't go while an Active item lives by it. */
import type { BackupPolicyStatus } from '../../api/backup-policy.gen.ts';
import { isSame } from '../canonical.ts';
import { mergeConditions } from '../conditions.ts';
import type { Instant } from '../time.ts';

export interface PolicyObservation {
  readonly name: string;
  readonly generation: number;
  readonly terminating: boolean;
  readonly hasFinalizer: boolean;
  readonly status: BackupPolicyStatus;
  /** Names of items whose effective policy this is. */
  readonly users: readonly string[];
  readonly now: Instant;
}

export type PolicyStep =
  | { readonly type: 'AddFinalizer' }
  | { readonly type: 'RemoveFinalizer' }
  | { readonly type: 'WriteStatus'; readonly status: BackupPolicyStatus }
  | { readonly type: 'Wait' };

export function decidePolicy(o: PolicyObservation): PolicyStep {
  const used = o.users.length > 0;
  if (used && !o.hasFinalizer && !o.terminating) return { type: 'AddFinalizer' };
  if (o.terminating && o.hasFinalizer && !used) return { type: 'RemoveFinalizer' };
  const status = statusOf(o);
  return isSame(status, o.status) ? { type: 'Wait' } : { type: 'WriteStatus', status };
}

function statusOf(o: PolicyObservation): BackupPolicyStatus {
  const used = o.users.length > 0;
  const names = [...o.users].sort().slice(0, 5).join(', ');
  const held = `held by ${o.users.length} items (${names}): give them another policy or stop their protection`;
  return {
    observedGeneration: o.generation,
    itemsInUse: o.users.length,
    conditions: mergeConditions(
      o.status.conditions,
      [
        o.terminating
          ? { type: 'Ready', status: 'False', reason: 'Terminating', message: used ? held : 'being deleted' }
          : { type: 'Ready', status: 'True', reason: 'Accepted', message: 'items may use this policy' },
        used
          ? { type: 'InUse', status: 'True', reason: 'ItemsActive', message: `used by ${o.users.length} items` }
          : { type: 'InUse', status: 'False', reason: 'NotInUse', message: 'no active item uses this policy' },
      ],
      { now: o.now, generation: o.generation },
    ),
  };
}
