import { expect, test } from 'vitest';
import { KubeError, type KubeApi, type KubeErrorCode } from '../../../../src/ports/kube.ts';
import { connectTo, put, type Thing } from '../../../support/fake-api-server/harness.ts';
import { FakeApiServer, THINGS, type Fault, type Verb } from '../../../support/fake-api-server/server.ts';
import { actThenReset, hang, refuse, reset } from '../../../support/fake-api-server/status.ts';

const KEY = { namespace: 'a', name: 'one' };
const BY = { fieldManager: 'test' };

interface Target {
  readonly api: KubeApi;
  readonly uid: string;
  readonly resourceVersion: string;
}

type Operation = (target: Target) => Promise<unknown>;

const operations = {
  get: ({ api }) => api.get(THINGS, KEY),
  list: ({ api }) => api.list(THINGS),
  create: ({ api }) => api.create<Thing>(THINGS, newThing('two'), BY),
  versionedPatch: ({ api, resourceVersion }) =>
    api.patch(THINGS, KEY, { metadata: { resourceVersion }, spec: { size: 5 } }, BY),
  uidPatch: ({ api, uid }) => api.patch(THINGS, KEY, { metadata: { uid }, spec: { size: 5 } }, BY),
  delete: ({ api, uid }) => api.delete(THINGS, KEY, { uid }),
} satisfies Record<string, Operation>;

const verbOf: Readonly<Record<keyof typeof operations, Verb>> = {
  get: 'get',
  list: 'list',
  create: 'create',
  versionedPatch: 'patch',
  uidPatch: 'patch',
  delete: 'delete',
};

function newThing(name: string): Thing {
  return { apiVersion: 'test.dev/v1', kind: 'Thing', metadata: { namespace: 'a', name } };
}

/** @returns what a call came to: 'done', or the error's code with `?` where the outcome is open, and how often it was sent. */
async function outcome(operation: keyof typeof operations, fault: Fault, times: number) {
  await using fake = await FakeApiServer.start();
  put(fake, 'one');
  const { uid = '', resourceVersion = '' } = fake.world.objects.get('a/one')?.metadata ?? {};
  await using connected = await connectTo(fake);
  fake.plan(verbOf[operation], fault, { times });
  const run: Operation = operations[operation];
  const result = await run({ api: connected.kube.api, uid, resourceVersion }).then(
    () => 'done',
    (error: unknown) => (error instanceof KubeError ? `${error.code}${error.ambiguous ? '?' : ''}` : String(error)),
  );
  return `${result} ×${fake.count(verbOf[operation])}`;
}

test.for<{ operation: keyof typeof operations; reset: string; refused429: string; failed503: string }>([
  { operation: 'get', reset: 'done ×2', refused429: 'done ×2', failed503: 'done ×2' },
  { operation: 'list', reset: 'done ×2', refused429: 'done ×2', failed503: 'done ×2' },
  { operation: 'create', reset: 'Unavailable? ×1', refused429: 'done ×2', failed503: 'Unavailable? ×1' },
  { operation: 'versionedPatch', reset: 'done ×2', refused429: 'done ×2', failed503: 'Unavailable? ×1' },
  { operation: 'uidPatch', reset: 'Unavailable? ×1', refused429: 'done ×2', failed503: 'Unavailable? ×1' },
  { operation: 'delete', reset: 'done ×2', refused429: 'done ×2', failed503: 'Unavailable? ×1' },
])('$operation is sent again only where that is safe', async ({ operation, reset: afterReset, ...expected }) => {
  expect(await outcome(operation, reset, 1)).toBe(afterReset);
  expect(await outcome(operation, refuse(429, {}, { 'retry-after': '1' }), 1)).toBe(expected.refused429);
  expect(await outcome(operation, refuse(503), 1)).toBe(expected.failed503);
});

test('retries come to an end', async () => {
  expect(await outcome('get', reset, 99)).toBe('Unavailable ×5');
  expect(await outcome('versionedPatch', reset, 99)).toBe('Unavailable? ×3');
  expect(await outcome('create', refuse(429), 99)).toBe('TooManyRequests ×3');
});

test('a guarded write whose answer was lost is refused when it is sent again, and says that its outcome was open', async () => {
  await using fake = await FakeApiServer.start();
  put(fake, 'one');
  const { resourceVersion = '' } = fake.world.objects.get('a/one')?.metadata ?? {};
  await using connected = await connectTo(fake);
  fake.plan(
    'patch',
    actThenReset(() => put(fake, 'one', 5)),
  );
  const patch = { metadata: { resourceVersion }, spec: { size: 5 } };
  const error = await connected.kube.api.patch(THINGS, KEY, patch, BY).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'Conflict', ambiguous: true });
});

test('an API server that is away: nothing was sent, so nothing is ambiguous', async () => {
  const fake = await FakeApiServer.start();
  await using connected = await connectTo(fake);
  await fake.stop();
  const error = await connected.kube.api.create(THINGS, newThing('two'), BY).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'Unavailable', status: 0, ambiguous: false });
});

test.for<{ name: string; operation: keyof typeof operations; shows: string }>([
  { name: 'a read', operation: 'get', shows: 'Timeout ×1' },
  { name: 'a write', operation: 'versionedPatch', shows: 'Timeout? ×1' },
])('$name without an answer ends at its deadline', async ({ operation, shows }) => {
  await using fake = await FakeApiServer.start();
  put(fake, 'one');
  const { uid = '', resourceVersion = '' } = fake.world.objects.get('a/one')?.metadata ?? {};
  await using connected = await connectTo(fake, { callTimeoutMs: 15_000 });
  fake.plan(verbOf[operation], hang);
  const run: Operation = operations[operation];
  const error = await run({ api: connected.kube.api, uid, resourceVersion }).catch((reason: unknown) => reason);
  const { code, ambiguous } = error as KubeError;
  expect(`${code}${ambiguous ? '?' : ''} ×${fake.count(verbOf[operation])}`).toBe(shows);
});

