/** A crash before or after any step, or a write whose answer is lost: the end is that of the uninterrupted history. */
import { expect, test } from 'vitest';
import { canonical } from '../../src/domain/canonical.ts';
import { type Interruption, run } from '../support/domain/model/run.ts';
import { newWorld, protectedWorld } from '../support/domain/model/start.ts';
import {
  apply,
  aWeekPasses,
  type Deed,
  deleteNamespace,
  disableSoftDelete,
  enableSoftDelete,
  kubectlDelete,
  stopAndDelete,
  stopAndRetain,
} from '../support/domain/model/users.ts';
import type { World } from '../support/domain/model/world.ts';
import { ITEM } from '../support/domain/names.ts';

/** Everything that is stored, but for versions and for when a job was written about. */
function stored({ api, storage, ghost }: World): unknown {
  return JSON.parse(
    canonical([api, storage, ghost.destroyed]).replace(
      /"(resourceVersion|startTime|endTime|duration)":"[^"]*"/g,
      '"$1":""',
    ),
  );
}

interface Workflow {
  readonly start: World;
  readonly deeds: readonly Deed[];
  /** How many pieces of data are destroyed in all. */
  readonly destroyed: number;
}

const weeks = [aWeekPasses, aWeekPasses];

const workflows: Readonly<Record<string, Workflow>> = {
  'a first backup': { start: newWorld('a'), deeds: [], destroyed: 0 },
  'a soft delete': { start: protectedWorld('a'), deeds: [stopAndDelete(ITEM)], destroyed: 0 },
  'a hand-over': { start: protectedWorld('a'), deeds: [kubectlDelete(ITEM)], destroyed: 0 },
  'a second hand-over': { start: protectedWorld('a'), deeds: [kubectlDelete(ITEM), kubectlDelete(ITEM)], destroyed: 0 },
  'an undelete': { start: protectedWorld('a'), deeds: [stopAndDelete(ITEM), stopAndRetain(ITEM)], destroyed: 0 },
  'an undelete after a hand-over': {
    start: protectedWorld('a'),
    deeds: [kubectlDelete(ITEM), stopAndRetain(ITEM)],
    destroyed: 0,
  },
  'a resume': { start: protectedWorld('a'), deeds: [stopAndRetain(ITEM), apply(ITEM)], destroyed: 0 },
  'a purge': { start: protectedWorld('a'), deeds: [stopAndDelete(ITEM), ...weeks], destroyed: 1 },
  'a purge after a hand-over': { start: protectedWorld('a'), deeds: [kubectlDelete(ITEM), ...weeks], destroyed: 1 },
  'an immediate purge': { start: protectedWorld('a'), deeds: [disableSoftDelete, stopAndDelete(ITEM)], destroyed: 1 },
  'an immediate purge by DELETE': {
    start: protectedWorld('a'),
    deeds: [disableSoftDelete, kubectlDelete(ITEM)],
    destroyed: 1,
  },
  'the documented way out of a window': {
    start: protectedWorld('a'),
    deeds: [stopAndDelete(ITEM), disableSoftDelete, stopAndRetain(ITEM), stopAndDelete(ITEM), enableSoftDelete],
    destroyed: 1,
  },
  'a purge in a namespace that goes': { start: protectedWorld('a'), deeds: [deleteNamespace, ...weeks], destroyed: 1 },
  'an undelete in a namespace that goes': {
    start: protectedWorld('a'),
    deeds: [deleteNamespace, stopAndRetain(ITEM), ...weeks],
    destroyed: 0,
  },
  'a new protection after a purge': {
    start: protectedWorld('a'),
    deeds: [disableSoftDelete, stopAndDelete(ITEM), apply(ITEM)],
    destroyed: 1,
  },
};

const interruptions: readonly Interruption[] = ['CrashBefore', 'CrashAfter', 'LostAnswer'];

test.for(Object.entries(workflows))(
  'ends the same wherever it is interrupted: %s',
  ([, { start, deeds, destroyed }]) => {
    const whole = run(start, deeds);
    const expected = stored(whole.world);
    expect(Object.values(whole.world.ghost.destroyed)).toEqual(Array.from({ length: destroyed }, () => 1));
    for (let at = 0; at < whole.steps; at++) {
      for (const by of interruptions) {
        const { world } = run(start, deeds, { at, by });
        expect(stored(world), `${by} at step ${at}`).toEqual(expected);
      }
    }
  },
);

test('an item that was deleted before its first backup is gone without a window, wherever the operator dies', () => {
  const deleted = kubectlDelete(ITEM)(stopAndRetain(ITEM)(newWorld('a')));
  const whole = run(deleted, []);
  expect(Object.keys(whole.world.api.items)).toEqual([]);
  for (let at = 0; at < whole.steps; at++) {
    for (const by of interruptions) expect(stored(run(deleted, [], { at, by }).world)).toEqual(stored(whole.world));
  }
});
