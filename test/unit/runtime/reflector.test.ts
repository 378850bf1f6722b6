import { expect, test } from 'vitest';
import {
  connectTo,
  converges,
  eventually,
  put,
  reflect,
  type Connected,
  type Reflecting,
} from '../../support/fake-api-server/harness.ts';
import { FakeApiServer } from '../../support/fake-api-server/server.ts';
import { refuse } from '../../support/fake-api-server/status.ts';

interface Scene {
  readonly fake: FakeApiServer;
  readonly connected: Connected;
  readonly reflecting: Reflecting;
}

/** Three objects, and a fault that strikes while the watch is open; then changes that must arrive all the same. */
async function survives(fault: (scene: Scene) => void | Promise<void>, prepare?: (fake: FakeApiServer) => void) {
  await using fake = await FakeApiServer.start();
  for (const name of ['one', 'two', 'three']) put(fake, name);
  prepare?.(fake);
  await using connected = await connectTo(fake);
  await using reflecting = reflect(connected);
  await reflecting.reflector.synced;
  await eventually(() => fake.watches.open.size === 1);
  await fault({ fake, connected, reflecting });
  put(fake, 'two', 7);
  put(fake, 'four');
  fake.world.remove('a/one');
  await converges(fake, reflecting);
  // limit=1 asks for the server's version only.
  const lists = fake.requests.filter((line) => line.startsWith('list') && !line.endsWith('?limit=1')).length;
  return {
    lists,
    watches: fake.count('watch'),
    metrics: connected.metrics,
    requests: fake.requests,
  };
}

const metadata = (name: string, resourceVersion: string) => ({
  name,
  namespace: 'a',
  uid: '00000000-0000-4000-8000-000000000001',
  resourceVersion,
});
const event = (type: string, name: string, resourceVersion: string) => ({
  type,
  object: { apiVersion: 'test.dev/v1', kind: 'Thing', metadata: metadata(name, resourceVersion) },
});
const status = (code: number, reason: string) => ({ type: 'ERROR', object: { kind: 'Status', code, reason } });

test.for<{ name: string; fault: (scene: Scene) => void | Promise<void>; initial: number }>([
  { name: 'is reset', fault: ({ fake }) => fake.watches.resetAll(), initial: 1 },
  { name: 'is reset in mid-line', fault: ({ fake }) => fake.watches.resetAll({ midLine: true }), initial: 1 },
  { name: 'ends in order', fault: ({ fake }) => fake.watches.endAll(), initial: 1 },
  { name: 'carries a line that is not JSON', fault: ({ fake }) => fake.watches.inject('{"type":"ADD\n'), initial: 1 },
  {
    name: 'carries an unknown type',
    fault: ({ fake }) => fake.watches.injectEvent({ type: 'X', object: {} }),
    initial: 1,
  },
  {
    name: 'carries an object without a version',
    fault: ({ fake }) => fake.watches.injectEvent(event('ADDED', 'odd', '')),
    initial: 1,
  },
  { name: 'says 500', fault: ({ fake }) => fake.watches.injectEvent(status(500, 'InternalError')), initial: 1 },
  { name: 'says 429', fault: ({ fake }) => fake.watches.injectEvent(status(429, 'TooManyRequests')), initial: 1 },
  { name: 'says 410', fault: ({ fake }) => fake.watches.injectEvent(status(410, 'Expired')), initial: 2 },
  { name: 'says 400', fault: ({ fake }) => fake.watches.injectEvent(status(400, 'BadRequest')), initial: 2 },
  { name: 'goes back in time', fault: ({ fake }) => fake.watches.bookmark(50), initial: 2 },
  {
    name: 'tells old news of the living',
    fault: ({ fake }) => fake.watches.injectEvent(event('MODIFIED', 'one', '101')),
    initial: 1,
  },
  {
    name: 'tells old news of the unknown',
    fault: ({ fake }) => fake.watches.injectEvent(event('ADDED', 'ghost', '99')),
    initial: 1,
  },
  {
    name: 'tells an old end',
    fault: ({ fake }) => fake.watches.injectEvent(event('DELETED', 'two', '90')),
    initial: 1,
  },
])('a watch that $name costs no change', async ({ fault, initial }) => {
  const { requests } = await survives(fault);
  expect(requests.filter((line) => line.includes('sendInitialEvents')).length).toBe(initial);
});

test('old news are counted, and do not move the position back', async () => {
  const { metrics, requests } = await survives(async ({ fake, connected }) => {
    fake.watches.injectEvent(event('ADDED', 'ghost', '99'));
    await eventually(() => connected.metrics.sum('reprieve_watch_stale_events_total{things}') === 1);
    fake.watches.endAll();
  });
  expect(metrics.sum('reprieve_watch_stale_events_total{things}')).toBe(1);
  const resumed = requests.filter((line) => line.startsWith('watch') && !line.includes('sendInitialEvents'));
  expect(resumed.map((line) => /resourceVersion=(\d+)/.exec(line)?.[1])).toContain('103');
});

test.for<{ name: string; prepare: (fake: FakeApiServer) => void; cause: string }>([
  { name: 'with 410', prepare: (fake) => fake.plan('watch', refuse(410, { reason: 'Expired' })), cause: 'Gone' },
  { name: 'with 500', prepare: (fake) => fake.plan('watch', refuse(500), { times: 3 }), cause: 'Unavailable' },
  {
    name: 'with 429 and a time to wait',
    prepare: (fake) => fake.plan('watch', refuse(429, {}, { 'retry-after': '1' })),
    cause: 'TooManyRequests',
  },
  { name: 'with 403', prepare: (fake) => fake.plan('watch', refuse(403, { reason: 'Forbidden' })), cause: 'Forbidden' },
  { name: 'because the kind is not served', prepare: (fake) => fake.plan('watch', refuse(404)), cause: 'Unavailable' },
])('a watch that is refused $name is asked for again', async ({ prepare, cause }) => {
  const { metrics } = await survives(() => undefined, prepare);
  expect(metrics.sum(`reprieve_watch_restarts_total{things,${cause}}`)).toBeGreaterThanOrEqual(1);
});

