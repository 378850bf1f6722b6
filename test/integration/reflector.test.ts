/**
 * Client, reflector and store against a real API server whose parts are restarted, killed, paused and restored. After each
 * fault the store holds what the server does.
 */
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { connectKube, type KubeClient, type KubeClientOptions } from '../../src/adapters/kube/api.ts';
import { SystemClock } from '../../src/adapters/clock/system-clock.ts';
import { Reflector } from '../../src/runtime/reflector.ts';
import { Store } from '../../src/runtime/store.ts';
import { startControlPlane, type ControlPlane } from '../support/control-plane/control-plane.ts';
import { Gate } from '../support/fake-api-server/gate.ts';
import { HastyClock, THING_KIND, type Thing, type ThingFacets } from '../support/fake-api-server/harness.ts';
import { RecordedMetrics, quietLog } from '../support/fake-api-server/quiet.ts';
import { THINGS } from '../support/fake-api-server/server.ts';

const NAMESPACE = 'reflected';
const BY = { fieldManager: 'test' };
const CONVERGES_MS = 90_000;

const crd = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'things.test.dev' },
  spec: {
    group: 'test.dev',
    scope: 'Namespaced',
    names: { plural: 'things', kind: 'Thing' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        },
      },
    ],
  },
};

let plane: ControlPlane;
let directory: string;
let writer: KubeClient;
const cleanUp: (() => Promise<unknown>)[] = [];

async function kubectl(args: string[], input?: string): Promise<string> {
  const { stdout, stderr, code } = await plane.kubectl(args, input === undefined ? {} : { input });
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
  return stdout;
}

/** A token that is refused once the Secret that it is bound to is gone. */
async function tokenBoundTo(secret: string): Promise<string> {
  await kubectl(['create', 'secret', 'generic', secret, '-n', NAMESPACE]);
  const bound = ['--bound-object-kind', 'Secret', '--bound-object-name', secret];
  return (await kubectl(['create', 'token', 'reader', '-n', NAMESPACE, ...bound])).trim();
}

async function connect(server: string, options: KubeClientOptions = {}): Promise<KubeClient> {
  const parts = { clock: new SystemClock(), random: Math.random, log: quietLog, metrics: new RecordedMetrics() };
  return await connectKube({ type: 'ServiceAccount', directory, server }, parts, { callTimeoutMs: 5_000, ...options });
}

beforeAll(async () => {
  plane = await startControlPlane({ controllerManager: false });
  await kubectl(['create', 'namespace', NAMESPACE]);
  await kubectl(['create', 'serviceaccount', 'reader', '-n', NAMESPACE]);
  const admin = ['--clusterrole', 'cluster-admin', '--serviceaccount', `${NAMESPACE}:reader`];
  await kubectl(['create', 'clusterrolebinding', 'reader', ...admin]);
  await kubectl(['create', '-f', '-'], JSON.stringify(crd));
  directory = await mkdtemp(path.join(tmpdir(), 'reprieve-sa-'));
  await cp(plane.caFile, path.join(directory, 'ca.crt'));
  await writeFile(path.join(directory, 'token'), await tokenBoundTo('first'));
  writer = await connect(plane.url);
  await kubectl(['wait', '--for=condition=Established', 'crd/things.test.dev', '--timeout=30s']);
});

afterEach(async () => {
  for (const end of cleanUp.splice(0).reverse()) await end();
});

afterAll(async () => {
  await writer.close();
  await plane.stop();
  await rm(directory, { recursive: true });
});

/** A reflector behind a gate of its own; the clock of its backoffs is ten times as fast. */
async function reflect(options: KubeClientOptions = {}) {
  const gate = await Gate.before(plane.url);
  cleanUp.push(() => gate[Symbol.asyncDispose]());
  const kube = await connect(gate.origin, options);
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

function draft(name: string, size: number): Thing {
  return { apiVersion: 'test.dev/v1', kind: 'Thing', metadata: { namespace: NAMESPACE, name }, spec: { size } };
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

test('a token that is refused is replaced by the one in the file', async () => {
  const { store } = await reflect();
  const next = await tokenBoundTo('second');
  await kubectl(['delete', 'secret', 'first', '-n', NAMESPACE]);
  // The server remembers a good token for ten seconds; a new process remembers nothing.
  await plane.parts.apiServer.restart();
  await expect(writer.api.list(THINGS)).rejects.toMatchObject({ code: 'Unauthorized' });
  await writeFile(path.join(directory, 'token'), next);
  await churn();
  await converges(store);
});

test('guards hold: another uid, an old version, a name that is taken, a name that is gone', async () => {
  const key = { namespace: NAMESPACE, name: 'guarded' };
  const { object } = await writer.api.create(THINGS, draft('guarded', 0), BY);
  const { uid = '', resourceVersion = '' } = object.metadata;
  const other = '00000000-0000-4000-8000-000000000000';
  const { api } = writer;
  await expect(api.create(THINGS, draft('guarded', 0), BY)).rejects.toMatchObject({ code: 'AlreadyExists' });
  await expect(api.patch(THINGS, key, { metadata: { uid: other }, spec: { size: 1 } }, BY)).rejects.toMatchObject({
    code: 'Conflict',
  });
  await expect(api.delete(THINGS, key, { uid: other })).rejects.toMatchObject({ code: 'Conflict' });
  await api.patch(THINGS, key, { metadata: { uid }, spec: { size: 2 } }, BY);
  const stale = { metadata: { resourceVersion }, spec: { size: 3 } };
  await expect(api.patch(THINGS, key, stale, BY)).rejects.toMatchObject({ code: 'Conflict' });
  await expect(api.patchStatus(THINGS, key, { metadata: { resourceVersion }, status: {} }, BY)).rejects.toMatchObject({
    code: 'Conflict',
  });
  await expect(api.delete(THINGS, key, { uid, resourceVersion })).rejects.toMatchObject({ code: 'Conflict' });
  await expect(
    api.replace(THINGS, { ...draft('guarded', 4), metadata: { ...object.metadata } }, BY),
  ).rejects.toMatchObject({ code: 'Conflict' });
  expect((await api.get<Thing>(THINGS, key)).spec?.size).toBe(2);
  await api.delete(THINGS, key, { uid });
  await expect(api.get(THINGS, key)).rejects.toMatchObject({ code: 'NotFound' });
  await expect(api.patch(THINGS, key, { metadata: { uid }, spec: {} }, BY)).rejects.toMatchObject({ code: 'NotFound' });
});

test('a kind that is not served is unavailable, never absent', async () => {
  const unserved = { ...THINGS, plural: 'nothings' };
  await expect(writer.api.get(unserved, { namespace: NAMESPACE, name: 'x' })).rejects.toMatchObject({
    code: 'Unavailable',
    status: 404,
  });
  await expect(writer.api.list(unserved)).rejects.toMatchObject({ code: 'Unavailable', status: 404 });
});

test('the server’s clock is this machine’s, and trusted', async () => {
  await writer.api.list(THINGS);
  const { verdict, skewMs = Number.NaN } = writer.serverClock.reading();
  expect(verdict).toBe('Trusted');
  expect(Math.abs(skewMs)).toBeLessThan(2_000);
});
