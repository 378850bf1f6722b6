/** Policies, points and jobs are kept as long as somebody needs them, whatever kubectl is told to delete. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RecoveryPoint } from '../../src/api/recovery-point.gen.ts';
import { BACKUP_JOBS, BACKUP_POLICIES, RECOVERY_POINTS } from '../../src/api/names.ts';
import { until } from '../support/operator/until.ts';
import { says } from '../support/world/conditions.ts';
import type { Place } from '../support/world/place.ts';
import { World } from '../support/world/world.ts';

let world: World;

beforeAll(async () => {
  world = await World.start({ dayLength: '1h' });
});

afterAll(() => world.stop());

/** A new object of the name, complete, and no stand-in left. */
async function restored(place: Place, before: RecoveryPoint): Promise<RecoveryPoint> {
  const { name, uid } = before.metadata;
  return until(`point ${name} is back`, async () => {
    const all = await place.points(before.spec.itemID);
    const now = all.find(({ metadata }) => metadata.name === name);
    const isBack = now !== undefined && now.metadata.uid !== uid && now.metadata.deletionTimestamp === undefined;
    const standIns = all.filter(({ metadata }) => metadata.annotations?.['reprieve.dev/stand-in-for'] !== undefined);
    return isBack && now.status?.state === before.status?.state && standIns.length === 0 && now;
  });
}

describe.concurrent('a policy', () => {
  test('stays while an item uses it, says so, and goes when none does', async () => {
    const place = await world.place();
    await place.aProtectedItem('web');
    await place.must(['delete', 'backuppolicy', 'nightly', '--wait=false']);
    const policy = await until('the policy says who uses it', async () => {
      const now = await place.policy();
      return now !== undefined && says(now, 'Ready').startsWith('False') && now;
    });
    expect(says(policy, 'InUse')).toMatch(/^True/);
    expect(JSON.stringify(policy.status?.conditions)).toContain('web');
    await place.aBackup('still', 'web');
    expect((await place.jobEnded('still')).status?.state).toBe('Completed');
    await place.stop('web');
    await place.gone(BACKUP_POLICIES, 'nightly');
  });

  test('is not held by an item that is soft-deleted', async () => {
    const place = await world.place();
    await place.aProtectedItem('web');
    await place.softDelete('web');
    await place.must(['delete', 'backuppolicy', 'nightly', '--timeout=20s']);
    const item = await place.undelete('web');
    expect(item.status?.deleteState).toBe('NotDeleted');
  });
});

describe.concurrent('a recovery point that is deleted by hand', () => {
  test('comes back as it was, its item is told, and its data was never touched', async () => {
    const place = await world.place();
    const item = await place.aProtectedItem('web');
    const [before] = await place.points(item.status?.itemID);
    if (before === undefined) throw new Error('no point');
    const disks = await place.stored(item);
    await place.must(['delete', 'recoverypoint', before.metadata.name, '--wait=false']);
    const after = await restored(place, before);
    expect({ spec: after.spec, status: after.status, labels: after.metadata.labels }).toEqual({
      spec: before.spec,
      status: before.status,
      labels: before.metadata.labels,
    });
    expect(await place.stored(item)).toEqual(disks);
    const event = await place.event('BackupItem', 'web', 'RecoveryPointRestored');
    expect(event.note).toContain(before.metadata.name);
    expect((await place.item('web'))?.status?.recoveryPoints?.count).toBe(1);
  });

  test('comes back each time, with all of a collection, and the purge finds the list that it froze', async () => {
    const place = await world.place();
    const item = await place.aProtectedItem('web');
    await place.aBackup('second', 'web');
    await place.jobEnded('second');
    const deleted = await place.softDelete('web');
    for (let round = 0; round < 2; round++) {
      const before = await place.points(item.status?.itemID);
      expect(before).toHaveLength(2);
      await place.must(['delete', 'recoverypoints', '--all', '--wait=false']);
      for (const point of before) await restored(place, point);
    }
    const back = await place.undelete('web');
    expect(back.status?.recoveryPoints?.count).toBe(2);
    const again = await place.softDelete('web');
    expect(again.status?.recoveryPoints?.digest).toBe(deleted.status?.recoveryPoints?.digest);
    expect(await place.stored(item)).toHaveLength(2);
  });

  test('comes back also while its item is handed over', async () => {
    const place = await world.place();
    const before = await place.aProtectedItem('web');
    const [point] = await place.points(before.status?.itemID);
    if (point === undefined) throw new Error('no point');
    await place.must(['delete', 'backupitem/web', `recoverypoint/${point.metadata.name}`, '--wait=false']);
    const item = await place.comeBack('web', before);
    await restored(place, point);
    await place.jobsEnded('web');
    expect((await place.undelete('web')).status).toMatchObject({
      itemID: item.status?.itemID,
      recoveryPoints: { count: 1 },
    });
  });
});

