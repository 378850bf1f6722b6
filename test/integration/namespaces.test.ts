/** Namespaces that are deleted: of what is protected, and of the vault itself. A day is a second. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NAMESPACES } from '../../src/api/names.ts';
import { isNotFound } from '../../src/ports/kube.ts';
import { must } from '../support/operator/identity.ts';
import { until } from '../support/operator/until.ts';
import { condition, says } from '../support/world/conditions.ts';
import { itemManifest } from '../support/world/manifests.ts';
import type { Place } from '../support/world/place.ts';
import { World } from '../support/world/world.ts';

let world: World;
const PATIENCE_MS = 60_000;

beforeAll(async () => {
  world = await World.start({ dayLength: '1s' });
});

afterAll(() => world.stop());

async function isThere(namespace: string): Promise<boolean> {
  try {
    await world.kube.get(NAMESPACES, { namespace: '', name: namespace });
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

async function deleteNamespace(namespace: string): Promise<void> {
  await must(world.plane, ['delete', 'namespace', namespace, '--wait=false']);
}

async function namespaceGone(namespace: string): Promise<void> {
  await until(`namespace ${namespace} has ended`, async () => !(await isThere(namespace)), { withinMs: PATIENCE_MS });
}

/** A long window: 180 seconds. */
const long = { softDelete: { retentionDays: 180 } };

/** The namespace controller has asked for the deletion of this item, and the operator has answered. */
function softDeletedThere(place: Place, name: string) {
  return place.itemWhere(
    name,
    'is soft-deleted where it is',
    ({ metadata, status }) => metadata.deletionTimestamp !== undefined && status?.deleteState === 'ToBeDeleted',
    PATIENCE_MS,
  );
}

describe.concurrent('the namespace of a source', () => {
  test('may go: its backups stay, and are as deletable and undeletable as before', async () => {
    const shop = await world.place({ empty: true });
    const place = await world.place({
      vault: {
        ...long,
        sources: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': shop.namespace } } },
      },
    });
    await place.create(itemManifest('web', place.namespace, { sourceNamespace: shop.namespace }));
    const before = await place.protected('web');
    await deleteNamespace(shop.namespace);
    await namespaceGone(shop.namespace);
    const item = await place.itemReady('web', 'SourceUnknown');
    expect(item.status).toMatchObject({ deleteState: 'NotDeleted', recoveryPoints: { count: 1 } });
    expect(says(item, 'DataAvailable')).toBe('True/PointsAvailable');
    expect(await place.stored(before)).toHaveLength(1);
    expect((await place.softDelete('web')).status?.recoveryPoints?.count).toBe(1);
    expect((await place.undelete('web')).status?.recoveryPoints?.count).toBe(1);
  });
});

describe.concurrent('the namespace of a vault', () => {
  test('ends only when all that it held is purged, at its deadline', async () => {
    const place = await world.place();
    const before = await place.aProtectedItem('web');
    await place.aProtectedItem('db');
    const stopped = await place.stop('db');
    const asked = Date.now();
    await deleteNamespace(place.namespace);
    const item = await softDeletedThere(place, 'web');
    expect(item.metadata).toMatchObject({ uid: before.metadata.uid, finalizers: ['reprieve.dev/retention'] });
    expect(item.status).toMatchObject({ itemID: before.status?.itemID, deletionRequest: { by: 'Delete' } });
    expect(Date.parse(item.status?.purgeTime ?? '')).toBeGreaterThanOrEqual(asked - 1_000 + 14_000);
    const [disk] = await place.stored(item);
    expect(Date.parse(disk?.retainUntil ?? '')).toBeGreaterThanOrEqual(Date.parse(item.status?.purgeTime ?? ''));
    expect(await place.points(item.status?.itemID)).toHaveLength(1);
    expect(await isThere(place.namespace)).toBe(true);
    await namespaceGone(place.namespace);
    expect(Date.now()).toBeGreaterThan(Date.parse(item.status?.purgeTime ?? ''));
    expect(await place.stored(before)).toEqual([]);
    expect(await place.stored(stopped)).toEqual([]);
  });

  test('keeps what was soft-deleted before until the deadline that stood', async () => {
    const place = await world.place();
    await place.aProtectedItem('web');
    const before = await place.softDelete('web');
    await deleteNamespace(place.namespace);
    const item = await softDeletedThere(place, 'web');
    expect(item.status?.purgeTime).toBe(before.status?.purgeTime);
    await namespaceGone(place.namespace);
    expect(Date.now()).toBeGreaterThan(Date.parse(before.status?.purgeTime ?? ''));
    expect(await place.stored(before)).toEqual([]);
  });

  test('waits for what is undeleted there, and a condition says so', async () => {
    const place = await world.place({ vault: long });
    const before = await place.aProtectedItem('web');
    await deleteNamespace(place.namespace);
    await softDeletedThere(place, 'web');
    await place.patch('backupitem', 'web', { spec: { protection: 'StopRetainData' } });
    const item = await place.itemWhere('web', 'is back', ({ status }) => status?.deleteState === 'NotDeleted');
    expect(item.metadata.uid).toBe(before.metadata.uid);
    const ready = await place.itemWhere('web', 'says why it waits', (now) =>
      /terminating namespace.*kept/.test(condition(now, 'Ready')?.message ?? ''),
    );
    expect(ready.status).not.toHaveProperty('purgeTime');
    // No Undelete job can be made there, and without one the hold stays: it keeps longer, never shorter.
    expect(await place.stored(before)).toHaveLength(1);
    expect(await isThere(place.namespace)).toBe(true);
    // Asked for once more, it is soft-deleted again.
    await place.patch('backupitem', 'web', { spec: { protection: 'StopDeleteData' } });
    const again = await place.itemInState('web', 'ToBeDeleted');
    expect(again.status?.itemID).toBe(before.status?.itemID);
    expect(await place.stored(before)).toHaveLength(1);
  });

  test('ends at once where nothing ever held data', async () => {
    const place = await world.place();
    await place.anItem('idle', { policy: 'missing' });
    await place.itemReady('idle', 'PolicyNotFound');
    await deleteNamespace(place.namespace);
    await namespaceGone(place.namespace);
  });
});
