/** Records that an administrator damages by hand: nothing is destroyed, and no deadline gets earlier. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BackupItem } from '../../src/api/backup-item.gen.ts';
import { BACKUP_ITEMS } from '../../src/api/names.ts';
import { until } from '../support/operator/until.ts';
import type { Manifest } from '../support/world/manifests.ts';
import type { Place } from '../support/world/place.ts';
import { World } from '../support/world/world.ts';

let world: World;

beforeAll(async () => {
  world = await World.start({ dayLength: '1h' });
});

afterAll(() => world.stop());

function patchStatus(place: Place, name: string, status: Manifest | null): Promise<string> {
  const patch = JSON.stringify({ status });
  return place.refusal(['patch', 'backupitem', name, '--subresource=status', '--type=merge', '-p', patch]);
}

/** As nobody should: the operator is away, the finalizer goes by hand, and the object with it. */
async function tearOut(place: Place, name: string): Promise<void> {
  await world.stopOperator();
  await place.must(['delete', 'backupitem', name, '--wait=false']);
  await place.kubectl(['patch', 'backupitem', name, '--type=merge', '-p', '{"metadata":{"finalizers":null}}']);
  await place.gone(BACKUP_ITEMS, name);
}

function deadline({ status }: BackupItem): number {
  return Date.parse(status?.purgeTime ?? '');
}

describe.concurrent('the API server refuses to let an administrator', () => {
  test.for<{ readonly name: string; readonly status: Manifest | null; readonly words: RegExp }>([
    {
      name: 'remove the status',
      status: null,
      words: /status is the record of what happens to the data and can't be removed/,
    },
    { name: 'remove the itemID', status: { itemID: null }, words: /itemID/ },
    { name: 'remove the state', status: { deleteState: null }, words: /not a step of the life cycle/ },
    { name: 'remove the purge time', status: { purgeTime: null }, words: /purgeTime may only move later/ },
    {
      name: 'shorten the window',
      status: { purgeTime: '2020-01-01T00:00:00Z' },
      words: /purgeTime may only move later/,
    },
    { name: 'make it Immediate', status: { deletionMode: 'Immediate' }, words: /deletionMode is fixed/ },
    { name: 'say that it holds no data', status: { dataHeldSince: null }, words: /dataHeldSince stays as it is/ },
    { name: 'say that it is purged', status: { deleteState: 'Purged' }, words: /not a step of the life cycle/ },
  ])('$name', async ({ status, words }) => {
    const place = await world.place();
    await place.aProtectedItem('web');
    const before = await place.softDelete('web');
    expect(await patchStatus(place, 'web', status)).toMatch(words);
    expect((await place.item('web'))?.status).toEqual(before.status);
  });
});

describe.concurrent('a record that is damaged within what the API server accepts', () => {
  test('as NotDeleted is put right again', async () => {
    const place = await world.place();
    const before = await place.aProtectedItem('web');
    const patch = {
      status: { conditions: [], policyRef: null, protectionState: null, recoveryPoints: null, lastBackup: null },
    };
    await place.must([
      'patch',
      'backupitem',
      'web',
      '--subresource=status',
      '--type=merge',
      '-p',
      JSON.stringify(patch),
    ]);
    const item = await place.itemWhere('web', 'is whole again', ({ status }) => status?.recoveryPoints?.count === 1);
    expect(item.status).toMatchObject({ itemID: before.status?.itemID, deleteState: 'NotDeleted' });
    await place.protected('web');
    expect(await place.points(before.status?.itemID)).toHaveLength(1);
  });

  test('as ToBeDeleted keeps its deadline', async () => {
    const place = await world.place();
    await place.aProtectedItem('web');
    const before = await place.softDelete('web');
    const patch = { status: { conditions: [], protectionState: null, deletionRequest: null } };
    await place.must([
      'patch',
      'backupitem',
      'web',
      '--subresource=status',
      '--type=merge',
      '-p',
      JSON.stringify(patch),
    ]);
    const item = await place.itemReady('web', 'SoftDeleted');
    expect(deadline(item)).toBe(deadline(before));
    expect((await place.undelete('web')).status?.recoveryPoints?.count).toBe(1);
  });

  test('as one that asks for an immediate purge is soft-deleted anew, no earlier than before', async () => {
    const place = await world.place();
    await place.aProtectedItem('web');
    const before = await place.softDelete('web');
    const past = '2020-01-01T00:00:00Z';
    const status = { deleteState: 'NotDeleted', deletionMode: 'Immediate', deleteTime: past, purgeTime: past };
    const patch = JSON.stringify({ status: { ...status, softDeleteState: 'Disabled' } });
    await place.must(['patch', 'backupitem', 'web', '--subresource=status', '--type=merge', '-p', patch]);
    await place.softDeleted('web');
    const item = await place.itemInState('web', 'ToBeDeleted');
    expect(deadline(item)).toBeGreaterThanOrEqual(deadline(before));
    expect(item.status?.deletionMode).toBe('Deferred');
    expect(await place.stored(item)).toHaveLength(1);
  });

  test('by a finalizer that was removed has it back', async () => {
    const place = await world.place();
    await place.aProtectedItem('web');
    await place.patch('backupitem', 'web', { metadata: { finalizers: null } });
    await place.itemWhere('web', 'has its finalizer', ({ metadata }) => metadata.finalizers?.length === 1);
    const [point] = await place.points();
    await place.patch('recoverypoint', point?.metadata.name ?? '', { metadata: { finalizers: null } });
    await until(
      'the point has its finalizer',
      async () => (await place.points())[0]?.metadata.finalizers?.length === 1,
    );
  });
});

