/** One history from beginning to end, with at most one fault at a step of one's choice. */
import { soundMachine } from './operator.ts';
import { settled } from './promises.ts';
import { rest, restarted } from './rest.ts';
import type { Deed } from './users.ts';
import type { World } from './world.ts';

export type Interruption = 'CrashBefore' | 'CrashAfter' | 'LostAnswer';

export interface Interrupted {
  readonly at: number;
  readonly by: Interruption;
}

export interface Outcome {
  readonly world: World;
  /** How many steps the operator took in all. */
  readonly steps: number;
}

/** @throws Broken where a promise is broken, or where it doesn't come to rest */
export function run(start: World, deeds: readonly Deed[], interrupted?: Interrupted): Outcome {
  const name = start.operators[0]?.name ?? '';
  let steps = 0;
  const hits = (by: Interruption) => interrupted?.by === by && interrupted.at === steps;
  const interrupter = {
    before: (world: World) => (hits('CrashBefore') ? restarted(world, name) : world),
    loses: () => hits('LostAnswer'),
    after: (world: World) => {
      const crashes = hits('CrashAfter');
      steps++;
      return crashes ? restarted(world, name) : world;
    },
  };
  let world = rest(start, soundMachine, interrupter);
  for (const deed of deeds) {
    world = rest(deed(world), soundMachine, interrupter);
    settled(world);
  }
  return { world, steps };
}
