/** Servers without WatchList: 1.33 by default, any other by choice. */
import { expect, test } from 'vitest';
import { Reflector } from '../../src/runtime/reflector.ts';
import { Store } from '../../src/runtime/store.ts';
import { SystemClock } from '../../src/adapters/clock/system-clock.ts';
import { THING_KIND } from '../support/fake-api-server/harness.ts';
import { quietLog, RecordedMetrics } from '../support/fake-api-server/quiet.ts';
import { THINGS } from '../support/fake-api-server/server.ts';
import { draft, startThingPlane } from '../support/thing-plane.ts';

test('a real API server that refuses initial events is listed in pages, and watched from there', async () => {
  await using scene = await startThingPlane(['--feature-gates=WatchList=false']);
  const { writer } = scene;
  const names = Array.from({ length: 600 }, (_, i) => `thing-${i}`);
  await Promise.all(names.map((name) => writer.api.create(THINGS, draft(name, 1), { fieldManager: 'test' })));
  const metrics = new RecordedMetrics();
  const parts = { clock: new SystemClock(), random: Math.random, log: quietLog, metrics, kube: writer.watchApi };
  const store = new Store(THING_KIND, parts);
  const reflector = new Reflector(THINGS, store, parts);
  const abort = new AbortController();
  const running = reflector.run(abort.signal);
  await reflector.synced;
  expect(store.size).toBe(600);
  expect(metrics.sum('reprieve_watch_restarts_total{things,NoWatchList}')).toBe(1);
  await writer.api.create(THINGS, draft('later', 2), { fieldManager: 'test' });
  await expect.poll(() => store.size, { timeout: 20_000 }).toBe(601);
  abort.abort();
  await running;
});
