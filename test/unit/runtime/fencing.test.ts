import { expect, test } from 'vitest';
import { NotLeaderError, fenced } from '../../../src/runtime/fencing.ts';
import { LEASE_TYPE } from '../../../src/runtime/lease-record.ts';
import { BARE_LEASE, LEASE_KEY } from '../../support/lease-race.ts';
import { MemoryKube } from '../../support/memory-kube.ts';

test('lets reads through and refuses every write without a valid lease, unsent', async () => {
  const server = new MemoryKube();
  const kube = fenced(server.client('a'), { valid: () => false });
  const options = { fieldManager: 'a', uid: 'u' };
  const patch = { metadata: { uid: 'u' } };
  const writes = [
    kube.create(LEASE_TYPE, BARE_LEASE, options),
    kube.replace(LEASE_TYPE, BARE_LEASE, options),
    kube.patch(LEASE_TYPE, LEASE_KEY, patch, options),
    kube.patchStatus(LEASE_TYPE, LEASE_KEY, patch, options),
    kube.delete(LEASE_TYPE, LEASE_KEY, options),
  ];
  for (const write of writes) await expect(write).rejects.toThrow(NotLeaderError);
  expect(await kube.list(LEASE_TYPE)).toEqual([]);
  expect(server.log.map(({ verb }) => verb)).toEqual(['list']);
});

test('passes everything on with a valid lease', async () => {
  const server = new MemoryKube();
  const kube = fenced(server.client('a'), { valid: () => true });
  const { object } = await kube.create(LEASE_TYPE, BARE_LEASE, { fieldManager: 'a' });
  await kube.patch(LEASE_TYPE, LEASE_KEY, { metadata: { uid: object.metadata.uid ?? '' } }, { fieldManager: 'a' });
  expect((await kube.get(LEASE_TYPE, LEASE_KEY)).metadata.resourceVersion).toBe('2');
  await kube.delete(LEASE_TYPE, LEASE_KEY, { uid: object.metadata.uid ?? '' });
  expect(server.find(LEASE_TYPE, LEASE_KEY)).toBeUndefined();
});