describe('an item that was torn out', () => {
  test('leaves its data, and the vault waits for it', async () => {
    const place = await world.place();
    const before = await place.aProtectedItem('web');
    await tearOut(place, 'web');
    await world.startOperator();
    await place.must(['delete', 'vault', 'main', '--wait=false']);
    const vault = await place.vaultWhere(
      'main',
      'waits for points',
      ({ status }) =>
        status?.conditions?.some((c) => c.type === 'DeletionBlocked' && /^1 recovery point\b/.test(c.message)) === true,
    );
    expect(vault.status?.recoveryPoints).toBe(1);
    expect(await place.stored(before)).toHaveLength(1);
  });

  test('is known again by its data when it is declared again, and goes on with its points', async () => {
    const place = await world.place();
    const before = await place.aProtectedItem('web');
    await tearOut(place, 'web');
    await place.anItem('web');
    await world.startOperator();
    const item = await place.protected('web');
    expect(item.status).toMatchObject({ itemID: before.status?.itemID, recoveryPoints: { count: 1 } });
    expect(await place.stored(item)).toHaveLength(1);
    await place.event('BackupItem', 'web', 'RecordRebuilt');
  });

  test('while it was soft-deleted never gets an earlier deadline', async () => {
    const place = await world.place();
    await place.aProtectedItem('web');
    const before = await place.softDelete('web');
    await tearOut(place, 'web');
    await place.patch('vault', 'main', { spec: { softDelete: { retentionDays: 14 } } });
    await place.anItem('web', { protection: 'StopDeleteData' });
    await world.startOperator();
    const item = await place.softDeleted('web');
    expect(item.status?.itemID).toBe(before.status?.itemID);
    expect(deadline(item)).toBeGreaterThanOrEqual(deadline(before));
    expect(await place.stored(item)).toHaveLength(1);
    expect((await place.undelete('web')).status?.recoveryPoints?.count).toBe(1);
  });

  test('with a window that was longer then keeps the longer one', async () => {
    const place = await world.place({ vault: { softDelete: { retentionDays: 100 } } });
    await place.aProtectedItem('web');
    const before = await place.softDelete('web');
    await tearOut(place, 'web');
    await place.patch('vault', 'main', { spec: { softDelete: { retentionDays: 14 } } });
    await place.anItem('web', { protection: 'StopDeleteData' });
    await world.startOperator();
    const item = await place.softDeleted('web');
    expect(deadline(item)).toBeGreaterThanOrEqual(deadline(before));
    const [disk] = await place.stored(item);
    expect(Date.parse(disk?.retainUntil ?? '')).toBeGreaterThanOrEqual(deadline(before));
  });

  test('is carried on by one of two that are declared at once, and the other destroys nothing of it', async () => {
    const place = await world.place();
    const before = await place.aProtectedItem('web');
    await tearOut(place, 'web');
    await place.anItem('web');
    await place.anItem('web-two', { source: 'web' });
    await world.startOperator();
    await until('both have a record', async () => (await place.items()).every(({ status }) => status?.itemID));
    const ids = (await place.items()).map(({ status }) => status?.itemID);
    expect(new Set(ids).size).toBe(2);
    expect(ids).toContain(before.status?.itemID);
    expect(await place.stored(before)).toHaveLength(1);
  });

  test('with a deadline keeps it where the vault has soft delete disabled when it is declared again', async () => {
    const place = await world.place();
    await place.aProtectedItem('web');
    const before = await place.softDelete('web');
    await tearOut(place, 'web');
    await place.patch('vault', 'main', { spec: { softDelete: { state: 'Disabled' } } });
    await place.anItem('web');
    await world.startOperator();
    await place.itemWhere('web', 'has noted the vault', ({ status }) => status?.softDeleteState === 'Disabled');
    const item = await place.softDelete('web');
    expect(item.status?.deletionMode).toBe('Deferred');
    expect(deadline(item)).toBeGreaterThanOrEqual(deadline(before));
    expect(await place.stored(item)).toHaveLength(1);
  });
});
