/** Lets one operator work, alone and with a cache that is up to date, until a whole round of its keys changes nothing. */
import { keysOf, type Machine, step, VAULT_KEY } from './operator.ts';
import { Broken, operatorOf, withOperator, type World } from './world.ts';

const LIMIT = 600;

export function synced(world: World, name: string): World {
  return withOperator(world, { ...operatorOf(world, name), cache: world.api });
}

/** A new process: nothing of what the old one knew. */
export function restarted(world: World, name: string): World {
  return withOperator(world, { name, cache: world.api, passes: {} });
}

/** What may come between two steps, and whether the next one's answer is lost. */
export interface Interrupter {
  readonly before: (world: World) => World;
  readonly loses: () => boolean;
  readonly after: (world: World, did: string) => World;
}

const undisturbed: Interrupter = { before: (world) => world, loses: () => false, after: (world) => world };

/** @throws Broken where it doesn't come to rest */
export function rest(start: World, machine: Machine, interrupter: Interrupter = undisturbed): World {
  const name = start.operators[0]?.name ?? '';
  let world = synced(start, name);
  for (let round = 0; round < LIMIT; round++) {
    const before = world;
    for (const key of [...keysOf(operatorOf(world, name)), VAULT_KEY])
      world = reconcile(world, key, { machine, interrupter });
    if (before.api === world.api && before.storage === world.storage) return world;
  }
  throw new Broken(`no rest after ${LIMIT} rounds`);
}

/** One reconcile of one key, to its end. */
export function reconcile(start: World, key: string, how: { machine: Machine; interrupter: Interrupter }): World {
  const name = start.operators[0]?.name ?? '';
  const { machine, interrupter } = how;
  let world = start;
  for (let count = 0; count < LIMIT; count++) {
    world = interrupter.before(synced(world, name));
    const next = step(world, name, key, { machine, fault: interrupter.loses() ? 'LostAnswer' : 'None' });
    if (next.waits) return synced(next.world, name);
    world = synced(interrupter.after(next.world, `${name} ${key}: ${next.did}`), name);
  }
  throw new Broken(`no rest after ${LIMIT} steps of ${key}`);
}