test('a server without WatchList is listed in pages of 500, once', async () => {
  const { lists, requests } = await survives(
    ({ fake }) => fake.watches.endAll(),
    (fake) => {
      fake.watches.watchList = 'Refuse';
      for (let i = 0; i < 1_100; i += 1) put(fake, `many-${i}`);
    },
  );
  expect(lists).toBe(3);
  expect(requests.filter((line) => line.includes('sendInitialEvents'))).toHaveLength(1);
  expect(requests.filter((line) => line.startsWith('list')).every((line) => !line.includes('resourceVersion'))).toBe(
    true,
  );
});

test('a stream of initial events that never says it is complete is given up for pages', async () => {
  const { lists } = await survives(
    () => undefined,
    (fake) => {
      fake.watches.watchList = 'NoBookmark';
    },
  );
  expect(lists).toBe(1);
});

test.for([
  { at: 1, unpaged: false },
  { at: 2, unpaged: true },
])('pages whose snapshot expires $at times are begun again', async ({ at, unpaged }) => {
  await using fake = await FakeApiServer.start();
  fake.watches.watchList = 'Refuse';
  for (let i = 0; i < 1_100; i += 1) put(fake, `many-${i}`);
  fake.plan('list', refuse(410, { reason: 'Expired' }), { times: at, and: ({ query }) => query.has('continue') });
  await using connected = await connectTo(fake);
  await using reflecting = reflect(connected);
  await reflecting.reflector.synced;
  await converges(fake, reflecting);
  expect(fake.requests.some((line) => line === 'list /apis/test.dev/v1/things')).toBe(unpaged);
});

test('a list that answers 410 at once is asked for again', async () => {
  await using fake = await FakeApiServer.start();
  fake.watches.watchList = 'Refuse';
  put(fake, 'one');
  fake.plan('list', refuse(410, { reason: 'Expired' }), { times: 5 });
  await using connected = await connectTo(fake);
  await using reflecting = reflect(connected);
  await reflecting.reflector.synced;
  await converges(fake, reflecting);
});

test('twenty watches that end at once wait longer each time, and lose nothing', async () => {
  const { metrics, lists } = await survives(({ fake }) => {
    fake.plan('watch', ({ response }) => void response.writeHead(200).end(), { times: 20 });
    fake.watches.endAll();
  });
  expect(metrics.sum('reprieve_watch_restarts_total{things,Ended}')).toBeGreaterThanOrEqual(20);
  expect(lists).toBe(0);
});

test('a half-open watch is dead after its idle time', async () => {
  await using fake = await FakeApiServer.start();
  put(fake, 'one');
  await using connected = await connectTo(fake, { watchIdleMs: 300 });
  await using reflecting = reflect(connected);
  await reflecting.reflector.synced;
  await eventually(() => fake.watches.open.size === 1);
  fake.watches.freezeAll();
  put(fake, 'unseen');
  await converges(fake, reflecting);
  expect(connected.metrics.sum('reprieve_watch_restarts_total{things,Timeout}')).toBeGreaterThanOrEqual(1);
});

test('a history that was compacted away costs one relist, told as deletes, replacements and additions', async () => {
  await using fake = await FakeApiServer.start();
  for (const name of ['gone', 'same', 'reborn']) put(fake, name);
  await using connected = await connectTo(fake);
  await using reflecting = reflect(connected);
  await reflecting.reflector.synced;
  await eventually(() => fake.watches.open.size === 1);
  const told: string[] = [];
  reflecting.store.subscribe(({ key, old, now }) => {
    told.push(`${key}${old === undefined ? '' : ' was'}${now === undefined ? '' : ' is'}`);
  });
  fake.watches.freezeAll();
  fake.world.remove('a/gone');
  fake.world.remove('a/reborn');
  put(fake, 'reborn');
  put(fake, 'new');
  fake.world.compact();
  fake.watches.resetAll();
  await converges(fake, reflecting);
  expect(told.sort()).toEqual(['a/gone was', 'a/new is', 'a/reborn is', 'a/reborn was']);
  expect(connected.metrics.sum('reprieve_watch_relists_total{things,Expired}')).toBe(1);
});

test.for<{ name: string; noticed: (fake: FakeApiServer) => void }>([
  { name: 'by a bookmark', noticed: (fake) => fake.watches.bookmark() },
  { name: 'when the watch resumes', noticed: (fake) => fake.watches.endAll() },
])('a server whose storage was restored is believed, noticed $name', async ({ noticed }) => {
  await using fake = await FakeApiServer.start();
  put(fake, 'kept');
  const backup = fake.world.sorted();
  const revision = fake.world.revision;
  put(fake, 'later');
  put(fake, 'kept', 9);
  await using connected = await connectTo(fake);
  await using reflecting = reflect(connected);
  await reflecting.reflector.synced;
  await eventually(() => fake.watches.open.size === 1);
  fake.world.restore(backup, revision);
  noticed(fake);
  await converges(fake, reflecting);
  expect(reflecting.store.get('a/kept')?.spec?.size).toBe(0);
});
