/** What a decision asks for, and the facts of a gate that stands open but for what a test changes. */
import type { BackupItemStatus } from '../../../src/api/backup-item.gen.ts';
import type { Action, Step } from '../../../src/domain/backup-item/actions.ts';
import { decodeItem, decodePoint, decodeVault } from '../../../src/domain/backup-item/decode.ts';
import type { GateFacts } from '../../../src/domain/backup-item/observation.ts';
import { instantOf } from '../../../src/domain/time.ts';
import { aVault } from './builders.ts';
import { NOW } from './names.ts';
import { decideOn, digestOf, type Facts } from './observations.ts';

export function actionOf(step: Step): Action {
  if (step.type !== 'Act') throw new Error(`waits by ${step.rule}`);
  return step.action;
}

export function statusWritten(facts: Facts): BackupItemStatus {
  const action = actionOf(decideOn(facts));
  if (action.type !== 'WriteStatus') throw new Error(`${action.type} instead of WriteStatus`);
  return action.status;
}

export function gate(facts: Facts, changes: Partial<GateFacts> = {}): GateFacts {
  const vault = facts.vault ?? aVault();
  return {
    item: decodeItem(facts.item),
    vault: vault === 'Absent' ? vault : decodeVault(vault),
    points: (facts.points ?? []).map(decodePoint),
    digest: digestOf(facts.points ?? []),
    retainUntil: undefined,
    pinnedByRestore: undefined,
    clocks: { wall: facts.now ?? NOW, server: facts.now ?? NOW, verdict: 'Trusted' },
    leaseLeftMs: 15_000,
    suspended: false,
    rateFreeAt: instantOf(0),
    ...changes,
  };
}
