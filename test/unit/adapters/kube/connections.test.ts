import { readdirSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { connectKube } from '../../../../src/adapters/kube/api.ts';
import { SystemClock } from '../../../../src/adapters/clock/system-clock.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { connectTo, eventually, HastyClock, put, reflect } from '../../../support/fake-api-server/harness.ts';
import { quietLog, quietMetrics } from '../../../support/fake-api-server/quiet.ts';
import { certificate, FakeApiServer, THINGS } from '../../../support/fake-api-server/server.ts';
import { hang } from '../../../support/fake-api-server/status.ts';

const KEY = { namespace: 'a', name: 'one' };
const BY = { fieldManager: 'test' };

function openFiles(): number {
  return readdirSync('/dev/fd').length;
}

test('2,000 patches take as many TLS handshakes as calls are in flight, and no more file descriptors', async () => {
  await using fake = await FakeApiServer.start({ tls: 'First' });
  put(fake, 'one');
  await using connected = await connectTo(fake, { connections: 8 });
  const uid = fake.world.objects.get('a/one')?.metadata.uid ?? '';
  const before = openFiles();
  let left = 2_000;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await connected.kube.api.patch(THINGS, KEY, { metadata: { uid }, spec: { size: left } }, BY);
    }
  };
  await Promise.all(Array.from({ length: 32 }, worker));
  expect(fake.count('patch')).toBe(2_000);
  expect(fake.connections).toBeLessThanOrEqual(8);
  // Both ends of each connection are in this process.
  expect(openFiles() - before).toBeLessThanOrEqual(2 * 8 + 2);
});

test('the lease has its own connection: it does not wait behind a full pool', async () => {
  await using fake = await FakeApiServer.start();
  put(fake, 'one');
  await using connected = await connectTo(fake, { connections: 2 });
  fake.plan('list', hang, { times: 2 });
  const abort = new AbortController();
  const stuck = [1, 2, 3].map(() => connected.kube.api.list(THINGS, { signal: abort.signal }).catch(() => 'ended'));
  await eventually(() => fake.count('list') === 2);
  await connected.kube.leaseApi.get(THINGS, KEY);
  expect(fake.count('list')).toBe(2);
  abort.abort();
  expect(await Promise.all(stuck)).toEqual(['ended', 'ended', 'ended']);
});

test('each watch has its own connection, which ends with it', async () => {
  await using fake = await FakeApiServer.start();
  await using connected = await connectTo(fake);
  const first = reflect(connected);
  await first.reflector.synced;
  const open = fake.open.size;
  await first.stop();
  await eventually(() => fake.open.size === open - 1);
});

test('a token is read again after a minute, and at once when it is refused', async () => {
  await using fake = await FakeApiServer.start({ tokens: ['one', 'two'] });
  put(fake, 'one');
  const clock = new FakeClock();
  await using connected = await connectTo(fake, { token: 'one', clock });
  await connected.rotateToken('three');
  await connected.kube.api.get(THINGS, KEY);
  await clock.advance(60_000);
  await connected.rotateToken('two');
  await connected.kube.api.get(THINGS, KEY);
  fake.tokens?.clear();
  fake.tokens?.add('four');
  await connected.rotateToken('four');
  await connected.kube.api.get(THINGS, KEY);
  expect(fake.count('get')).toBe(4);
});

test('a token that stays refused is an error after one more attempt', async () => {
  await using fake = await FakeApiServer.start({ tokens: ['other'] });
  await using connected = await connectTo(fake);
  await expect(connected.kube.api.get(THINGS, KEY)).rejects.toMatchObject({ code: 'Unauthorized', ambiguous: false });
  expect(fake.count('get')).toBe(2);
});

test('a token file that is away for a while does not take the old token out of use', async () => {
  await using fake = await FakeApiServer.start({ tokens: ['one'] });
  put(fake, 'one');
  const clock = new FakeClock();
  await using connected = await connectTo(fake, { token: 'one', clock });
  await rm(path.join(connected.directory, 'token'));
  await clock.advance(60_000);
  await connected.kube.api.get(THINGS, KEY);
  expect(connected.log).toContainEqual(
    expect.objectContaining({ level: 'warn', message: 'credentials cannot be read again, the old ones stay in use' }),
  );
});

test('a new certificate authority is trusted by new connections, within a minute', async () => {
  await using fake = await FakeApiServer.start({ tls: 'Renewed' });
  put(fake, 'one');
  const clock = new HastyClock(2_000);
  await using connected = await connectTo(fake, { clock, callTimeoutMs: 60_000_000 });
  await expect(connected.kube.api.get(THINGS, KEY)).rejects.toMatchObject({ code: 'Unavailable', status: 0 });
  const caFile = path.join(connected.directory, 'ca.crt');
  await writeFile(`${caFile}.new`, certificate('Renewed'));
  await rename(`${caFile}.new`, caFile);
  const minuteLater = clock.monotonicMs() + 60_000;
  await eventually(() => clock.monotonicMs() > minuteLater);
  expect(await connected.kube.api.get(THINGS, KEY)).toMatchObject({ metadata: { name: 'one' } });
});

test.for([
  { env: {}, error: /KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not both set/ },
  { env: { KUBERNETES_SERVICE_HOST: '::1', KUBERNETES_SERVICE_PORT: '6443' }, error: /ENOENT.*nowhere/ },
])('a place without credentials fails at once and says what is missing ($env)', async ({ env, error }) => {
  const parts = { clock: new SystemClock(), random: Math.random, log: quietLog, metrics: quietMetrics };
  const target = { type: 'ServiceAccount', directory: '/nowhere' } as const;
  await expect(connectKube(target, parts, { env })).rejects.toThrow(error);
});

test('a kubeconfig serves as well, with one reading for any number of calls', async () => {
  await using fake = await FakeApiServer.start({ tls: 'First', tokens: ['from-a-file'] });
  put(fake, 'one');
  await using connected = await connectTo(fake);
  const file = path.join(connected.directory, 'kubeconfig');
  const named = (name: string, value: object) => ({ name, ...value });
  await writeFile(
    file,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'c',
      contexts: [named('c', { context: { cluster: 'k', user: 'u' } })],
      clusters: [
        named('k', {
          cluster: {
            server: fake.origin,
            'certificate-authority-data': Buffer.from(certificate('First')).toString('base64'),
          },
        }),
      ],
      users: [named('u', { user: { token: 'from-a-file' } })],
    }),
  );
  const parts = { clock: new SystemClock(), random: Math.random, log: quietLog, metrics: quietMetrics };
  const kube = await connectKube({ type: 'Kubeconfig', file }, parts);
  try {
    await Promise.all([1, 2, 3].map(() => kube.api.get(THINGS, KEY)));
    expect(fake.count('get')).toBe(3);
  } finally {
    await kube.close();
  }
});

test('neither tokens nor bodies are ever logged', async () => {
  await using fake = await FakeApiServer.start({ tokens: ['top-secret-token'] });
  await using connected = await connectTo(fake, { token: 'top-secret-token' });
  const metadata = { namespace: 'a', name: 'one' };
  const secret = { apiVersion: 'test.dev/v1', kind: 'Thing', metadata, data: { password: 'top-secret-body' } };
  await connected.kube.api.create(THINGS, secret, BY);
  const error = await connected.kube.api.create(THINGS, secret, BY).catch((reason: unknown) => reason);
  expect(connected.log.length).toBeGreaterThan(0);
  expect(JSON.stringify(connected.log) + String(error)).not.toMatch(/top-secret/);
});
