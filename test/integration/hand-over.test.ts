/** A raw delete of an item is a soft delete: its record moves to a new object of the same name. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BackupItem } from '../../src/api/backup-item.gen.ts';
import { BACKUP_ITEMS } from '../../src/api/names.ts';
import { until } from '../support/operator/until.ts';
import { says } from '../support/world/conditions.ts';
import { itemManifest } from '../support/world/manifests.ts';
import type { Place } from '../support/world/place.ts';
import { World } from '../support/world/world.ts';

let world: World;

beforeAll(async () => {
  world = await World.start({ dayLength: '1h' });
});

afterAll(() => world.stop());

/** What may never change with a hand-over. */
function promise({ status }: BackupItem) {
  const { itemID, deleteTime, purgeTime, retentionDays, deletionMode, dataHeldSince } = status ?? {};
  return { itemID, deleteTime, purgeTime, retentionDays, deletionMode, dataHeldSince };
}

async function isHandedOver(place: Place, before: BackupItem): Promise<BackupItem> {
  const { name } = before.metadata;
  const item = await place.comeBack(name, before);
  expect(item.spec).toEqual({ ...before.spec, protection: 'StopDeleteData' });
  expect(item.status).toMatchObject({ itemID: before.status?.itemID, handedOver: true, recoveryPoints: { count: 1 } });
  expect(says(item, 'Ready')).toBe('True/SoftDeleted');
  const [disk, ...others] = await place.stored(item);
  expect(others).toEqual([]);
  expect(Date.parse(disk?.retainUntil ?? '')).toBeGreaterThanOrEqual(Date.parse(item.status?.purgeTime ?? ''));
  await place.jobsEnded(name);
  return item;
}

describe.concurrent('kubectl delete', () => {
  test('of an Active item returns, and the item comes back soft-deleted under its name', async () => {
    const place = await world.place();
    const labels = { 'app.kubernetes.io/managed-by': 'Helm', 'argocd.argoproj.io/instance': 'backup' };
    const annotations = { 'meta.helm.sh/release-name': 'backup', 'config.kubernetes.io/owning-inventory': 'x' };
    const before = await place.aProtectedItem('web', { labels, annotations });
    await place.must(['delete', 'backupitem', 'web', '--timeout=30s']);
    const item = await isHandedOver(place, before);
    expect(item.metadata.labels ?? {}).toEqual({});
    expect(item.metadata.annotations).toEqual({ 'reprieve.dev/previous-uid': before.metadata.uid });
    expect(item.status?.deletionRequest).toMatchObject({ by: 'Delete', uid: before.metadata.uid });
    const [job] = await place.jobs('web', 'DeleteBackupData');
    expect(job?.status).toMatchObject({
      state: 'Completed',
      record: { itemUID: before.metadata.uid, itemID: before.status?.itemID, purgeTime: item.status?.purgeTime },
    });
    const event = await place.event('BackupItem', 'web', 'HandedOver');
    expect(event.note).toContain(before.metadata.uid);
    await place.event('BackupItem', 'web', 'SoftDeleted');
    expect((await place.table('bi'))[0]).toMatchObject({ NAME: 'web', STATE: 'ToBeDeleted', POINTS: '1' });
  });

  test('of a stopped item soft-deletes it, too', async () => {
    const place = await world.place();
    await place.aProtectedItem('web');
    const stopped = await place.stop('web');
    await place.must(['delete', 'backupitem', 'web']);
    await isHandedOver(place, stopped);
  });

  test('of a soft-deleted item changes nothing, however often', async () => {
    const place = await world.place();
    await place.aProtectedItem('web');
    let item = await place.softDelete('web');
    const promised = promise(item);
    for (let round = 0; round < 3; round++) {
      await place.must(['delete', 'backupitem', 'web']);
      item = await isHandedOver(place, item);
      expect(promise(item)).toEqual(promised);
    }
    expect(await place.jobs('web', 'DeleteBackupData')).toHaveLength(4);
    expect(await place.jobs('web', 'Purge')).toEqual([]);
  });

  test.for([['--cascade=orphan'], ['--cascade=foreground'], ['--grace-period=0', '--force'], ['--now']])(
    'with %s is no way around it',
    async (flags) => {
      const place = await world.place();
      const before = await place.aProtectedItem('web');
      await place.must(['delete', 'backupitem', 'web', ...flags]);
      const item = await isHandedOver(place, before);
      expect(item.metadata.finalizers).toEqual(['reprieve.dev/retention']);
    },
  );

  test('--all of the category reaches items, vault and policy, and loses nothing', async () => {
    const place = await world.place();
    const names = ['a', 'b', 'c'];
    await Promise.all(names.map((name) => place.anItem(name)));
    const before = await Promise.all(names.map((name) => place.protected(name)));
    await place.must(['delete', 'reprieve', '--all', '--wait=false']);
    const items = await Promise.all(before.map((item) => isHandedOver(place, item)));
    expect(new Set(items.map((item) => item.status?.itemID)).size).toBe(3);
    const vault = await place.vaultWhere('main', 'counts all', ({ status }) => status?.blockingCount === 3);
    expect(says(vault, 'DeletionBlocked')).toBe('True/ItemsRemain');
    expect(await place.points()).toHaveLength(3);
  });

  test('as a collection soft-deletes each item', async () => {
    const place = await world.place();
    await Promise.all(['a', 'b'].map((name) => place.anItem(name)));
    const before = [await place.protected('a'), await place.protected('b')];
    await place.must(['delete', '--raw', `/apis/reprieve.dev/v1alpha1/namespaces/${place.namespace}/backupitems`]);
    for (const item of before) await isHandedOver(place, item);
  });

  test('of an item that never held data is a delete', async () => {
    const place = await world.place({ empty: true });
    await place.anItem('idle');
    await place.itemReady('idle', 'VaultNotFound');
    await place.must(['delete', 'backupitem', 'idle', '--timeout=10s']);
    expect(await place.item('idle')).toBeUndefined();
    expect(await place.jobs('idle')).toEqual([]);
  });

  test('together with a foreign finalizer waits for that one, and then comes back', async () => {
    const place = await world.place();
    const before = await place.aProtectedItem('web', { finalizers: ['example.com/mine'] });
    await place.must(['delete', 'backupitem', 'web', '--wait=false']);
    const waiting = await place.itemWhere(
      'web',
      'waits',
      ({ metadata, status }) =>
        status?.deleteState === 'ToBeDeleted' && (metadata.finalizers ?? []).join() === 'example.com/mine',
    );
    await place.patch('backupitem', 'web', { metadata: { finalizers: null } });
    const item = await isHandedOver(place, before);
    expect(promise(item)).toEqual(promise(waiting));
  });
});

