/** Taking and holding when something goes wrong underneath: real controllers, real bytes. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { HELD_LABEL, MANAGER, RETAIN_UNTIL_ANNOTATION } from '../../../src/api/names.ts';
import { planned, recorded, settled, value, type EngineWorld } from '../../contract/engine-world.ts';
import {
  answer,
  crashing,
  handleIn,
  questions,
  tidied,
  withoutSnapshots,
  type Scene,
} from '../../support/csi-engine/scene.ts';
import { APPS, CSIStorage } from '../../support/csi-engine/storage.ts';
import { worldOn } from '../../support/csi-engine/world.ts';
import { SNAPSHOT_CLASSES } from '../../support/csi/classes.ts';
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

describe('taking', () => {
  test('records everything by which the data is found again, and leaves one Retain content per disk', async () => {
    const scene = await begin();
    const point = await tidied(scene);
    for (const disk of point.disks) {
      const content = await storage.contentOf(disk.handle ?? '');
      expect(disk).toEqual({
        name: disk.name,
        handle: content.status?.snapshotHandle,
        driver: storage.stack.driver,
        snapshotClassName: SNAPSHOT_CLASSES.retain,
        storageClassName: 'csi-immediate',
        volumeMode: 'Filesystem',
        contentName: content.metadata.name,
        contentUID: content.metadata.uid,
        sizeBytes: content.status?.restoreSize,
      });
      expect(content.spec.deletionPolicy).toBe('Retain');
      expect(content.metadata.labels).toEqual({
        'reprieve.dev/item-id': point.itemID,
        'reprieve.dev/point-id': point.pointID,
      });
      expect(content.metadata).not.toHaveProperty('ownerReferences');
    }
    expect(await questions(scene)).toEqual([]);
  });

  test('a claim is a source with one disk', async () => {
    const { world } = await begin();
    const { name } = await storage.newVM();
    const source = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: APPS, name: `${name}-data` };
    const point = await recorded(world, await planned(world, { source }));
    expect(await world.stored()).toEqual([handleIn(point)]);
  });

  test('the data outlives the namespace of its source, also where it goes right after the cut', async () => {
    const { world } = await begin();
    const namespace = 'short-lived';
    await must(storage.plane, ['create', 'namespace', namespace]);
    const plan = await planned(world, { source: await storage.newVM(namespace) });
    const point = await recorded(world, plan);
    await must(storage.plane, ['delete', 'namespace', namespace, '--timeout=60s']);
    expect(await recorded(world, plan)).toEqual(point);
    expect(await value(world, () => world.engine.probe(point))).toMatchObject({ present: true });
    expect(await world.stored()).toHaveLength(2);
  });

  test('a point costs one snapshot and one question per disk, and lists only what is its own', async () => {
    const { world } = await begin();
    const calls: string[] = [];
    const engine = await storage.engine({}, calls);
    // Whether the driver answers questions at all is asked once.
    await recorded(world, await recorded(world, await planned(world), engine), engine);
    const plan = await planned(world);
    calls.length = 0;
    await recorded(world, await recorded(world, plan, engine), engine);
    const counts = Object.entries(Object.groupBy(calls, (call) => call)).map(([call, all = []]) => [call, all.length]);
    expect(Object.fromEntries(counts)).toMatchObject({
      'create volumesnapshots': 2,
      'create volumesnapshotcontents': 2,
      'delete volumesnapshots': 2,
      'delete volumesnapshotcontents': 2,
      'get persistentvolumeclaims': 2,
    });
    expect(calls.filter((call) => call.startsWith('list') && !call.endsWith('selected'))).toEqual([]);
    expect(calls.filter((call) => /classes|persistentvolumes$/.test(call))).toEqual([]);
  });

  test('with a class that deletes, the contents are Retain before anything counts', async () => {
    const scene = await begin();
    const { world } = scene;
    const plan = await planned(world);
    const disks = plan.disks.map((disk) => ({ ...disk, snapshotClassName: SNAPSHOT_CLASSES.delete }));
    const point = await recorded(world, { ...plan, disks });
    for (const { handle = '' } of point.disks)
      expect((await storage.contentOf(handle)).spec.deletionPolicy).toBe('Retain');
    await recorded(world, point);
    await withoutSnapshots(scene, point);
    expect(await world.stored()).toHaveLength(2);
  });

  test('a crash after each step changes nothing about the end', async () => {
    const scene = await begin();
    const { world } = scene;
    const plan = await planned(world);
    const { disks } = await crashing(scene, (engine) => engine.take(plan));
    expect(await crashing(scene, (engine) => engine.take({ ...plan, disks }))).toEqual({ disks });
    await withoutSnapshots(scene, plan);
    expect(await crashing(scene, (engine) => engine.take(plan))).toEqual({ disks });
    expect(await world.stored()).toHaveLength(2);
  });

  test('a driver that fails is Pending at first, then Blocked with its words, and Done once it recovers', async () => {
    const scene = await begin();
    const { world } = scene;
    const engine = await storage.engine(IMPATIENT);
    const plan = await planned(world);
    await storage.stack.faults.set('CreateSnapshot', { code: 'ResourceExhausted', message: 'the pool is full' });
    expect(await engine.take(plan)).toMatchObject({ type: 'Pending' });
    expect(await answer('Blocked', () => engine.take(plan))).toContain('the pool is full');
    expect(await engine.purge(plan)).toMatchObject({ type: 'Blocked' });
    expect(await value(world, () => engine.leftovers(plan.itemID))).not.toEqual([]);
    await storage.stack.faults.clear();
    await until('it is taken', async () => (await engine.take(plan)).type === 'Done');
    expect(await world.stored()).toHaveLength(2);
  });

  test.for([
    { part: 'snapshotController', words: /VolumeSnapshot .* waits for snapshot-controller, which says nothing/ },
    { part: 'snapshotter', words: /waits for the csi-snapshotter of .*, which says nothing/ },
  ] as const)('without $part nobody knows, and it goes on once that is there again', async ({ part, words }) => {
    const { world } = await begin();
    const engine = await storage.engine(IMPATIENT);
    const plan = await planned(world);
    await storage.stack.parts[part].kill();
    expect(await engine.take(plan)).toMatchObject({ type: 'Pending' });
    expect(await answer('Unknown', () => engine.take(plan))).toMatch(words);
    await storage.stack.parts[part].start();
    await until('it is taken', async () => (await engine.take(plan)).type === 'Done');
    expect(await world.stored()).toHaveLength(2);
  });

  test('the subscription calls when a step that was Pending can move', async () => {
    const scene = await begin();
    const { world } = scene;
    const called: string[] = [];
    world.engine.subscribe((pointID) => called.push(pointID));
    const plan = await planned(world);
    expect(await world.engine.take(plan)).toMatchObject({ type: 'Pending' });
    await until('it is called', () => called.includes(plan.pointID));
    await recorded(world, plan);
  });
});

describe('holding', () => {
  test('a content that somebody deleted is made again from the record, and held', async () => {
    const scene = await begin();
    const { world } = scene;
    const point = await tidied(scene);
    await must(storage.plane, ['delete', 'volumesnapshotcontent', point.disks[0]?.contentName ?? '', '--timeout=20s']);
    const { retainUntilMs } = await value(world, () => world.engine.hold(point, NOON));
    expect(retainUntilMs).toBe(NOON);
    const content = await storage.contentOf(handleIn(point));
    expect(content.metadata.labels).toMatchObject({ [HELD_LABEL]: 'true', 'reprieve.dev/item-id': point.itemID });
    expect(content.spec).toMatchObject({ deletionPolicy: 'Retain', source: { snapshotHandle: handleIn(point) } });
    expect(await value(world, () => world.engine.probe(point))).toEqual({ present: true, retainUntilMs });
    await value(world, () => world.engine.release(point));
    await value(world, () => world.engine.purge(point));
    expect(await world.stored()).toEqual([]);
    expect(await value(world, () => world.engine.leftovers(point.itemID))).toEqual([]);
  });

  test('a policy that was flipped to Delete is Retain again', async () => {
    const scene = await begin();
    const { world } = scene;
    const point = await tidied(scene);
    const name = point.disks[1]?.contentName ?? '';
    await storage.patchContent(name, { spec: { deletionPolicy: 'Delete' } });
    await value(world, () => world.engine.hold(point, NOON));
    expect((await storage.contentOf(handleIn(point, 1))).spec.deletionPolicy).toBe('Retain');
  });

  test('a deadline that cannot be read is Unknown, and stays as it is', async () => {
    const scene = await begin();
    const { world } = scene;
    const point = await tidied(scene);
    const name = point.disks[0]?.contentName ?? '';
    await storage.patchContent(name, { metadata: { annotations: { [RETAIN_UNTIL_ANNOTATION]: 'for ever' } } });
    expect(await settled(world, () => world.engine.hold(point, NOON))).toMatchObject({ type: 'Unknown' });
    expect(await settled(world, () => world.engine.probe(point))).toMatchObject({ type: 'Unknown' });
    expect(await settled(world, () => world.engine.purge(point))).toMatchObject({ type: 'Blocked' });
    expect((await storage.contentOf(handleIn(point))).metadata.annotations?.[RETAIN_UNTIL_ANNOTATION]).toBe('for ever');
  });

  test.for([
    { reason: 'Undelete', manager: 'reprieve-undelete' },
    { reason: 'Purge', manager: 'reprieve-purge' },
  ] as const)('a hold is released by a manager of its own: $manager', async ({ reason, manager }) => {
    const scene = await begin();
    const { world } = scene;
    const point = await tidied(scene);
    await value(world, () => world.engine.hold(point, NOON));
    await value(world, () => world.engine.release(point, reason));
    const { name } = (await storage.contentOf(handleIn(point))).metadata;
    const json = await must(storage.plane, [
      'get',
      'volumesnapshotcontent',
      name,
      '-o',
      'json',
      '--show-managed-fields',
    ]);
    const { metadata } = JSON.parse(json) as { metadata: { managedFields: readonly { manager: string }[] } };
    expect(metadata.managedFields.map((entry) => entry.manager)).toEqual(expect.arrayContaining([MANAGER, manager]));
    expect((await storage.contentOf(handleIn(point))).spec.deletionPolicy).toBe('Retain');
  });
});
