/** A storage with holds: what the engine's contract promises, without the bytes. */
import type { Action } from '../../../../src/domain/backup-item/actions.ts';
import type { Answers, Point } from '../../../../src/domain/backup-item/observation.ts';
import { instantOf } from '../../../../src/domain/time.ts';
import type { Storage } from './world.ts';

type EngineAction = Extract<Action, { type: 'Inspect' | 'Take' | 'Hold' | 'Release' | 'Destroy' }>;
type Keeping = Exclude<EngineAction, { type: 'Destroy' }>;

export function isEngineStep(action: Action): action is EngineAction {
  return ['Inspect', 'Take', 'Hold', 'Release', 'Destroy'].includes(action.type);
}

export interface Kept {
  readonly storage: Storage;
  readonly answers: Partial<Answers>;
}

/** A step that keeps or looks. */
export function engineStep(
  storage: Storage,
  action: Keeping,
  { answers, holds }: { answers: Answers; holds: boolean },
): Kept {
  switch (action.type) {
    case 'Inspect':
      return { storage, answers: { inspected: { type: 'Done', value: { type: 'Present', disks: ['root'] } } } };
    case 'Take': {
      const { point } = action;
      const disks = [{ name: 'root', handle: `handle-${point.pointID}` }];
      const taken = new Map(answers.taken).set(point.name, { type: 'Done', value: { disks } });
      return {
        storage: { ...storage, [point.pointID]: storage[point.pointID] ?? { itemID: point.itemID, until: undefined } },
        answers: { taken },
      };
    }
    case 'Hold':
      return hold(storage, action, holds);
    case 'Release': {
      const { point } = action;
      const released = new Map(answers.released).set(point.name, { type: 'Done', value: {} });
      const data = storage[point.pointID];
      return {
        storage: data === undefined ? storage : { ...storage, [point.pointID]: { ...data, until: undefined } },
        answers: { released },
      };
    }
  }
}

function hold(storage: Storage, { points, window }: Extract<Action, { type: 'Hold' }>, holds: boolean): Kept {
  const missing: string[] = [];
  let held = storage;
  const keep = (point: Point) => {
    const data = storage[point.pointID];
    if (data === undefined) return void missing.push(point.name);
    const until = instantOf(Math.max(data.until ?? 0, window.purgeTime));
    if (holds) held = { ...held, [point.pointID]: { ...data, until } };
  };
  points.forEach(keep);
  const answer = { type: 'Done', value: { retainUntil: window.purgeTime, missing } } as const;
  return { storage: held, answers: { held: { window, tookMs: 0, answer } } };
}