describe.concurrent('an item that was handed over', () => {
  test('is not made Active by the manifest that a GitOps tool applies again', async () => {
    const place = await world.place();
    const manifest = JSON.stringify(itemManifest('web', place.namespace));
    const apply = ['apply', '--server-side', '--field-manager=argocd-controller', '-f', '-'];
    await place.must(apply, manifest);
    const before = await place.protected('web');
    await place.must(['delete', 'backupitem', 'web']);
    const item = await isHandedOver(place, before);
    expect(await place.refusal([...apply, '--force-conflicts'], { input: manifest })).toContain('undelete first');
    expect(promise((await place.item('web')) ?? item)).toEqual(promise(item));
  });

  test('is undeleted like any other, and then stays where it is', async () => {
    const place = await world.place();
    const before = await place.aProtectedItem('web');
    await place.must(['delete', 'backupitem', 'web']);
    await isHandedOver(place, before);
    const item = await place.undelete('web');
    expect(item.status).toMatchObject({ itemID: before.status?.itemID, deleteState: 'NotDeleted' });
    expect(item.status).not.toHaveProperty('handedOver');
    const resumed = await place.resume('web');
    expect(resumed.status?.recoveryPoints?.count).toBe(1);
    expect((await place.stored(resumed)).map(({ retainUntil }) => retainUntil)).toEqual([undefined]);
  });

  test('is undeleted also while the hand-over is still under way', async () => {
    const place = await world.place();
    const before = await place.aProtectedItem('web');
    await place.must(['delete', 'backupitem', 'web', '--wait=false']);
    await until('the undelete got through', async () => {
      const patch = JSON.stringify({ spec: { protection: 'StopRetainData' } });
      const now = await place.item('web');
      if (now === undefined || now.metadata.uid === before.metadata.uid) return false;
      return (await place.kubectl(['patch', 'backupitem', 'web', '--type=merge', '-p', patch])).code === 0;
    });
    const item = await place.stopped('web');
    expect(item.status?.itemID).toBe(before.status?.itemID);
    expect(await place.stored(item)).toHaveLength(1);
    expect(await place.get(BACKUP_ITEMS, 'web')).toBeDefined();
  });

  test('of a mass deletion is told to the owner of the vault', async () => {
    const place = await world.place();
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    await Promise.all(names.map((name) => place.anItem(name)));
    await Promise.all(names.map((name) => place.protected(name)));
    await place.must(['delete', 'backupitem', '--all', '--wait=false']);
    const event = await place.event('Vault', 'main', 'MassDeleteRequested');
    expect(event).toMatchObject({ type: 'Warning', note: expect.stringContaining('suspendPurge') as unknown });
  });
});
