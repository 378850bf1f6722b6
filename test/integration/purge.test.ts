/** The end of the window on a real control plane: days last a second, so that a window is 14 seconds long. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BackupItem } from '../../src/api/backup-item.gen.ts';
import { BACKUP_ITEMS, VAULTS } from '../../src/api/names.ts';
import { until } from '../support/operator/until.ts';
import { condition, says } from '../support/world/conditions.ts';
import type { Place } from '../support/world/place.ts';
import { World } from '../support/world/world.ts';

let world: World;
const WINDOW_MS = 14_000;
/** Window, purge, and a machine that is busy. */
const PATIENCE_MS = 45_000;

beforeAll(async () => {
  world = await World.start({ dayLength: '1s' });
});

afterAll(() => world.stop());

/** Waits until the item is due by everybody's clock, and a while longer. */
async function pastDeadline(item: BackupItem): Promise<void> {
  const due = Date.parse(item.status?.purgeTime ?? 'none') + 1_000;
  await until(`${item.metadata.name} is past its deadline`, () => Date.now() > due, { withinMs: PATIENCE_MS });
}

async function purged(place: Place, name: string): Promise<BackupItem> {
  const item = await place.itemInState(name, 'Purged', PATIENCE_MS);
  await place.jobsEnded(name);
  return item;
}

