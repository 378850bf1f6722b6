/** What the operator writes, counted by the API server: as little as a transition needs, and nothing once all is said. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { comesToRest, operatorCalls, operatorWrites, tally } from '../support/world/audit.ts';
import type { Place } from '../support/world/place.ts';
import { World } from '../support/world/world.ts';

let world: World;
let place: Place;

/** Long enough for the coalesced counts and the events that follow a transition. */
const REST_MS = 2_000;
const IDLE_MS = 20_000;

beforeAll(async () => {
  world = await World.start({ dayLength: '1h', audit: true });
  place = await world.place();
});

afterAll(() => world.stop());

/** What one change of a user makes the operator write, from one rest to the next. */
async function writesOf(change: () => Promise<unknown>): Promise<Readonly<Record<string, number>>> {
  const before = (await operatorWrites(world)).length;
  await change();
  await comesToRest(world, REST_MS, 30_000);
  const writes = (await operatorWrites(world)).slice(before);
  expect(writes.filter(({ responseStatus }) => (responseStatus?.code ?? 500) >= 400)).toEqual([]);
  return tally(writes);
}

test('a soft delete is two writes of its job, one of its status and one event', async () => {
  await place.aProtectedItem('web');
  await comesToRest(world, REST_MS, 30_000);
  expect(await writesOf(() => place.softDelete('web'))).toEqual({
    'create backupjobs.reprieve.dev': 1,
    'patch backupjobs/status.reprieve.dev': 1,
    'patch backupitems/status.reprieve.dev': 1,
    'create events.events.k8s.io': 1,
    // Counts, a second later.
    'patch vaults/status.reprieve.dev': 1,
    'patch backuppolicies/status.reprieve.dev': 1,
  });
});

test('so is an undelete, whose job is acknowledged before, so that a forged one never stands for it', async () => {
  expect(await writesOf(() => place.undelete('web'))).toEqual({
    'create backupjobs.reprieve.dev': 1,
    'patch backupjobs/status.reprieve.dev': 2,
    'patch backupitems/status.reprieve.dev': 1,
    'create events.events.k8s.io': 1,
    'patch vaults/status.reprieve.dev': 1,
  });
});

test.for(['resume', 'stop'] as const)('and so is a %s', async (change) => {
  expect(await writesOf(() => place[change]('web'))).toEqual({
    'create backupjobs.reprieve.dev': 1,
    'patch backupjobs/status.reprieve.dev': 1,
    'patch backupitems/status.reprieve.dev': 1,
    'create events.events.k8s.io': 1,
    'patch vaults/status.reprieve.dev': 1,
    'patch backuppolicies/status.reprieve.dev': 1,
  });
});

test('a backup on demand touches the item once', async () => {
  await place.resume('web');
  await comesToRest(world, REST_MS, 30_000);
  const writes = await writesOf(async () => {
    await place.aBackup('on-demand', 'web');
    await place.jobEnded('on-demand');
  });
  expect(writes).toMatchObject({
    'patch backupitems/status.reprieve.dev': 1,
    'create recoverypoints.reprieve.dev': 1,
    'create events.events.k8s.io': 1,
  });
});

test('a hand-over writes each object once more than that: the record, read back, and its carrier', async () => {
  const before = await place.item('web');
  if (before === undefined) throw new Error('no item');
  const writes = await writesOf(async () => {
    await place.must(['delete', 'backupitem', 'web']);
    await place.comeBack('web', before);
    await place.jobsEnded('web');
  });
  expect(writes).toMatchObject({
    'create backupjobs.reprieve.dev': 1,
    'patch backupjobs/status.reprieve.dev': 2,
    'create backupitems.reprieve.dev': 1,
    'patch backupitems.reprieve.dev': 1,
    'patch backupitems/status.reprieve.dev': 2,
  });
});

test('after all stories the operator is silent but for its lease', async () => {
  await place.aProtectedItem('db');
  await place.anItem('lost', { policy: 'missing' });
  await place.anItem('db-copy', { source: 'db' });
  await place.itemReady('db-copy', 'DuplicateSource');
  await comesToRest(world, REST_MS, 30_000);
  const before = (await operatorCalls(world)).length;
  await comesToRest(world, IDLE_MS, IDLE_MS + 15_000);
  const calls = (await operatorCalls(world)).slice(before);
  const others = calls.filter(({ objectRef, verb }) => objectRef?.resource !== 'leases' && verb !== 'watch');
  expect(tally(others)).toEqual({});
  expect(calls.length).toBeLessThanOrEqual(IDLE_MS / 1_000);
});
