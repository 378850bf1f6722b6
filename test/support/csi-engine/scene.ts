/** Points on the CSI stack, and what is left of them. */
import type { CSIEngine } from '../../../src/adapters/engines/csi/engine.ts';
import { PROBE_LABEL } from '../../../src/api/names.ts';
import type { EnginePoint, Step } from '../../../src/ports/engine.ts';
import { recorded, taken, value, type EngineWorld } from '../../contract/engine-world.ts';
import { until } from '../operator/until.ts';
import type { CSIStorage } from './storage.ts';

/** One test's storage and the world on it. */
export interface Scene {
  readonly storage: CSIStorage;
  readonly world: EngineWorld;
}

/** A point that is recorded, and whose VolumeSnapshots are gone. */
export async function tidied(scene: Scene): Promise<EnginePoint> {
  const point = await recorded(scene.world, await taken(scene.world));
  await withoutSnapshots(scene, point);
  return point;
}

export async function withoutSnapshots({ storage }: Scene, { pointID }: EnginePoint): Promise<void> {
  await until('the snapshots are gone', async () => {
    const snapshots = await storage.snapshots();
    return !snapshots.some(({ metadata }) => metadata.name.includes(pointID));
  });
}

/** Names of all contents of a point, by label or by the snapshot that they came from; those that only ask are among them. */
export async function contentsOf({ storage }: Scene, { pointID }: EnginePoint): Promise<readonly string[]> {
  const contents = await storage.contents();
  return contents.flatMap(({ metadata, spec }) =>
    JSON.stringify([metadata.labels, spec.volumeSnapshotRef.name]).includes(pointID) ? [metadata.name] : [],
  );
}

/** Contents that only ask. */
export async function questions({ storage }: Scene): Promise<readonly string[]> {
  const contents = await storage.contents();
  return contents.flatMap(({ metadata }) => (metadata.labels?.[PROBE_LABEL] === 'true' ? [metadata.name] : []));
}

export function handleIn({ disks }: EnginePoint, index = 0): string {
  return disks[index]?.handle ?? 'none';
}

/** Asks with a new engine each time, as if the operator crashed after each step. */
export async function crashing<T>({ storage, world }: Scene, ask: (engine: CSIEngine) => Promise<Step<T>>): Promise<T> {
  return value(world, async () => ask(await storage.engine()));
}

/** Asks until the answer is of this type. @returns its words, where it has some */
export async function answer(type: Step<unknown>['type'], ask: () => Promise<Step<unknown>>): Promise<string> {
  return until(`an answer ${type}`, async () => {
    const step = await ask();
    if (step.type !== type) return undefined;
    return 'words' in step ? step.words : '';
  });
}
