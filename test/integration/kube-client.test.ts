/** What the client promises its callers, against a real API server. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { KubeClient } from '../../src/adapters/kube/api.ts';
import type { Thing } from '../support/fake-api-server/harness.ts';
import { THINGS } from '../support/fake-api-server/server.ts';
import { draft, NAMESPACE, startThingPlane, type ThingPlane } from '../support/thing-plane.ts';

const BY = { fieldManager: 'test' };

let scene: ThingPlane;
let writer: KubeClient;

beforeAll(async () => {
  scene = await startThingPlane();
  ({ writer } = scene);
});

afterAll(() => scene[Symbol.asyncDispose]());

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