describe.concurrent('after the window', () => {
  test('the data is destroyed, never early, with evidence; a new protection is another one', async () => {
    const place = await world.place();
    const before = await place.aProtectedItem('web');
    const [disk] = await place.stored(before);
    const deleted = await place.softDelete('web');
    await until('the data is gone', async () => (await place.stored(deleted)).length === 0, { withinMs: PATIENCE_MS });
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(deleted.status?.purgeTime ?? ''));
    const item = await purged(place, 'web');
    expect(item.status).toMatchObject({ itemID: before.status?.itemID, recoveryPoints: { count: 0 } });
    expect(says(item, 'Ready')).toBe('True/Purged');
    const [job] = await place.jobs('web', 'Purge');
    expect(job?.status).toMatchObject({ state: 'Completed', workload: { name: 'web' } });
    expect(job?.status?.evidence?.join()).toContain(disk?.handle);
    await place.event('BackupItem', 'web', 'PurgeStarted');
    await place.event('BackupItem', 'web', 'Purged');
    await until('no record of a point is left', async () => (await place.points()).length === 0);
    expect((await place.table('backupitem'))[0]).toMatchObject({ STATE: 'Purged', POINTS: '0', REASON: 'Purged' });

    await place.patch('backupitem', 'web', { spec: { protection: 'Active' } });
    const anew = await place.protected('web');
    expect(anew.status).toMatchObject({ deleteState: 'NotDeleted', recoveryPoints: { count: 1 } });
    expect(anew.status?.itemID).not.toBe(before.status?.itemID);
    expect(anew.status).not.toHaveProperty('purgeTime');
  });

  test('an item stays Purged until its owner deletes it, which is done at once', async () => {
    const place = await world.place();
    await place.aProtectedItem('web');
    await place.softDelete('web');
    const item = await purged(place, 'web');
    await place.must(['delete', 'backupitem', 'web']);
    expect(await place.item('web')).toBeUndefined();
    expect(await place.stored(item)).toEqual([]);
    expect(await place.jobs('web', 'Purge')).toHaveLength(1);
  });

  test('an undelete is refused once the purge has begun', async () => {
    const place = await world.place();
    const before = await place.aProtectedItem('web');
    const [point] = await place.points(before.status?.itemID);
    await world.data.breaks(`purge.${point?.spec.pointID ?? ''}`, 'blocked: told to');
    await place.softDelete('web');
    await place.itemInState('web', 'Purging', PATIENCE_MS);
    const patch = JSON.stringify({ spec: { protection: 'StopRetainData' } });
    expect(await place.refusal(['patch', 'backupitem', 'web', '--type=merge', '-p', patch])).toContain(
      "the purge has begun and can't be undone: wait for Purged",
    );
    const item = await place.itemWhere('web', 'says what blocks', (now) =>
      says(now, 'PurgeBlocked').startsWith('True'),
    );
    expect(condition(item, 'PurgeBlocked')?.message).toContain('told to');
    expect(await place.stored(item)).toHaveLength(1);
    await world.data.mended(`purge.${point?.spec.pointID ?? ''}`);
  });

  test('an undelete just before the deadline keeps everything', async () => {
    const place = await world.place();
    await place.aProtectedItem('web');
    const deleted = await place.softDelete('web');
    await place.undelete('web');
    await pastDeadline(deleted);
    const item = await place.item('web');
    expect(item?.status?.deleteState).toBe('NotDeleted');
    expect(await place.stored(deleted)).toHaveLength(1);
  });

  test('a handed-over item goes by itself once it is purged', async () => {
    const place = await world.place();
    const before = await place.aProtectedItem('web');
    await place.must(['delete', 'backupitem', 'web']);
    const back = await place.comeBack('web', before);
    expect(Date.parse(back.status?.purgeTime ?? '') - Date.parse(back.status?.deleteTime ?? '')).toBe(WINDOW_MS);
    await place.gone(BACKUP_ITEMS, 'web', PATIENCE_MS);
    expect(await place.stored(before)).toEqual([]);
    await until('the purge is on record', async () => {
      const [job] = await place.jobs('web', 'Purge');
      return job?.status?.state === 'Completed';
    });
  });

  test('a vault that was to be deleted goes, when its last item is purged', async () => {
    const place = await world.place();
    await place.aProtectedItem('web');
    await place.softDelete('web');
    await place.must(['delete', 'vault', 'main', '--wait=false']);
    const vault = await place.vaultWhere('main', 'says why it stays', (now) =>
      says(now, 'DeletionBlocked').startsWith('True'),
    );
    expect(vault.status?.blockingCount).toBe(1);
    await purged(place, 'web');
    await place.gone(VAULTS, 'main', PATIENCE_MS);
  });

  test('suspendPurge stops a due purge, and lifting it lets it go', async () => {
    const place = await world.place();
    await place.aProtectedItem('web');
    const deleted = await place.softDelete('web');
    await place.patch('vault', 'main', { spec: { suspendPurge: true } });
    await place.vaultWhere('main', 'is suspended', (now) => says(now, 'PurgeSuspended') === 'True/SuspendedInVault');
    const blocked = await place.itemWhere(
      'web',
      'is held back',
      (now) => says(now, 'PurgeBlocked') === 'True/PurgeSuspended',
      PATIENCE_MS,
    );
    expect(blocked.status).toMatchObject({ deleteState: 'ToBeDeleted', purgeTime: deleted.status?.purgeTime });
    expect(await place.stored(blocked)).toHaveLength(1);
    await place.event('Vault', 'main', 'PurgeSuspended');
    await place.event('BackupItem', 'web', 'PurgeBlocked');
    await place.patch('vault', 'main', { spec: { suspendPurge: false } });
    const item = await purged(place, 'web');
    expect(says(item, 'PurgeBlocked')).toBe('False/NotBlocked');
    expect(await place.stored(item)).toEqual([]);
  });

  test('nothing is purged before the people whom the vault names were warned', async () => {
    const place = await world.place({ vault: { notifications: { email: { to: ['ops@example.com'] } } } });
    await place.aProtectedItem('web');
    const deleted = await place.softDelete('web');
    const blocked = await place.itemWhere(
      'web',
      'waits for the warning',
      (now) => says(now, 'PurgeBlocked') === 'True/WarningPending',
      PATIENCE_MS,
    );
    expect(Date.now()).toBeGreaterThan(Date.parse(deleted.status?.purgeTime ?? ''));
    expect(blocked.status?.purgeTime).toBe(deleted.status?.purgeTime);
    expect(await place.stored(blocked)).toHaveLength(1);
  });

  test('a vault that is not there keeps the data of its items', async () => {
    const place = await world.place();
    await place.aProtectedItem('web');
    await place.softDelete('web');
    // By hand, as nobody should.
    await place.must(['delete', 'vault', 'main', '--wait=false']);
    await place.patch('vault', 'main', { metadata: { finalizers: null } });
    await place.gone(VAULTS, 'main');
    const item = await place.itemWhere(
      'web',
      'says so',
      (now) => says(now, 'PurgeBlocked') === 'True/VaultUnknown',
      PATIENCE_MS,
    );
    expect(await place.stored(item)).toHaveLength(1);
    await place.aVault('main');
    expect(await place.stored(await purged(place, 'web'))).toEqual([]);
  });
});
