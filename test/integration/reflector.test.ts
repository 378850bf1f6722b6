/**
 * Client, reflector and store against a real API server whose parts are restarted, killed, paused and restored. After each
 * fault the store holds what the server does.
 */
import { cp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { KubeClient, KubeClientOptions } from '../../src/adapters/kube/api.ts';
import { Reflector } from '../../src/runtime/reflector.ts';
import { Store } from '../../src/runtime/store.ts';
import type { ControlPlane } from '../support/control-plane/control-plane.ts';
import { Gate } from '../support/fake-api-server/gate.ts';
import { HastyClock, THING_KIND, type Thing, type ThingFacets } from '../support/fake-api-server/harness.ts';
import { quietLog, RecordedMetrics } from '../support/fake-api-server/quiet.ts';
import { THINGS } from '../support/fake-api-server/server.ts';
import { draft, NAMESPACE, startThingPlane, type ThingPlane } from '../support/thing-plane.ts';

const BY = { fieldManager: 'test' };
const CONVERGES_MS = 90_000;

let scene: ThingPlane;
let plane: ControlPlane;
let writer: KubeClient;
const cleanUp: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  scene = await startThingPlane();
  ({ plane, writer } = scene);
});

afterEach(async () => {
  for (const end of cleanUp.splice(0).reverse()) await end();
});

afterAll(() => scene[Symbol.asyncDispose]());

/** A reflector behind a gate of its own; the clock of its backoffs is ten times as fast. */
async function reflect(options: KubeClientOptions = {}) {
  const gate = await Gate.before(plane.url);
  cleanUp.push(() => gate[Symbol.asyncDispose]());
  const kube = await scene.connect(gate.origin, options);
  cleanUp.push(() => kube.close());
  const metrics = new RecordedMetrics();
  const parts = { clock: new HastyClock(10), random: Math.random, log: quietLog, metrics, kube: kube.watchApi };
  const store = new Store(THING_KIND, parts);
  const reflector = new Reflector(THINGS, store, parts);
  const abort = new AbortController();
  const running = reflector.run(abort.signal);
  cleanUp.push(async () => {
    abort.abort();
    await running;
  });
  await reflector.synced;
  return { gate, kube, store, metrics };
}

