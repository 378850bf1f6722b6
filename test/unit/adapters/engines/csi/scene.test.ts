import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { snapshotName } from '../../../../../src/adapters/engines/csi/names.ts';
import type { SnapshotContent } from '../../../../../src/adapters/engines/csi/objects.ts';
import { sceneOf } from '../../../../../src/adapters/engines/csi/scene.ts';
import type { EnginePoint } from '../../../../../src/ports/engine.ts';

const DRIVER = 'a.csi.test';
const disk = { name: 'root', driver: DRIVER, handle: 'h-1', contentName: 'snapcontent-1', contentUID: 'uid-1' };
const point: EnginePoint = {
  itemID: randomUUID(),
  pointID: randomUUID(),
  source: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: 'apps', name: 'root' },
  disks: [disk],
};

type Change = {
  readonly metadata?: Partial<SnapshotContent['metadata']>;
  readonly spec?: Partial<SnapshotContent['spec']>;
  readonly status?: SnapshotContent['status'];
};

/** The content of the disk as it stands after a backup, with changes. */
function content(change: Change = {}): SnapshotContent {
  return {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshotContent',
    metadata: {
      name: 'snapcontent-1',
      uid: 'uid-1',
      labels: { 'reprieve.dev/item-id': point.itemID, 'reprieve.dev/point-id': point.pointID },
      annotations: { 'reprieve.dev/disk': 'root' },
      ...change.metadata,
    },
    spec: {
      deletionPolicy: 'Retain',
      driver: DRIVER,
      source: { volumeHandle: 'v-1' },
      volumeSnapshotRef: { namespace: 'apps', name: snapshotName(point, disk), uid: 'vs-1' },
      ...change.spec,
    },
    status: { snapshotHandle: 'h-1', readyToUse: true, ...change.status },
  };
}

const elsewhere: Pick<SnapshotContent['spec'], 'volumeSnapshotRef'> = {
  volumeSnapshotRef: { namespace: 'x', name: 'theirs', uid: 'vs-2' },
};

test.for([
  { of: 'as it was left', own: content() },
  { of: 'without its labels, under the recorded uid', own: content({ metadata: { labels: {}, annotations: {} } }) },
  {
    of: 'made again under another name',
    own: content({ metadata: { name: snapshotName(point, disk), uid: 'uid-9' } }),
  },
  {
    of: 'whose handle was cleared after the driver had deleted it',
    own: content({
      metadata: { labels: { ...content().metadata.labels, 'reprieve.dev/purging': 'true' } },
      status: { snapshotHandle: undefined } as never,
    }),
  },
])('a content $of is the disk’s', ({ own }) => {
  expect(sceneOf(point, [own])).toEqual({ type: 'Clear', parts: [{ disk, content: own }] });
});

test.for([
  {
    of: 'a hold stands',
    contents: [content({ metadata: { labels: { ...content().metadata.labels, 'reprieve.dev/held': 'true' } } })],
    words: /is held/,
  },
  {
    of: 'half a hold stands',
    contents: [
      content({ metadata: { annotations: { 'reprieve.dev/disk': 'root', 'reprieve.dev/retain-until': 'x' } } }),
    ],
    words: /is held/,
  },
  {
    of: 'a foreign content has the same handle in its status',
    contents: [content(), content({ metadata: { name: 'f', uid: 'f', labels: {} }, spec: elsewhere })],
    words: /content f stands for the same data/,
  },
  {
    of: 'a foreign content names the same handle, not yet looked at',
    contents: [
      content(),
      content({
        metadata: { name: 'f', uid: 'f', labels: {} },
        spec: { ...elsewhere, source: { snapshotHandle: 'h-1' } },
        status: { snapshotHandle: undefined } as never,
      }),
    ],
    words: /content f stands for the same data/,
  },
  {
    of: 'a content that says it only asks would delete',
    contents: [
      content({
        metadata: { name: 'p', uid: 'p', labels: { 'reprieve.dev/probe': 'true' } },
        spec: { ...elsewhere, deletionPolicy: 'Delete', source: { snapshotHandle: 'h-1' } },
      }),
    ],
    words: /content p stands for the same data/,
  },
  {
    of: 'the recorded content is another item’s by its labels',
    contents: [
      content({
        metadata: { labels: { 'reprieve.dev/item-id': randomUUID(), 'reprieve.dev/point-id': point.pointID } },
      }),
    ],
    words: /stands for the same data/,
  },
  {
    of: 'the point has a content under another handle',
    contents: [content({ status: { snapshotHandle: 'h-2' } })],
    words: /not in its record \(handle h-2\)/,
  },
  {
    of: 'something was cut for the point that bears no mark',
    contents: [
      content({ metadata: { name: 'u', uid: 'u', labels: {}, annotations: {} }, status: { snapshotHandle: 'h-3' } }),
    ],
    words: /content u is of this point/,
  },
])('nothing may be destroyed where $of', ({ contents, words }) => {
  expect(sceneOf(point, contents)).toMatchObject({ type: 'Refused', words: expect.stringMatching(words) as string });
});

