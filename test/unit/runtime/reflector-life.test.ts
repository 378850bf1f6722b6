import { expect, test } from 'vitest';
import { connectTo, converges, eventually, put, reflect } from '../../support/fake-api-server/harness.ts';
import { FakeApiServer } from '../../support/fake-api-server/server.ts';
import { hang } from '../../support/fake-api-server/status.ts';

test('an expired token is read again at once, for watches too', async () => {
  await using fake = await FakeApiServer.start({ tokens: ['first'] });
  put(fake, 'one');
  await using connected = await connectTo(fake, { token: 'first' });
  await using reflecting = reflect(connected);
  await reflecting.reflector.synced;
  await eventually(() => fake.watches.open.size === 1);
  fake.tokens?.clear();
  fake.tokens?.add('second');
  await connected.rotateToken('second');
  fake.watches.endAll();
  put(fake, 'two');
  await converges(fake, reflecting);
  expect(connected.metrics.sum('reprieve_watch_restarts_total{things,Unauthorized}')).toBe(0);
});

test('stopping during a slow list ends it: nothing is told and no watch is opened after', async () => {
  await using fake = await FakeApiServer.start();
  fake.watches.watchList = 'Refuse';
  put(fake, 'one');
  fake.plan('list', hang);
  await using connected = await connectTo(fake);
  await using reflecting = reflect(connected);
  await eventually(() => fake.count('list') === 1);
  const watches = fake.count('watch');
  await reflecting.stop();
  expect(reflecting.store.synced).toBe(false);
  expect(fake.count('watch')).toBe(watches);
  expect(fake.count('list')).toBe(1);
});

test('stopping during a slow stream of initial events ends it, quietly', async () => {
  await using fake = await FakeApiServer.start();
  fake.plan('watch', ({ response }) => {
    response.writeHead(200);
    response.flushHeaders();
    return undefined;
  });
  await using connected = await connectTo(fake);
  await using reflecting = reflect(connected);
  await eventually(() => fake.count('watch') === 1);
  await reflecting.stop();
  expect(reflecting.store.size).toBe(0);
  expect(connected.log.filter(({ level }) => level !== 'debug' && level !== 'info')).toEqual([]);
});

test('a second start is refused while the first runs', async () => {
  await using fake = await FakeApiServer.start();
  await using connected = await connectTo(fake);
  await using reflecting = reflect(connected);
  await reflecting.reflector.synced;
  await expect(reflecting.reflector.run(new AbortController().signal)).rejects.toThrow(/running already/);
  expect(fake.watches.open.size).toBe(1);
});

test('the time of the last contact moves with each event and bookmark', async () => {
  await using fake = await FakeApiServer.start();
  await using connected = await connectTo(fake);
  await using reflecting = reflect(connected);
  await reflecting.reflector.synced;
  await eventually(() => fake.watches.open.size === 1);
  const before = reflecting.reflector.lastContactMs();
  fake.watches.bookmark();
  await eventually(() => reflecting.reflector.lastContactMs() > before);
  expect(connected.metrics.readings.get('reprieve_watch_last_event_timestamp_seconds')?.()).toBeGreaterThan(0);
});
