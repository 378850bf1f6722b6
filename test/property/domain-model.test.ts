/**
 * Every order of a user's deeds, the operators' steps, crashes and lost answers, up to a budget, on the pure rules. Where the
 * budget ends a walk, chance chose what was seen; REPRIEVE_MODEL_STATES gives a longer one, REPRIEVE_MODEL_SEED another.
 */
import { expect, test } from 'vitest';
import { explore, type Scenario } from '../support/domain/model/explore.ts';
import { soundMachine } from '../support/domain/model/operator.ts';
import { synced } from '../support/domain/model/rest.ts';
import { newWorld, protectedWorld } from '../support/domain/model/start.ts';
import {
  apply,
  aWeekPasses,
  backUp,
  deleteNamespace,
  deleteVault,
  disableSoftDelete,
  enableSoftDelete,
  kubectlDelete,
  resumePurge,
  stopAndDelete,
  stopAndRetain,
  suspendPurge,
} from '../support/domain/model/users.ts';
import type { World } from '../support/domain/model/world.ts';
import { ITEM } from '../support/domain/names.ts';

const weeks = { 'a week passes': aWeekPasses, 'another week passes': aWeekPasses };
const weeksInOrder = { 'another week passes': 'a week passes' };

const sound: Pick<Scenario, 'machine' | 'faults' | 'staleCaches' | 'limit' | 'seed'> = {
  machine: soundMachine,
  faults: 1,
  staleCaches: true,
  limit: Number(process.env['REPRIEVE_MODEL_STATES'] ?? 5_000),
  seed: Number(process.env['REPRIEVE_MODEL_SEED'] ?? 1),
};

/** A new leader whose cache lacks the old one's last writes would freeze a list of points that is too short. */
const hearsAllAndLeads = (world: World) => synced(world, 'b');

const scenarios: Readonly<Record<string, Scenario>> = {
  'soft delete, undelete and the end of the window': {
    ...sound,
    start: protectedWorld('a'),
    after: weeksInOrder,
    deeds: { ...weeks, 'stop and delete': stopAndDelete(ITEM), undelete: stopAndRetain(ITEM) },
  },
  'raw delete, re-apply and undelete': {
    ...sound,
    start: protectedWorld('a'),
    deeds: { 'kubectl delete': kubectlDelete(ITEM), 'kubectl apply': apply(ITEM), undelete: stopAndRetain(ITEM) },
  },
  'raw delete, a second one, and the end of the window': {
    ...sound,
    start: protectedWorld('a'),
    after: { ...weeksInOrder, 'kubectl delete again': 'kubectl delete' },
    deeds: { ...weeks, 'kubectl delete': kubectlDelete(ITEM), 'kubectl delete again': kubectlDelete(ITEM) },
  },
  'a vault that disables and enables soft delete': {
    ...sound,
    start: protectedWorld('a'),
    after: { enable: 'disable' },
    deeds: {
      disable: disableSoftDelete,
      enable: enableSoftDelete,
      'stop and delete': stopAndDelete(ITEM),
      undelete: stopAndRetain(ITEM),
    },
  },
  'a raw delete while soft delete is disabled': {
    ...sound,
    start: protectedWorld('a'),
    deeds: { disable: disableSoftDelete, 'kubectl delete': kubectlDelete(ITEM), 'kubectl apply': apply(ITEM) },
  },
  'a brake at the end of the window': {
    ...sound,
    start: protectedWorld('a'),
    after: { ...weeksInOrder, release: 'brake' },
    deeds: { ...weeks, 'stop and delete': stopAndDelete(ITEM), brake: suspendPurge, release: resumePurge },
  },
  'a namespace that goes': {
    ...sound,
    start: protectedWorld('a'),
    after: weeksInOrder,
    deeds: {
      ...weeks,
      'delete namespace': deleteNamespace,
      'stop and delete': stopAndDelete(ITEM),
      undelete: stopAndRetain(ITEM),
    },
  },
  'a vault that is deleted': {
    ...sound,
    start: protectedWorld('a'),
    after: weeksInOrder,
    deeds: {
      ...weeks,
      'delete vault': deleteVault,
      'stop and delete': stopAndDelete(ITEM),
      'kubectl delete': kubectlDelete(ITEM),
    },
  },
  'a new item that is deleted at once': {
    ...sound,
    start: newWorld('a'),
    deeds: {
      'stop and delete': stopAndDelete(ITEM),
      'kubectl delete': kubectlDelete(ITEM),
      undelete: stopAndRetain(ITEM),
    },
  },
  'two items for one source': {
    ...sound,
    start: protectedWorld('a'),
    deeds: {
      'apply a twin': apply('twin'),
      'kubectl delete': kubectlDelete(ITEM),
      'delete the twin': kubectlDelete('twin'),
    },
  },
  'two operators, undelete and purge': {
    ...sound,
    faults: 0,
    start: protectedWorld('a', 'b'),
    after: weeksInOrder,
    deeds: { ...weeks, 'stop and delete': stopAndDelete(ITEM), undelete: stopAndRetain(ITEM) },
  },
  'two operators and a raw delete': {
    ...sound,
    faults: 0,
    start: protectedWorld('a', 'b'),
    deeds: { 'kubectl delete': kubectlDelete(ITEM), 'kubectl apply': apply(ITEM), undelete: stopAndRetain(ITEM) },
  },
  'a backup on demand and a deletion': {
    ...sound,
    start: protectedWorld('a'),
    deeds: { 'back up': backUp(ITEM), 'stop and delete': stopAndDelete(ITEM), undelete: stopAndRetain(ITEM) },
  },
  'a change of leader, a backup on demand and a deletion': {
    ...sound,
    start: protectedWorld('a', 'b'),
    takeOver: 'b leads',
    deeds: { 'b leads': hearsAllAndLeads, 'back up': backUp(ITEM), 'stop and delete': stopAndDelete(ITEM) },
  },
  'a purged item that is made Active again': {
    ...sound,
    start: protectedWorld('a'),
    deeds: { disable: disableSoftDelete, 'stop and delete': stopAndDelete(ITEM), 'make active': apply(ITEM) },
  },
};

test.for(Object.entries(scenarios))('keeps all promises in every order of %s', ([, scenario]) => {
  const { states, complete } = explore(scenario);
  expect(complete || states >= scenario.limit).toBe(true);
  expect(states).toBeGreaterThan(1_000);
});
