/** The life of an item up to its soft delete and back, on a real control plane, asked of the state of the world. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { condition, says } from '../support/world/conditions.ts';
import { itemManifest } from '../support/world/manifests.ts';
import { World } from '../support/world/world.ts';

let world: World;
const HOUR_MS = 3_600_000;

beforeAll(async () => {
  world = await World.start({ dayLength: '1h' });
});

afterAll(() => world.stop());

function ms(time: string | undefined): number {
  return Date.parse(time ?? 'none');
}

describe.concurrent('an item', () => {
  test('is protected by its first backup, and kubectl get tells so', async () => {
    const place = await world.place();
    const item = await place.aProtectedItem('web');
    const { status } = item;
    expect(status).toMatchObject({
      deleteState: 'NotDeleted',
      protectionState: 'Protected',
      softDeleteState: 'Enabled',
      policyRef: { name: 'nightly' },
      recoveryPoints: { count: 1 },
      lastBackup: { state: 'Completed' },
    });
    expect(says(item, 'Protected')).toBe('True/Protected');
    expect(says(item, 'SourceAvailable')).toBe('True/SourceFound');
    expect(says(item, 'DataAvailable')).toBe('True/PointsAvailable');
    const [point] = await place.points(status?.itemID);
    expect(point?.status?.state).toBe('Available');
    expect(ms(status?.dataHeldSince)).toBeLessThanOrEqual(ms(point?.spec.plannedTime));
    const [disk] = await place.stored(item);
    expect(disk).toMatchObject({ handle: point?.spec.disks[0]?.handle, pointID: point?.spec.pointID });
    expect(disk?.retainUntil).toBeUndefined();
    const [job] = await place.jobsEnded('web');
    expect(job).toMatchObject({
      spec: { operation: 'Backup', request: { by: 'FirstBackup' } },
      status: { state: 'Completed' },
    });
    await place.event('BackupItem', 'web', 'ProtectionStarted');
    await place.event('BackupItem', 'web', 'BackupCompleted');
    const [row] = await place.table('backupitem');
    expect(row).toMatchObject({
      NAME: 'web',
      VAULT: 'main',
      SOURCE: 'web',
      PROTECTION: 'Active',
      STATE: 'NotDeleted',
      POINTS: '1',
      'PURGE TIME': '',
      READY: 'True',
      REASON: 'Protected',
    });
  });

  test('is backed up on demand by a job of a user, whose expiry the point gets', async () => {
    const place = await world.place();
    const item = await place.aProtectedItem('web');
    await place.aBackup('before-the-upgrade', 'web', '2099-12-31T00:00:00Z');
    const job = await place.jobEnded('before-the-upgrade');
    expect(job.status).toMatchObject({
      state: 'Completed',
      itemID: item.status?.itemID,
      workload: { kind: 'VirtualMachine', namespace: place.namespace, name: 'web' },
    });
    const points = await place.points(item.status?.itemID);
    const point = points.find(({ spec }) => spec.jobName === 'before-the-upgrade');
    expect(point?.metadata.name).toBe(job.status?.pointName);
    expect(point?.spec.expiryTime).toBe('2099-12-31T00:00:00Z');
    expect(points).toHaveLength(2);
    expect(await place.stored(item)).toHaveLength(2);
    await place.itemWhere('web', 'counts both', ({ status }) => status?.recoveryPoints?.count === 2);
  });

  test('keeps all its data when it is stopped, and its policy is free', async () => {
    const place = await world.place();
    const before = await place.aProtectedItem('web');
    const stopped = await place.stop('web');
    expect(stopped.status).toMatchObject({
      deleteState: 'NotDeleted',
      protectionState: 'ProtectionStopped',
      recoveryPoints: { count: 1 },
    });
    expect(stopped.status?.policyRef).toBeUndefined();
    expect(stopped.status?.purgeTime).toBeUndefined();
    expect(await place.stored(stopped)).toEqual(await place.stored(before));
    const [job] = await place.jobs('web', 'StopProtection');
    expect(job?.status?.state).toBe('Completed');
    await place.event('BackupItem', 'web', 'ProtectionStopped');
    await place.aBackup('late', 'web');
    expect((await place.jobEnded('late')).status).toMatchObject({
      state: 'Failed',
      message: expect.stringMatching(/stopped: resume it/) as unknown,
    });
  });

  test('is soft-deleted with a deadline, its data on hold until then, one job and one event', async () => {
    const place = await world.place();
    const before = await place.aProtectedItem('web');
    const asked = Math.floor(Date.now() / 1000) * 1000;
    const item = await place.softDelete('web');
    const { status } = item;
    expect(status).toMatchObject({
      itemID: before.status?.itemID,
      deleteState: 'ToBeDeleted',
      protectionState: 'ProtectionStopped',
      deletionMode: 'Deferred',
      retentionDays: 14,
      deletionRequest: { by: 'Spec', uid: item.metadata.uid, generation: item.metadata.generation },
      dataHeldSince: before.status?.dataHeldSince,
      recoveryPoints: { count: 1 },
    });
    expect(status?.policyRef).toBeUndefined();
    expect(ms(status?.deleteTime)).toBeGreaterThanOrEqual(asked);
    expect(ms(status?.purgeTime)).toBeGreaterThanOrEqual(ms(status?.deleteTime) + 14 * HOUR_MS);
    expect(ms(status?.purgeTime)).toBeLessThan(asked + 14 * HOUR_MS + 30_000);
    expect(says(item, 'Ready')).toBe('True/SoftDeleted');
    const [disk] = await place.stored(item);
    expect(ms(disk?.retainUntil)).toBeGreaterThanOrEqual(ms(status?.purgeTime));
    const jobs = await place.jobs('web', 'DeleteBackupData');
    expect(jobs.map((job) => job.status)).toMatchObject([
      { state: 'Completed', record: { itemID: status?.itemID, purgeTime: status?.purgeTime } },
    ]);
    const event = await place.event('BackupItem', 'web', 'SoftDeleted');
    expect(event.note).toContain(status?.purgeTime);
    expect(await place.events('BackupItem', 'web', 'SoftDeleted')).toHaveLength(1);
    const [row] = await place.table('bi');
    expect(row).toMatchObject({
      STATE: 'ToBeDeleted',
      'PURGE TIME': status?.purgeTime,
      READY: 'True',
      REASON: 'SoftDeleted',
    });
  });

  test('refuses everything but an undelete while it is soft-deleted', async () => {
    const place = await world.place();
    await place.aProtectedItem('web');
    await place.aPolicy('other');
    const deleted = await place.softDelete('web');
    expect(await place.refusesActive('web')).toContain(
      'undelete first (protection: StopRetainData), then resume (protection: Active with a policyRef)',
    );
    await place.aBackup('late', 'web');
    const late = await place.jobEnded('late');
    expect(late.status).toMatchObject({
      state: 'Failed',
      message: expect.stringContaining('undelete first') as unknown,
    });
    await place.anItem('web-again', { source: 'web' });
    const second = await place.itemReady('web-again', 'DuplicateSource');
    expect(condition(second, 'Ready')?.message).toMatch(/is item web of vault main already.*undelete web/);
    expect(second.status?.dataHeldSince).toBeUndefined();
    const now = await place.item('web');
    expect(now?.status?.purgeTime).toBe(deleted.status?.purgeTime);
    expect(await place.stored(deleted)).toHaveLength(1);
  });

  test('comes back whole with an undelete: all points, stopped, holds gone, health as it was', async () => {
    const place = await world.place();
    const before = await place.aProtectedItem('web');
    await place.aBackup('second', 'web', '2099-12-31T00:00:00Z');
    await place.jobEnded('second');
    const points = await place.points(before.status?.itemID);
    await place.softDelete('web');
    const item = await place.undelete('web');
    const { status } = item;
    expect(status).toMatchObject({
      itemID: before.status?.itemID,
      deleteState: 'NotDeleted',
      protectionState: 'ProtectionStopped',
      dataHeldSince: before.status?.dataHeldSince,
      recoveryPoints: { count: 2 },
    });
    for (const field of ['deleteTime', 'purgeTime', 'retentionDays', 'deletionMode', 'deletionRequest', 'policyRef'])
      expect(status).not.toHaveProperty(field);
    expect(says(item, 'SourceAvailable')).toBe('True/SourceFound');
    expect(says(item, 'DataAvailable')).toBe('True/PointsAvailable');
    const after = await place.points(status?.itemID);
    expect(after.map(({ spec }) => spec)).toEqual(points.map(({ spec }) => spec));
    const disks = await place.stored(item);
    expect(disks).toHaveLength(2);
    expect(disks.filter((disk) => disk.retainUntil !== undefined)).toEqual([]);
    const [job] = await place.jobs('web', 'Undelete');
    expect(job?.status?.state).toBe('Completed');
    await place.event('BackupItem', 'web', 'Undeleted');
  });

  test('is resumed after an undelete, with another policy, and deleted again for a full window', async () => {
    const place = await world.place();
    const before = await place.aProtectedItem('web');
    await place.aPolicy('weekly');
    const first = await place.softDelete('web');
    await place.undelete('web');
    const resumed = await place.resume('web', 'weekly');
    expect(resumed.status).toMatchObject({
      itemID: before.status?.itemID,
      protectionState: 'Protected',
      policyRef: { name: 'weekly' },
    });
    const [job] = await place.jobs('web', 'ResumeProtection');
    expect(job?.status?.state).toBe('Completed');
    await place.event('BackupItem', 'web', 'Resumed');
    const asked = Math.floor(Date.now() / 1000) * 1000;
    const second = await place.softDelete('web');
    expect(ms(second.status?.purgeTime)).toBeGreaterThanOrEqual(asked + 14 * HOUR_MS);
    expect(ms(second.status?.purgeTime)).toBeGreaterThanOrEqual(ms(first.status?.purgeTime));
    expect(await place.jobs('web', 'DeleteBackupData')).toHaveLength(2);
  });

  test('that is made again with the same manifest is unchanged; another source or vault is refused', async () => {
    const place = await world.place();
    await place.aProtectedItem('web');
    const moved = JSON.stringify({ spec: { vaultRef: { name: 'elsewhere' } } });
    expect(await place.refusal(['patch', 'backupitem', 'web', '--type=merge', '-p', moved])).toContain(
      'vaultRef is immutable: create another item in the other vault, and stop this one',
    );
    const other = JSON.stringify(itemManifest('web', place.namespace, { source: 'db' }));
    expect(await place.refusal(['apply', '--server-side', '--force-conflicts', '-f', '-'], { input: other })).toContain(
      'source is immutable',
    );
  });

  test('that never held data is Purged at once when its deletion is asked for', async () => {
    const place = await world.place({ empty: true });
    await place.anItem('idle', { policy: null, protection: 'StopRetainData' });
    await place.itemReady('idle', 'ProtectionStopped');
    await place.aVault('main');
    await place.patch('backupitem', 'idle', { spec: { protection: 'StopDeleteData' } });
    const item = await place.itemInState('idle', 'Purged');
    expect(item.status?.purgeTime).toBeUndefined();
    expect(says(item, 'Ready')).toBe('True/Purged');
    expect(await place.jobs('idle', 'Purge')).toEqual([]);
  });
});
