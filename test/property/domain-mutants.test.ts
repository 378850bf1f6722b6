/** The model is worth its time only if it catches operators that are wrong on purpose. */
import { expect, test } from 'vitest';
import type { Step } from '../../src/domain/backup-item/actions.ts';
import { decide } from '../../src/domain/backup-item/decide.ts';
import type { Observation } from '../../src/domain/backup-item/observation.ts';
import { DAY_MS, plus } from '../../src/domain/time.ts';
import { explore } from '../support/domain/model/explore.ts';
import { type Machine, soundMachine } from '../support/domain/model/operator.ts';
import { protectedWorld } from '../support/domain/model/start.ts';
import { aWeekPasses, kubectlDelete, stopAndDelete, stopAndRetain } from '../support/domain/model/users.ts';
import { ITEM } from '../support/domain/names.ts';

/** The rules, asked with facts that were tampered with. */
function deceived(change: (o: Observation) => Observation): Machine {
  return { ...soundMachine, decide: (o) => decide(change(o)) };
}

/** The rules, with another answer in place of some. */
function overruled(change: (step: Step, o: Observation) => Step): Machine {
  return { ...soundMachine, decide: (o) => change(decide(o), o) };
}

const years = (o: Observation) => plus(o.now, 1000 * DAY_MS);

const mutants: Readonly<Record<string, readonly [Machine, RegExp]>> = {
  'does not ask whether the deadline has passed': [
    deceived((o) => {
      const { gate } = o.live;
      const late = { wall: years(o), server: years(o), verdict: 'Trusted' } as const;
      return {
        ...o,
        now: years(o),
        live: gate === undefined ? o.live : { ...o.live, gate: { ...gate, clocks: late } },
      };
    }),
    /I1|no rest/,
  ],
  'takes a deletion mark for consent': [
    overruled((step, { item }) =>
      item.terminating && item.status.deleteState === 'ToBeDeleted'
        ? {
            type: 'Act',
            rule: 'mutant',
            action: { type: 'WriteStatus', status: { ...item.status, deleteState: 'Purging' }, manager: 'Purge' },
          }
        : step,
    ),
    /I1/,
  ],
  'writes status without saying which version it judged': [{ ...soundMachine, guardsStatus: false }, /I4|I11|P5/],
  'looks into its cache instead of the world': [{ ...soundMachine, looksLive: false, guardsStatus: false }, /I4|I11/],
  'says that it holds, and does not': [{ ...soundMachine, holds: false }, /P5/],
  'hands over without a record': [
    overruled((step) =>
      step.rule === 'handOver' && step.type === 'Act' && step.action.type !== 'LookAtNamespace'
        ? { type: 'Act', rule: 'mutant', action: { type: 'RemoveFinalizer', why: 'HandedOver' } }
        : step,
    ),
    /I5/,
  ],
  'forgets the undelete': [
    overruled((step) => (step.rule === 'undelete' ? { type: 'Wait', rule: 'mutant' } : step)),
    /not undeleted/,
  ],
  'says ToBeDeleted again and again': [
    overruled((step, { item }) =>
      step.type === 'Wait' && item.status.deleteState === 'ToBeDeleted'
        ? { type: 'Act', rule: 'mutant', action: { type: 'WriteStatus', status: item.status, manager: 'Operator' } }
        : step,
    ),
    /no rest/,
  ],
};

test.for(Object.entries(mutants))('catches an operator that %s', ([, [machine, breach]]) => {
  const hunt = () =>
    explore({
      machine,
      start: protectedWorld('a'),
      faults: 0,
      staleCaches: true,
      limit: 20_000,
      after: { 'another week passes': 'a week passes' },
      deeds: {
        'a week passes': aWeekPasses,
        'another week passes': aWeekPasses,
        'stop and delete': stopAndDelete(ITEM),
        'kubectl delete': kubectlDelete(ITEM),
        undelete: stopAndRetain(ITEM),
      },
    });
  expect(hunt).toThrow(breach);
});
