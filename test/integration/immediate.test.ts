/** Soft delete that is disabled: what is deleted then goes at once, and nothing that was deleted before. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BACKUP_ITEMS } from '../../src/api/names.ts';
import { until } from '../support/operator/until.ts';
import type { Place } from '../support/world/place.ts';
import { World } from '../support/world/world.ts';

let world: World;

beforeAll(async () => {
  world = await World.start({ dayLength: '1h' });
});

afterAll(() => world.stop());

const off = { spec: { softDelete: { state: 'Disabled' } } };
const on = { spec: { softDelete: { state: 'Enabled' } } };

/** Switched off, and the operator has noted it on the item while that was not deleted. */
async function switchedOff(place: Place, name: string): Promise<void> {
  await place.patch('vault', 'main', off);
  await place.itemWhere(name, 'has it noted', ({ status }) => status?.softDeleteState === 'Disabled');
}

describe.concurrent('with soft delete disabled', () => {
  test('what is deleted is purged at once, with the evidence on record', async () => {
    const place = await world.place();
    await place.aProtectedItem('web');
    await switchedOff(place, 'web');
    await place.event('Vault', 'main', 'SoftDeleteDisabled');
    await place.patch('backupitem', 'web', { spec: { protection: 'StopDeleteData' } });
    const item = await place.itemInState('web', 'Purged');
    await place.jobsEnded('web');
    expect(item.status).toMatchObject({ deletionMode: 'Immediate', recoveryPoints: { count: 0 } });
    expect(item.status?.purgeTime).toBe(item.status?.deleteTime);
    expect(await place.stored(item)).toEqual([]);
    const [job] = await place.jobs('web', 'Purge');
    expect(job?.status?.evidence).toHaveLength(1);
  });

  test('a raw delete purges behind the finalizer, and nothing is made again', async () => {
    const place = await world.place();
    const before = await place.aProtectedItem('web');
    await switchedOff(place, 'web');
    await place.must(['delete', 'backupitem', 'web', '--timeout=30s']);
    expect(await place.item('web')).toBeUndefined();
    expect(await place.stored(before)).toEqual([]);
    const [job] = await place.jobs('web', 'Purge');
    expect(job?.status?.state).toBe('Completed');
    await until('no record of a point is left', async () => (await place.points()).length === 0);
    expect(await place.items()).toEqual([]);
  });

  test('what was deleted before keeps its deadline and its mode', async () => {
    const place = await world.place();
    await place.aProtectedItem('web');
    const deleted = await place.softDelete('web');
    await place.patch('vault', 'main', off);
    await place.vaultWhere('main', 'took it', ({ status }) => status?.noted?.softDeleteState === 'Disabled');
    await place.must(['delete', 'backupitem', 'web']);
    const back = await place.comeBack('web', deleted);
    await place.jobsEnded('web');
    expect(back.status).toMatchObject({
      deleteState: 'ToBeDeleted',
      deletionMode: 'Deferred',
      purgeTime: deleted.status?.purgeTime,
      deleteTime: deleted.status?.deleteTime,
    });
    expect(await place.stored(back)).toHaveLength(1);
  });

  test('the documented way out of a window is to disable, undelete, and delete again', async () => {
    const place = await world.place();
    await place.aProtectedItem('web');
    await place.softDelete('web');
    await place.patch('vault', 'main', off);
    await place.undelete('web');
    await place.itemWhere('web', 'has it noted', ({ status }) => status?.softDeleteState === 'Disabled');
    await place.patch('backupitem', 'web', { spec: { protection: 'StopDeleteData' } });
    const item = await place.itemInState('web', 'Purged');
    expect(await place.stored(item)).toEqual([]);
  });

  test('and the same way lets a vault go at once', async () => {
    const place = await world.place();
    await place.aProtectedItem('web');
    await place.softDelete('web');
    await place.must(['delete', 'vault', 'main', '--wait=false']);
    await place.patch('vault', 'main', off);
    await place.undelete('web');
    await place.itemWhere('web', 'has it noted', ({ status }) => status?.softDeleteState === 'Disabled');
    await place.must(['delete', 'backupitem', 'web', '--timeout=30s']);
    await until('the vault is gone', async () => (await place.vault()) === undefined);
  });
});

describe('an immediate deletion', () => {
  test('is not believed where the operator had not noted it on the item: that gets its full window', async () => {
    const place = await world.place();
    await place.aProtectedItem('web');
    // Both changes reach an operator that was away: which came first can't be known, so the data is kept.
    await world.stopOperator();
    await place.patch('vault', 'main', off);
    await place.patch('backupitem', 'web', { spec: { protection: 'StopDeleteData' } });
    await world.startOperator();
    const item = await place.softDeleted('web');
    expect(item.status).toMatchObject({ deletionMode: 'Deferred', softDeleteState: 'Enabled' });
    expect(await place.stored(item)).toHaveLength(1);
  });

  test('that is held back by suspendPurge can be taken back', async () => {
    const place = await world.place({ vault: { suspendPurge: true } });
    await place.aProtectedItem('web');
    await switchedOff(place, 'web');
    await place.patch('backupitem', 'web', { spec: { protection: 'StopDeleteData' } });
    const waiting = await place.itemWhere(
      'web',
      'is about to go',
      ({ status }) => status?.deletionMode === 'Immediate',
    );
    expect(waiting.status?.deleteState).toBe('NotDeleted');
    const item = await place.undelete('web');
    await place.patch('vault', 'main', { spec: { suspendPurge: false } });
    for (const field of ['deletionMode', 'deleteTime', 'purgeTime', 'deletionRequest'])
      expect(item.status).not.toHaveProperty(field);
    expect((await place.resume('web')).status?.recoveryPoints?.count).toBe(1);
    expect(await place.stored(item)).toHaveLength(1);
  });

  test('becomes a soft delete where soft delete is switched on again in time', async () => {
    const place = await world.place({ vault: { suspendPurge: true } });
    await place.aProtectedItem('web');
    await switchedOff(place, 'web');
    await place.patch('backupitem', 'web', { spec: { protection: 'StopDeleteData' } });
    await place.itemWhere('web', 'is about to go', ({ status }) => status?.deletionMode === 'Immediate');
    await place.patch('vault', 'main', { spec: { ...on.spec, suspendPurge: false } });
    const item = await place.softDeleted('web');
    expect(item.status?.deletionMode).toBe('Deferred');
    expect(Date.parse(item.status?.purgeTime ?? '')).toBeGreaterThan(Date.parse(item.status?.deleteTime ?? ''));
    expect(await place.stored(item)).toHaveLength(1);
    expect(await place.get(BACKUP_ITEMS, 'web')).toBeDefined();
  });
});