test('data of a disk whose handle was never recorded is named as what it is', () => {
  const plan = { ...point, disks: [{ name: 'root', driver: DRIVER }] };
  expect(sceneOf(plan, [content()])).toMatchObject({
    type: 'Refused',
    words: expect.stringContaining('take it again first') as string,
  });
});

test('a content that only asks, other handles and other drivers stand in nobody’s way', () => {
  const asking = content({
    metadata: { name: 'p', uid: 'p', labels: { 'reprieve.dev/probe': 'true' } },
    spec: { source: { snapshotHandle: 'h-1' }, volumeSnapshotRef: { namespace: 'x', name: 'p' } },
  });
  const otherHandle = content({
    metadata: { name: 'o', labels: {} },
    spec: elsewhere,
    status: { snapshotHandle: 'h-7' },
  });
  const otherDriver = content({ metadata: { name: 'd', labels: {} }, spec: { ...elsewhere, driver: 'b.csi.test' } });
  expect(sceneOf(point, [asking, otherHandle, otherDriver])).toEqual({
    type: 'Clear',
    parts: [{ disk, content: undefined }],
  });
});

test('whatever contents there are, what is cleared has the recorded handle, driver and no hold', () => {
  const some = <T>(...values: readonly T[]) => fc.constantFrom(...values);
  const ids = fc.record({
    'reprieve.dev/item-id': some(point.itemID, randomUUID()),
    'reprieve.dev/point-id': some(point.pointID, randomUUID()),
    'reprieve.dev/held': some('true', 'false'),
    'reprieve.dev/probe': some('true', 'false'),
  });
  const any = fc
    .record({
      metadata: fc.record({ name: some('a', 'b'), uid: some('uid-1', 'uid-2'), labels: some({}, undefined) }),
      labels: fc.option(ids),
      spec: fc.record({
        driver: some(DRIVER, 'b.csi.test'),
        deletionPolicy: some('Delete' as const, 'Retain' as const),
        source: some({ volumeHandle: 'v' }, { snapshotHandle: 'h-1' }, { snapshotHandle: 'h-2' }),
        volumeSnapshotRef: some(elsewhere.volumeSnapshotRef, content().spec.volumeSnapshotRef),
      }),
      status: fc.record({ snapshotHandle: some('h-1', 'h-2') }),
    })
    .map(({ labels, ...rest }) =>
      content({ ...rest, metadata: { ...rest.metadata, ...(labels && { labels }) } } as Change),
    );
  fc.assert(
    fc.property(fc.array(any, { maxLength: 3 }), (contents) => {
      const scene = sceneOf(point, contents);
      if (scene.type === 'Refused') return;
      const same = contents.filter(({ status, spec }) => status?.snapshotHandle === 'h-1' && spec.driver === DRIVER);
      const asking = same.filter(({ metadata }) => metadata.labels?.['reprieve.dev/probe'] === 'true');
      expect(same.length - asking.length).toBeLessThanOrEqual(1);
      for (const { content: cleared } of scene.parts) {
        if (cleared === undefined) continue;
        expect(cleared.status?.snapshotHandle).toBe('h-1');
        expect(cleared.spec.driver).toBe(DRIVER);
        expect(cleared.metadata.labels?.['reprieve.dev/held']).not.toBe('true');
        expect([point.itemID, undefined]).toContain(cleared.metadata.labels?.['reprieve.dev/item-id']);
      }
    }),
    { numRuns: 2_000 },
  );
});
