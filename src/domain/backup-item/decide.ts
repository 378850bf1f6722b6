/**
 * One observation in, one step out. The rules are ordered and named; the first that answers decides. What a rule settles on is
 * compared with what stands there, so that nothing is written where nothing changes.
 */
import { isSame } from '../canonical.ts';
import type { Step } from './actions.ts';
import { clearImmediate, deletingRules } from './deleting.ts';
import { refuseForeignJobs } from './foreign-jobs.ts';
import { isNew, recordIsUnreadable, recordMayBeLost } from './identity.ts';
import type { ItemRecord, Observation } from './observation.ts';
import { type Known, type Outcome, project, type Rule } from './outcome.ts';
import { protectingRules } from './protecting.ts';
import { purgedRules } from './purged.ts';
import { purgingRules } from './purging.ts';
import { waitingRules } from './waiting.ts';

/** First in (P9): before any side effect, on an object that can still take it. */
const needFinalizer: Rule = ({ item }) =>
  item.hasFinalizer || item.terminating ? undefined : { type: 'AddFinalizer' };

/** The whole state machine: which rules speak in which state, in order of precedence. */
export const rulesByState: Readonly<Record<ItemRecord['deleteState'], readonly Rule[]>> = {
  NotDeleted: [needFinalizer, refuseForeignJobs, clearImmediate, ...deletingRules, ...protectingRules],
  ToBeDeleted: [needFinalizer, refuseForeignJobs, ...waitingRules],
  Purging: [refuseForeignJobs, ...purgingRules],
  Purged: [refuseForeignJobs, ...purgedRules],
};

/** Rules for objects without a readable record. */
const originRules = [recordIsUnreadable, recordMayBeLost, isNew];

export function decide(o: Observation): Step {
  const { state } = o.item;
  if (state.type !== 'Known') {
    for (const rule of originRules) {
      const outcome = rule(o);
      if (outcome !== undefined) return toStep(rule.name, o, outcome);
    }
    return { type: 'Wait', rule: 'nothingToKeep' };
  }
  const known: Known = { ...o, record: state.record };
  for (const rule of rulesByState[state.record.deleteState]) {
    const outcome = rule(known);
    if (outcome !== undefined) return toStep(rule.name, o, outcome);
  }
  return { type: 'Wait', rule: 'nothingToDo' };
}

function toStep(rule: string, o: Observation, outcome: Outcome): Step {
  if (outcome.type !== 'Settle') return { type: 'Act', rule, action: outcome };
  const status = project(o, outcome);
  if (isSame(status, o.item.status)) {
    return { type: 'Wait', rule, ...(outcome.wakeAt === undefined ? {} : { wakeAt: outcome.wakeAt }) };
  }
  return {
    type: 'Act',
    rule,
    action: {
      type: 'WriteStatus',
      status,
      manager: outcome.manager ?? 'Operator',
      ...(outcome.event === undefined ? {} : { event: outcome.event }),
      ...(outcome.expect === undefined ? {} : { expect: outcome.expect }),
    },
  };
}