describe.concurrent('a job', () => {
  test('that is not finished stays until it is, though it was deleted', async () => {
    const place = await world.place();
    const item = await place.aProtectedItem('web');
    await world.data.breaks('take', 'pending: 200');
    await place.aBackup('slow', 'web');
    await place.jobWhere('slow', 'runs', ({ status }) => status?.state === 'InProgress');
    await place.must(['delete', 'backupjob', 'slow', '--wait=false']);
    const waiting = await place.jobWhere(
      'slow',
      'is to go',
      ({ metadata }) => metadata.deletionTimestamp !== undefined,
    );
    expect(waiting.metadata.finalizers).toEqual(['reprieve.dev/job']);
    await world.data.mended('take');
    await place.gone(BACKUP_JOBS, 'slow');
    const points = await place.points(item.status?.itemID);
    expect(points.find(({ spec }) => spec.jobName === 'slow')?.status?.state).toBe('Available');
  });

  test('that is a record stays while its item has data, though it was deleted', async () => {
    const place = await world.place();
    await place.aProtectedItem('web');
    await place.softDelete('web');
    const [record] = await place.jobs('web', 'DeleteBackupData');
    const name = record?.metadata.name ?? '';
    await place.must(['delete', 'backupjobs', '--all', '--wait=false']);
    const [first] = await place.jobs('web', 'Backup');
    if (first !== undefined) await place.gone(BACKUP_JOBS, first.metadata.name);
    const kept = await place.jobWhere(name, 'is to go', ({ metadata }) => metadata.deletionTimestamp !== undefined);
    expect(kept.metadata.finalizers).toEqual(['reprieve.dev/job']);
    expect(kept.status?.record?.itemID).toBe(record?.status?.record?.itemID);
    await place.undelete('web');
    expect(await place.job(name)).toBeDefined();
  });

  test('of a source that is not there fails, tells why, and keeps what there is', async () => {
    const place = await world.place();
    const item = await place.aProtectedItem('web');
    await world.data.source(place.namespace, 'web', { absent: 'VM web was not found' });
    await place.aBackup('late', 'web');
    expect((await place.jobEnded('late')).status).toMatchObject({ state: 'Failed', message: 'VM web was not found' });
    const now = await place.itemWhere(
      'web',
      'tells of it',
      (seen) => says(seen, 'SourceAvailable') === 'False/SourceNotFound',
    );
    expect(now.status?.deleteState).toBe('NotDeleted');
    expect(says(now, 'Protected')).toBe('False/BackupFailed');
    expect(says(now, 'DataAvailable')).toBe('True/PointsAvailable');
    await place.event('BackupItem', 'web', 'BackupFailed');
    expect(await place.stored(item)).toHaveLength(1);
    expect(await place.get(RECOVERY_POINTS, (await place.points())[0]?.metadata.name ?? '')).toBeDefined();
    const deleted = await place.softDelete('web');
    expect(says(deleted, 'SourceAvailable')).toBe('False/SourceNotFound');
  });

  test('for an operation that is not a user’s, or with a spec that changes, is refused or comes to nothing', async () => {
    const place = await world.place();
    const item = await place.aProtectedItem('web');
    const forged = (operation: string) => ({
      apiVersion: 'reprieve.dev/v1alpha1',
      kind: 'BackupJob',
      metadata: { name: `forged-${operation.toLowerCase()}` },
      spec: { operation, itemRef: { name: 'web' } },
    });
    await place.create(forged('Purge'), forged('DeleteBackupData'), forged('StopProtection'));
    await place.jobEnded('forged-stopprotection');
    const change = JSON.stringify({ spec: { itemRef: { name: 'db' } } });
    expect(await place.refusal(['patch', 'backupjob', 'forged-purge', '--type=merge', '-p', change])).toContain(
      "a job's spec is immutable",
    );
    await place.aBackup('after', 'web');
    await place.jobEnded('after');
    expect((await place.item('web'))?.status).toMatchObject({
      deleteState: 'NotDeleted',
      protectionState: 'Protected',
    });
    expect(await place.stored(item)).toHaveLength(2);
  });
});