test('a caller that gives up ends the call, and no retry follows', async () => {
  await using fake = await FakeApiServer.start();
  await using connected = await connectTo(fake);
  const abort = new AbortController();
  fake.plan('get', () => {
    abort.abort();
    return undefined;
  });
  const error = await connected.kube.api.get(THINGS, KEY, { signal: abort.signal }).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'Unavailable', ambiguous: false });
  expect(fake.count('get')).toBe(1);
});

test.for<{ status: number; body?: Parameters<typeof refuse>[1]; code: KubeErrorCode }>([
  { status: 400, body: { reason: 'BadRequest' }, code: 'Other' },
  { status: 403, body: { reason: 'Forbidden' }, code: 'Forbidden' },
  {
    status: 403,
    body: { reason: 'Forbidden', details: { causes: [{ reason: 'NamespaceTerminating' }] } },
    code: 'NamespaceTerminating',
  },
  { status: 404, body: { reason: 'NotFound', details: { name: 'two' } }, code: 'NotFound' },
  { status: 404, body: { reason: 'NotFound', details: {} }, code: 'Unavailable' },
  { status: 404, code: 'Unavailable' },
  { status: 409, body: { reason: 'AlreadyExists' }, code: 'AlreadyExists' },
  { status: 409, body: { reason: 'Conflict' }, code: 'Conflict' },
  { status: 410, body: { reason: 'Expired' }, code: 'Gone' },
  { status: 422, body: { reason: 'Invalid' }, code: 'Invalid' },
  { status: 422, body: { reason: 'Invalid', details: { causes: [{ field: 'metadata.uid' }] } }, code: 'Conflict' },
  { status: 500, body: { reason: 'InternalError' }, code: 'Unavailable' },
  { status: 504, body: { reason: 'Timeout' }, code: 'Timeout' },
])('an answer $status $body.reason is $code', async ({ status, body, code }) => {
  await using fake = await FakeApiServer.start();
  await using connected = await connectTo(fake);
  fake.plan('create', refuse(status, { message: 'because', ...body }));
  const error = await connected.kube.api.create(THINGS, newThing('two'), BY).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code, status, reason: body?.reason ?? '', auditId: `audit-${status}` });
  expect((error as Error).message).toMatch(/^kube: POST things a\/two: \d+ .*because$/);
});

test.for<{ name: string; send: (api: KubeApi) => Promise<unknown>; rule: RegExp }>([
  {
    name: 'a patch without a guard',
    send: (api) => api.patch(THINGS, KEY, { metadata: {} }, BY),
    rule: /needs metadata/,
  },
  {
    name: 'a status patch by uid alone',
    send: (api) => api.patchStatus(THINGS, KEY, { metadata: { uid: 'u' } }, BY),
    rule: /status patch needs/,
  },
  { name: 'a delete without a uid', send: (api) => api.delete(THINGS, KEY, { uid: '' }), rule: /uid/ },
  {
    name: 'a replace without a version',
    send: (api) => api.replace(THINGS, newThing('one'), BY),
    rule: /replace needs/,
  },
  {
    name: 'a delete without a name, which would empty the namespace',
    send: (api) => api.delete(THINGS, { namespace: 'a', name: '' }, { uid: 'u' }),
    rule: /cannot be part of a path/,
  },
  {
    name: 'a name that climbs',
    send: (api) => api.get(THINGS, { namespace: 'a', name: '..' }),
    rule: /part of a path/,
  },
  {
    name: 'a name with a slash',
    send: (api) => api.get(THINGS, { namespace: 'a', name: 'x/status' }),
    rule: /part of/,
  },
  {
    name: 'an object without its namespace',
    send: (api) => api.get(THINGS, { namespace: '', name: 'x' }),
    rule: /part of/,
  },
])('$name is never sent', async ({ send, rule }) => {
  await using fake = await FakeApiServer.start();
  put(fake, 'one');
  await using connected = await connectTo(fake);
  const error = await send(connected.kube.api).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(TypeError);
  expect((error as Error).message).toMatch(rule);
  expect(fake.requests).toEqual([]);
});

test('a list is read in pages of 500 and begun again when its snapshot expires', async () => {
  await using fake = await FakeApiServer.start();
  for (let i = 0; i < 1_100; i += 1) put(fake, `many-${i}`);
  await using connected = await connectTo(fake);
  fake.plan('list', refuse(410, { reason: 'Expired' }), { and: ({ query }) => query.has('continue') });
  expect(await connected.kube.api.list(THINGS, { namespace: 'a' })).toHaveLength(1_100);
  expect(fake.count('list')).toBe(5);
});

test('every write names its field manager, and the answer carries the server’s time', async () => {
  await using fake = await FakeApiServer.start();
  await using connected = await connectTo(fake);
  const { object, serverTimeMs = 0 } = await connected.kube.api.create(THINGS, newThing('two'), BY);
  expect(object.metadata.uid).toMatch(/^0000/);
  expect(Math.abs(serverTimeMs - Date.now())).toBeLessThan(5_000);
  expect(fake.requests).toEqual(['create /apis/test.dev/v1/namespaces/a/things?fieldManager=test']);
  expect(connected.kube.serverClock.reading().serverMs).toBeDefined();
});
