import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { connectTo } from '../../support/fake-api-server/harness.ts';
import { itemAt } from '../../support/fake-api-server/items.ts';
import { FakeApiServer } from '../../support/fake-api-server/server.ts';
import { World, type StoredObject } from '../../support/fake-api-server/world.ts';
import type { SyncCost } from '../../support/fake-api-server/sync-once.ts';

const OBJECTS = 50_000;

test('the items of the measurement have the size that the goals speak of', () => {
  const item = itemAt(7);
  const { managedFields } = item.metadata as { readonly managedFields?: unknown };
  expect(JSON.stringify(item).length).toBeGreaterThan(1_550);
  expect(JSON.stringify(managedFields).length).toBeGreaterThan(650);
});

test.for([{ streams: true }, { streams: false }])(
  '50,000 objects are cached in a heap of 96 MB, below 1 KB each (stream: $streams)',
  { timeout: 120_000 },
  async ({ streams }) => {
    const world = new World();
    world.restore(
      Array.from({ length: OBJECTS }, (_, i) => itemAt(i) as StoredObject),
      2_000_000,
    );
    await using fake = await FakeApiServer.start({ world });
    if (!streams) fake.watches.watchList = 'Refuse';
    await using connected = await connectTo(fake);
    const script = path.resolve(import.meta.dirname, '../../support/fake-api-server/sync-once.ts');
    const flags = ['--max-old-space-size=96', '--expose-gc'];
    const { stdout } = await promisify(execFile)(process.execPath, [
      ...flags,
      script,
      fake.origin,
      connected.directory,
    ]);
    const cost = JSON.parse(stdout) as SyncCost;
    expect(cost.objects).toBe(OBJECTS);
    expect(cost.heapBytesPerObject).toBeLessThan(1_024);
  },
);
