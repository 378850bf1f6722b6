/** What happens to a record between the object that was deleted and the one that carries it on. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BackupItem } from '../../src/api/backup-item.gen.ts';
import { BACKUP_ITEMS } from '../../src/api/names.ts';
import { until } from '../support/operator/until.ts';
import { condition, says } from '../support/world/conditions.ts';
import type { Place } from '../support/world/place.ts';
import { without } from '../support/world/rights.ts';
import { World } from '../support/world/world.ts';

let world: World;
const creating = { verb: 'create', resource: 'backupitems' };

beforeAll(async () => {
  world = await World.start({ dayLength: '1h' });
});

afterAll(() => world.stop());

/** The old object is gone and the new one can't be made: what there is of the item is its job. */
async function inBetween(place: Place, story: (before: BackupItem) => Promise<void>): Promise<BackupItem> {
  const before = await place.aProtectedItem('web');
  await without(world, creating, async () => {
    await place.must(['delete', 'backupitem', 'web', '--timeout=30s']);
    const [job] = await place.jobs('web', 'DeleteBackupData');
    expect(job?.status).toMatchObject({ state: 'InProgress', record: { itemID: before.status?.itemID } });
    await story(before);
  });
  return before;
}

async function carrier(place: Place, itemID: string | undefined): Promise<BackupItem> {
  return until('an item carries the record', async () => {
    const items = await place.items();
    return items.find(({ status }) => status?.itemID === itemID && status?.deleteState === 'ToBeDeleted');
  });
}

test('an operator that ended in between goes on from the job when it starts again', async () => {
  const place = await world.place();
  const before = await inBetween(place, async () => {
    await world.stopOperator();
  });
  await world.startOperator();
  const item = await place.comeBack('web', before);
  expect(item.status).toMatchObject({ itemID: before.status?.itemID, handedOver: true });
  await place.jobsEnded('web');
  expect(await place.items()).toHaveLength(1);
});

test('a newcomer of the same name and source is left alone, unprotected, and the record goes on beside it', async () => {
  const place = await world.place();
  const before = await inBetween(place, () => place.anItem('web'));
  const item = await carrier(place, before.status?.itemID);
  expect(item.metadata.name).toMatch(/^web-[0-9a-f]{8}$/);
  expect(item.status?.handedOver).toBe(true);
  const newcomer = await place.itemReady('web', 'DuplicateSource');
  expect(newcomer.spec.protection).toBe('Active');
  expect(newcomer.status?.itemID).not.toBe(before.status?.itemID);
  expect(newcomer.status?.dataHeldSince).toBeUndefined();
  // While nothing carried the record, it named the job.
  await until('the newcomer names the item to undelete', async () => {
    const again = await place.get<BackupItem>(BACKUP_ITEMS, 'web');
    return again !== undefined && condition(again, 'Ready')?.message.includes(`undelete ${item.metadata.name}`);
  });
  expect(await place.stored(item)).toHaveLength(1);
  await place.event('BackupItem', item.metadata.name, 'NameTaken');
});

test('a newcomer of the same name and another source is protected', async () => {
  const place = await world.place();
  const before = await inBetween(place, () => place.anItem('web', { source: 'db' }));
  const item = await carrier(place, before.status?.itemID);
  expect(item.metadata.name).toMatch(/^web-[0-9a-f]{8}$/);
  const newcomer = await place.protected('web');
  expect(newcomer.status?.itemID).not.toBe(before.status?.itemID);
  expect(newcomer.spec.source.name).toBe('db');
});

test('a newcomer of another name and the same source does not take the record', async () => {
  const place = await world.place();
  const before = await inBetween(place, async ({ status }) => {
    await place.anItem('web-two', { source: 'web' });
    const early = await place.itemReady('web-two', 'DuplicateSource');
    expect(early.status?.itemID).not.toBe(status?.itemID);
  });
  const item = await carrier(place, before.status?.itemID);
  expect(item.metadata.name).toBe('web');
  const newcomer = await place.itemReady('web-two', 'DuplicateSource');
  expect(newcomer.status?.itemID).not.toBe(before.status?.itemID);
  expect(says(newcomer, 'Protected')).toBe('False/DuplicateSource');
});

test('a forged job shortens nothing and brings nothing back', async () => {
  const place = await world.place();
  const before = await place.aProtectedItem('web');
  const deleted = await place.softDelete('web');
  const [genuine] = await place.jobs('web', 'DeleteBackupData');
  const forged = {
    apiVersion: 'reprieve.dev/v1alpha1',
    kind: 'BackupJob',
    metadata: { name: 'forged' },
    spec: { ...genuine?.spec, request: { by: 'Delete', uid: before.metadata.uid, generation: 1 } },
    status: {
      state: 'InProgress',
      record: { ...genuine?.status?.record, itemName: 'ghost', purgeTime: '2020-01-01T00:00:00Z' },
    },
  };
  await place.create(forged);
  await place.jobEnded('forged');
  const item = await place.get<BackupItem>(BACKUP_ITEMS, 'web');
  expect(item?.status?.purgeTime).toBe(deleted.status?.purgeTime);
  expect(await place.items()).toHaveLength(1);
  expect(await place.stored(deleted)).toHaveLength(1);
});
