/** What the driver is believed, and destroying when something goes wrong underneath: real controllers, real bytes. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { planned, recorded, settled, taken, value, type EngineWorld } from '../../contract/engine-world.ts';
import {
  answer,
  contentsOf,
  crashing,
  handleIn,
  questions,
  tidied,
  type Scene,
} from '../../support/csi-engine/scene.ts';
import { CSIStorage } from '../../support/csi-engine/storage.ts';
import { SNAPSHOT_CLASSES } from '../../support/csi/classes.ts';
import { worldOn } from '../../support/csi-engine/world.ts';
import { must } from '../../support/operator/identity.ts';
import { until } from '../../support/operator/until.ts';

const NOON = Date.parse('2031-05-01T12:00:00Z');
const IMPATIENT = { patienceMs: 1_500 };

let storage: CSIStorage;
let world: EngineWorld | undefined;

beforeAll(async () => {
  storage = await CSIStorage.start();
});

afterAll(() => storage.stop());

afterEach(async () => {
  await storage.stack.faults.clear();
  await world?.close();
});

async function begin(): Promise<Scene> {
  world = await worldOn(storage);
  return { storage, world };
}

describe('probing', () => {
  test.for([
    {
      says: 'nothing once',
      fault: { answer: 'empty', times: 1 },
      expected: { type: 'Done', value: { present: true } },
    },
    { says: 'Unavailable', fault: { code: 'Unavailable' }, expected: { type: 'Unknown' } },
    { says: 'NotFound as an error', fault: { code: 'NotFound' }, expected: { type: 'Unknown' } },
    { says: 'another snapshot', fault: { answer: 'wrong' }, expected: { type: 'Unknown' } },
  ] as const)('a driver that says $says is not believed to have lost the data', async ({ fault, expected }) => {
    const scene = await begin();
    const { world } = scene;
    const point = await tidied(scene);
    const engine = await storage.engine();
    await storage.stack.faults.set('ListSnapshots', fault);
    expect(await settled(world, () => engine.probe(point))).toMatchObject(expected);
    await storage.stack.faults.clear();
    // Another, which doesn't remember that the driver seemed to be unable.
    const next = await storage.engine();
    await until('it is present', async () => {
      const step = await next.probe(point);
      return step.type === 'Done' && step.value.present;
    });
  });

  test('snapshots that died with their volume are gone, though their contents are ready', async () => {
    const { world } = await begin();
    const plan = await planned(world);
    const disks = plan.disks.map((disk) => ({ ...disk, snapshotClassName: SNAPSHOT_CLASSES.dependent }));
    const point = await recorded(world, { ...plan, disks });
    await world.removeSource(plan.source);
    await until('the driver has dropped them', async () => (await world.stored()).length === 0);
    expect((await storage.contentOf(handleIn(point))).status?.readyToUse).toBe(true);
    expect(await value(world, () => world.engine.probe(point))).toMatchObject({ present: false });
    expect(await settled(world, () => world.engine.hold(point, NOON))).toMatchObject({ type: 'Blocked' });
    await value(world, () => world.engine.release(point, 'Purge'));
    expect((await value(world, () => world.engine.purge(point))).lines).toHaveLength(2);
  });

  test('without csi-snapshotter there is no answer, and no absence', async () => {
    const scene = await begin();
    const { world } = scene;
    const point = await tidied(scene);
    await storage.stack.parts.snapshotter.kill();
    for (let asked = 0; asked < 3; asked += 1)
      expect(await world.engine.probe(point)).toMatchObject({ type: 'Pending' });
    await storage.stack.parts.snapshotter.start();
    expect(await value(world, () => world.engine.probe(point))).toMatchObject({ present: true });
  });
});

describe('purging', () => {
  test('a crash after each step changes nothing about the end, and nothing is left of it', async () => {
    const scene = await begin();
    const { world } = scene;
    const point = await tidied(scene);
    const { lines } = await crashing(scene, (engine) => engine.purge(point));
    expect(lines).toHaveLength(2);
    expect(await world.stored()).toEqual([]);
    await until('no content is left', async () => (await contentsOf(scene, point)).length === 0);
    expect(await questions(scene)).toEqual([]);
  });

  test('all contents of the cluster are listed before one is marked, and not while it is waited for', async () => {
    const scene = await begin();
    const point = await tidied(scene);
    const calls: string[] = [];
    const engine = await storage.engine({}, calls);
    await storage.stack.faults.set('DeleteSnapshot', { code: 'Unavailable' });
    for (let asked = 0; asked < 5; asked += 1) expect(await engine.purge(point)).toMatchObject({ type: 'Pending' });
    expect(calls.filter((call) => call === 'list volumesnapshotcontents')).toHaveLength(1);
    await storage.stack.faults.clear();
    await value(scene.world, () => engine.purge(point));
    expect(await scene.world.stored()).toEqual([]);
  });

  test('another content of the same handle forbids it, by name', async () => {
    const scene = await begin();
    const { world } = scene;
    const point = await tidied(scene);
    const foreign = await storage.foreignContent(handleIn(point, 1), 'Delete');
    expect(await settled(world, () => world.engine.purge(point))).toMatchObject({
      type: 'Blocked',
      words: expect.stringContaining(foreign) as string,
    });
    expect(await world.stored()).toHaveLength(2);
    await storage.patchContent(foreign, { spec: { deletionPolicy: 'Retain' } });
    await must(storage.plane, ['delete', 'volumesnapshotcontent', foreign, '--timeout=20s']);
    await value(world, () => world.engine.purge(point));
    expect(await world.stored()).toEqual([]);
  });

  test('a driver that does not delete is Blocked with what the Events say, and can be held no more', async () => {
    const scene = await begin();
    const { world } = scene;
    const engine = await storage.engine(IMPATIENT);
    const point = await tidied(scene);
    await storage.stack.faults.set('DeleteSnapshot', { code: 'FailedPrecondition', message: 'it has clones' });
    expect(await engine.purge(point)).toMatchObject({ type: 'Pending' });
    expect(await answer('Blocked', () => engine.purge(point))).toContain('SnapshotDeleteError');
    expect(await engine.hold(point, NOON)).toMatchObject({ type: 'Blocked' });
    expect(await world.stored()).toHaveLength(2);
    await storage.stack.faults.clear();
    await value(world, () => world.engine.purge(point));
    expect(await world.stored()).toEqual([]);
  });

  test.for(['driver', 'snapshotter', 'snapshotController'] as const)(
    'without %s it is not done, and it goes on afterwards',
    async (part) => {
      const scene = await begin();
      const { world } = scene;
      const point = await tidied(scene);
      await storage.stack.parts[part].kill();
      expect(await world.engine.purge(point)).toMatchObject({ type: 'Pending' });
      await storage.stack.parts[part].start();
      await until('it is done', async () => (await world.engine.purge(point)).type === 'Done', { withinMs: 60_000 });
      expect(await world.stored()).toEqual([]);
      await until('no content is left', async () => (await contentsOf(scene, point)).length === 0);
    },
  );

  test('a policy flipped back halfway makes no leak: it is destroyed through a new content', async () => {
    const scene = await begin();
    const { world } = scene;
    const point = await tidied(scene);
    await storage.stack.faults.set('DeleteSnapshot', { code: 'Unavailable' });
    await world.engine.purge(point);
    const name = point.disks[0]?.contentName ?? '';
    await storage.patchContent(name, { spec: { deletionPolicy: 'Retain' } });
    await until('the helper has let go', async () => {
      const { finalizers = [] } = (await storage.contentOf(handleIn(point))).metadata;
      return !finalizers.includes('snapshot.storage.kubernetes.io/volumesnapshotcontent-bound-protection');
    });
    await storage.stack.faults.clear();
    const { lines } = await value(world, () => world.engine.purge(point));
    expect(lines.join()).toContain(handleIn(point));
    expect(await world.stored()).toEqual([]);
    await until('no content is left', async () => (await contentsOf(scene, point)).length === 0);
  });

  test('a driver that cannot be asked what it has is Unknown, whatever it deleted', async () => {
    const scene = await begin();
    const { world } = scene;
    const point = await tidied(scene);
    await storage.stack.faults.set('ListSnapshots', { code: 'Internal', message: 'no list today' });
    const words = await answer('Unknown', () => world.engine.purge(point));
    expect(words).toContain('no list today');
    await storage.stack.faults.clear();
    await until('it is proven', async () => (await world.engine.purge(point)).type === 'Done');
  });

  test('a driver that takes every handle for an existing one is believed what it made, and proves by DeleteSnapshot alone', async () => {
    const scene = await begin();
    const { world } = scene;
    const engine = await storage.engine();
    // Another snapshot, for the driver to answer with.
    await taken(world);
    await storage.stack.faults.set('ListSnapshots', { answer: 'wrong' });
    const point = await recorded(world, await recorded(world, await planned(world), engine), engine);
    await value(world, () => engine.hold(point, NOON));
    await value(world, () => engine.release(point, 'Purge'));
    const { lines } = await value(world, () => engine.purge(point));
    expect(lines.every((line) => line.includes("can't list snapshots"))).toBe(true);
    expect(await world.stored()).toHaveLength(2);
  });

  test('what was cut and never recorded is neither destroyed nor overlooked', async () => {
    const scene = await begin();
    const { world } = scene;
    const plan = await planned(world);
    await recorded(world, plan);
    expect(await settled(world, () => world.engine.purge(plan))).toMatchObject({ type: 'Blocked' });
    expect(await value(world, () => world.engine.leftovers(plan.itemID))).toHaveLength(2);
    expect(await value(world, () => world.engine.leftovers(randomUUID()))).toEqual([]);
    expect(await world.stored()).toHaveLength(2);
  });
});
