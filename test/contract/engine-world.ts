/** The storage below an engine as the contract suite sees it, and the steps that the suite is written in. */
import { randomUUID } from 'node:crypto';
import type { Engine, EngineDisk, EnginePoint, EngineSource, Step } from '../../src/ports/engine.ts';

/** A storage of one test, and one engine on it. */
export interface EngineWorld {
  readonly engine: Engine;
  /** Another instance on the same storage. The first is dropped as by a crash, or goes on beside it. */
  another(): Promise<Engine>;
  /** A source with at least two disks, that can be taken. */
  newSource(): Promise<EngineSource>;
  /** The source goes, as a VM that is deleted. */
  removeSource(source: EngineSource): Promise<void>;
  /** From now on the storage can't be asked, as with a mount that went away. */
  disconnect(): Promise<void>;
  reconnect(): Promise<void>;
  /** Handles of all data in the storage, seen without the engine. */
  stored(): Promise<readonly string[]>;
  /** Destroys what is behind this handle, past the engine. */
  lose(handle: string): Promise<void>;
  /** Puts somebody else's data where the engine would put the first disk of this point. Gives its handle. */
  plantForeign(point: EnginePoint): Promise<string>;
  /** Resolves once asking again is worth it: at the latest after `ms`. */
  moved(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** Asks until it isn't Pending. */
export async function settled<T>(world: EngineWorld, ask: () => Promise<Step<T>>): Promise<Step<T>> {
  for (;;) {
    const step = await ask();
    if (step.type !== 'Pending') return step;
    await world.moved(step.askAgainAfterMs);
  }
}

export async function value<T>(world: EngineWorld, ask: () => Promise<Step<T>>): Promise<T> {
  const step = await settled(world, ask);
  if (step.type !== 'Done') throw new Error(`expected Done, got ${JSON.stringify(step)}`);
  return step.value;
}

/** A point of a source as it is planned: its disks are known, their handles aren't. */
export async function planned(
  world: EngineWorld,
  of: { source?: EngineSource; itemID?: string } = {},
): Promise<EnginePoint> {
  const source = of.source ?? (await world.newSource());
  const report = await value(world, () => world.engine.inspect(source));
  const disks: readonly EngineDisk[] =
    report.type === 'Present' ? (report.planned ?? report.disks.map((name) => ({ name }))) : [];
  return { itemID: of.itemID ?? randomUUID(), pointID: randomUUID(), source, disks };
}

export async function recorded(world: EngineWorld, point: EnginePoint, engine = world.engine): Promise<EnginePoint> {
  const { disks } = await value(world, () => engine.take(point));
  return { ...point, disks };
}

export async function taken(
  world: EngineWorld,
  of: { source?: EngineSource; itemID?: string } = {},
): Promise<EnginePoint> {
  return recorded(world, await planned(world, of));
}

export function handles(...points: readonly EnginePoint[]): readonly string[] {
  return points.flatMap(({ disks }) => disks.map(({ handle }) => handle ?? 'none')).sort();
}

export async function stored(world: EngineWorld): Promise<readonly string[]> {
  return [...(await world.stored())].sort();
}