/** Writes until it works: after a fault the server needs its time. */
async function persist<T>(write: () => Promise<T>): Promise<T> {
  const endMs = performance.now() + CONVERGES_MS;
  for (;;) {
    try {
      return await write();
    } catch (error) {
      if (performance.now() > endMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

let serial = 0;

/** One object more, one less, one changed. */
async function churn(): Promise<void> {
  serial += 1;
  const name = `churn-${serial}`;
  await persist(() => writer.api.create(THINGS, draft(name, 0), BY));
  const { object } = await persist(() => writer.api.create(THINGS, draft(`${name}-gone`, 0), BY));
  const { uid = '' } = object.metadata;
  await persist(() => writer.api.delete(THINGS, { namespace: NAMESPACE, name: `${name}-gone` }, { uid }));
  await persist(async () => {
    const { metadata } = await writer.api.get<Thing>(THINGS, { namespace: NAMESPACE, name });
    const { resourceVersion = '' } = metadata;
    await writer.api.patch(
      THINGS,
      { namespace: NAMESPACE, name },
      { metadata: { resourceVersion }, spec: { size: serial } },
      BY,
    );
  });
}

async function converges(store: Store<Thing, ThingFacets>): Promise<void> {
  const versionsOf = (things: readonly (Thing | undefined)[]) =>
    things
      .map(
        (thing) =>
          `${thing?.metadata.name ?? ''} ${thing?.metadata.uid ?? ''} ${thing?.metadata.resourceVersion ?? ''}`,
      )
      .sort();
  await expect
    .poll(
      async () => {
        const held = versionsOf([...store.keys()].map((key) => store.get(key)));
        const served = versionsOf(await persist(() => writer.api.list<Thing>(THINGS)));
        return JSON.stringify(held) === JSON.stringify(served) ? 'equal' : { held, served };
      },
      { timeout: CONVERGES_MS, interval: 100 },
    )
    .toBe('equal');
}

test('initial content comes as a stream on a current server, and changes follow', async () => {
  await churn();
  const { store, metrics } = await reflect();
  await churn();
  await converges(store);
  expect(store.size).toBeGreaterThanOrEqual(2);
  expect(metrics.sum('reprieve_watch_restarts_total{things,NoWatchList}')).toBe(0);
});

test.for<{ name: string; fault: () => Promise<void> }>([
  { name: 'a restart of the API server', fault: () => plane.parts.apiServer.restart() },
  {
    name: 'the sudden death of the API server',
    fault: async () => {
      await plane.parts.apiServer.kill();
      await plane.parts.apiServer.start();
    },
  },
  {
    name: 'the sudden death of etcd',
    fault: async () => {
      await plane.parts.etcd.kill();
      await plane.parts.etcd.start();
    },
  },
])('$name costs no change', async ({ fault }) => {
  const { store } = await reflect();
  await churn();
  await fault();
  await churn();
  await converges(store);
});

test('a paused API server lets calls run into their deadline, and nothing is lost', async () => {
  const { store } = await reflect({ watchIdleMs: 2_000 });
  await plane.parts.apiServer.pause();
  try {
    const write = writer.api.create(THINGS, draft('unsure', 1), { ...BY });
    await expect(write).rejects.toMatchObject({ code: 'Timeout', ambiguous: true });
  } finally {
    await plane.parts.apiServer.resume();
  }
  await churn();
  await converges(store);
});

test('a connection that goes silent is given up, and what was missed comes after', async () => {
  const { gate, store, metrics } = await reflect({ watchIdleMs: 2_000 });
  gate.freeze();
  await churn();
  await expect
    .poll(() => metrics.sum('reprieve_watch_restarts_total{things,Timeout}'), { timeout: 30_000 })
    .toBeGreaterThan(0);
  gate.shut();
  gate.open();
  await converges(store);
});

test('a history that the server no longer has is replaced by its content', async () => {
  const { gate, store, metrics } = await reflect();
  gate.shut();
  await churn();
  await churn();
  // A server that starts knows no history but from its start.
  await plane.parts.apiServer.restart();
  await churn();
  gate.open();
  await converges(store);
  const relists = [...metrics.sums].filter(([name]) => name.startsWith('reprieve_watch_relists_total'));
  expect(relists.length).toBeGreaterThan(0);
});

test('a storage that was restored from a backup is believed, however far the cache was', async () => {
  const { etcd, apiServer } = plane.parts;
  const live = path.join(plane.dir, 'etcd');
  const backup = path.join(scene.directory, 'backup');
  const away = async (change: () => Promise<void>): Promise<void> => {
    await apiServer.stop();
    await etcd.stop();
    await change();
    await etcd.start();
    await apiServer.start();
  };
  await churn();
  await away(() => cp(live, backup, { recursive: true }));
  const { store, metrics } = await reflect();
  for (let i = 0; i < 5; i += 1) await churn();
  await converges(store);
  const before = store.size;
  await away(async () => {
    await rm(live, { recursive: true });
    await cp(backup, live, { recursive: true });
  });
  await converges(store);
  expect(store.size).toBeLessThan(before);
  expect(metrics.sum('reprieve_watch_relists_total{things,WentBack}')).toBe(1);
});

test('a token that is refused is replaced by the one in the file', async () => {
  const { store } = await reflect();
  const next = await scene.tokenBoundTo('second');
  await scene.kubectl(['delete', 'secret', 'first', '-n', NAMESPACE]);
  // The server remembers a good token for ten seconds; a new process remembers nothing.
  await plane.parts.apiServer.restart();
  await expect(writer.api.list(THINGS)).rejects.toMatchObject({ code: 'Unauthorized' });
  await writeFile(path.join(scene.directory, 'token'), next);
  await churn();
  await converges(store);
});
