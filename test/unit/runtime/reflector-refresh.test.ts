/** Reading the whole list anew when asked to, whatever the watch believes. */
import { describe, expect, test } from 'vitest';
import { connectTo, converges, eventually, put, reflect } from '../../support/fake-api-server/harness.ts';
import { FakeApiServer } from '../../support/fake-api-server/server.ts';
import { hang, refuse } from '../../support/fake-api-server/status.ts';
import type { WatchListMode } from '../../support/fake-api-server/watches.ts';

/** One object, a store that holds it, and a watch that is open. */
async function following(fake: FakeApiServer) {
  put(fake, 'one');
  const connected = await connectTo(fake);
  const reflecting = reflect(connected);
  await reflecting.reflector.synced;
  await eventually(() => fake.watches.open.size === 1);
  const dispose = async (): Promise<void> => {
    await reflecting[Symbol.asyncDispose]();
    await connected[Symbol.asyncDispose]();
  };
  return { ...reflecting, metrics: connected.metrics, [Symbol.asyncDispose]: dispose };
}

/** Whole lists that were asked for. */
function initials({ requests }: FakeApiServer, mode: WatchListMode): number {
  const sign = mode === 'Serve' ? 'sendInitialEvents' : '?limit=500';
  return requests.filter((line) => line.includes(sign)).length;
}

describe('a watch that went silent', () => {
  test.for<{ mode: WatchListMode }>([{ mode: 'Serve' }, { mode: 'Refuse' }])(
    'is replaced, and the store has what it missed as soon as the refresh resolves (WatchList: $mode)',
    async ({ mode }) => {
      await using fake = await FakeApiServer.start();
      fake.watches.watchList = mode;
      put(fake, 'gone');
      await using followed = await following(fake);
      fake.watches.freezeAll();
      put(fake, 'missed');
      fake.world.remove('a/gone');
      const before = initials(fake, mode);
      await followed.reflector.refresh();
      expect([...followed.store.keys()].sort()).toEqual(['a/missed', 'a/one']);
      expect(initials(fake, mode) - before).toBe(1);
      expect(followed.metrics.sum('reprieve_watch_restarts_total{things,Refresh}')).toBe(1);
      expect(followed.metrics.sum('reprieve_watch_relists_total{things,Refresh}')).toBe(1);
      expect(followed.metrics.sum('reprieve_watch_restarts_total{things,Timeout}')).toBe(0);
      put(fake, 'told by the new watch');
      await converges(fake, followed);
    },
  );

  test('is replaced once for two who ask at the same time', async () => {
    await using fake = await FakeApiServer.start();
    await using followed = await following(fake);
    const before = initials(fake, 'Serve');
    await Promise.all([followed.reflector.refresh(), followed.reflector.refresh()]);
    expect(initials(fake, 'Serve') - before).toBe(1);
    await followed.reflector.refresh();
    expect(initials(fake, 'Serve') - before).toBe(2);
  });
});

test('what was written by ourselves after the list was made is kept', async () => {
  await using fake = await FakeApiServer.start();
  fake.watches.watchList = 'Refuse';
  for (let i = 0; i < 600; i += 1) put(fake, `many-${i}`);
  await using followed = await following(fake);
  fake.watches.freezeAll();
  const ownWrite = (): 'Serve' => {
    for (const name of ['one', 'new']) {
      followed.store.upsert(fake.world.put({ namespace: 'a', name, spec: { size: 7 } }));
    }
    // No watch may tell of it: the store has to keep it by itself.
    fake.plan('watch', hang);
    return 'Serve';
  };
  fake.plan('list', ownWrite, { and: ({ query }) => query.has('continue') });
  await followed.reflector.refresh();
  expect(['a/one', 'a/new'].map((key) => followed.store.facets(key)?.size)).toEqual([7, 7]);
  expect(followed.store.size).toBe(602);
});

test('a list that was under way before is not waited for', async () => {
  await using fake = await FakeApiServer.start();
  fake.watches.watchList = 'Refuse';
  fake.plan('list', hang);
  await using connected = await connectTo(fake);
  await using reflecting = reflect(connected);
  await eventually(() => fake.count('list') === 1);
  put(fake, 'later');
  await reflecting.reflector.refresh();
  expect([...reflecting.store.keys()]).toEqual(['a/later']);
});

test('a list that is just being taken over when it is asked for is too old', async () => {
  await using fake = await FakeApiServer.start();
  fake.watches.watchList = 'Refuse';
  put(fake, 'one');
  await using connected = await connectTo(fake);
  await using reflecting = reflect(connected);
  const asked = Promise.withResolvers<boolean>();
  const cancel = reflecting.store.subscribe(() => {
    cancel();
    put(fake, 'later');
    const refreshed = reflecting.reflector.refresh();
    asked.resolve(refreshed.then(() => reflecting.store.facets('a/later') !== undefined));
  });
  expect(await asked.promise).toBe(true);
});

test('a pause after an error is cut short', async () => {
  await using fake = await FakeApiServer.start();
  await using followed = await following(fake);
  fake.plan('watch', refuse(429, {}, { 'retry-after': '7200' }));
  fake.watches.endAll();
  await eventually(() => followed.metrics.sum('reprieve_watch_restarts_total{things,TooManyRequests}') === 1);
  put(fake, 'missed');
  await followed.reflector.refresh();
  expect(followed.store.facets('a/missed')).toBeDefined();
});

test('a server that refuses is asked again until it answers', async () => {
  await using fake = await FakeApiServer.start();
  await using followed = await following(fake);
  fake.watches.freezeAll();
  put(fake, 'missed');
  fake.plan('watch', refuse(500), { times: 3 });
  await followed.reflector.refresh();
  expect(followed.store.facets('a/missed')).toBeDefined();
  expect(followed.metrics.sum('reprieve_watch_restarts_total{things,Unavailable}')).toBe(3);
});

describe('a reflector that ends', () => {
  test('tells who waits for a refresh that there will be none', async () => {
    await using fake = await FakeApiServer.start();
    await using followed = await following(fake);
    fake.plan('watch', hang);
    const refreshed = expect(followed.reflector.refresh()).rejects.toThrow(/things was stopped/);
    await followed.stop();
    await refreshed;
  });

  test('is not asked any more', async () => {
    await using fake = await FakeApiServer.start();
    await using followed = await following(fake);
    await followed.stop();
    await expect(followed.reflector.refresh()).rejects.toThrow(/things does not run/);
  });
});
