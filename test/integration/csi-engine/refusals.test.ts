/** What the CSI engine sees of a source, and every reason for which it takes nothing. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CSIEngine } from '../../../src/adapters/engines/csi/engine.ts';
import type { EngineSource } from '../../../src/ports/engine.ts';
import { APPS, claimOf, CSIStorage } from '../../support/csi-engine/storage.ts';
import { snapshotClass, STORAGE_CLASSES } from '../../support/csi/classes.ts';
import { must } from '../../support/operator/identity.ts';

let storage: CSIStorage;
let engine: CSIEngine;

beforeAll(async () => {
  storage = await CSIStorage.start();
  engine = await storage.engine();
});

afterAll(() => storage.stop());

function claim(name: string): EngineSource {
  return { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: APPS, name };
}

function vm(name: string): EngineSource {
  return { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', namespace: APPS, name };
}

/** A claim bound by hand to a volume of this kind. */
async function bindByHand(name: string, source: object): Promise<void> {
  await storage.apply({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name },
    spec: {
      capacity: { storage: '1Mi' },
      accessModes: ['ReadWriteOnce'],
      claimRef: { namespace: APPS, name },
      persistentVolumeReclaimPolicy: 'Retain',
      ...source,
    },
  });
  await storage.apply({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace: APPS },
    spec: {
      storageClassName: '',
      volumeName: name,
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Mi' } },
    },
  });
  await storage.bound(name);
}

const ofDriver = (driver: string) => ({ csi: { driver, volumeHandle: randomUUID() } });

async function aVM(name: string, volumes: readonly object[], rest: object = {}): Promise<void> {
  const spec = { template: { spec: { volumes } } };
  await storage.apply({
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    metadata: { name, namespace: APPS },
    spec,
    ...rest,
  });
}

async function aBoundClaim(name: string): Promise<void> {
  await storage.apply(claimOf(name, STORAGE_CLASSES.immediate));
  await storage.bound(name);
}

interface Refusal {
  readonly of: string;
  readonly source: EngineSource;
  readonly make: () => Promise<void>;
  readonly words: RegExp;
}

const refusals: readonly Refusal[] = [
  {
    of: 'a claim that waits for its first consumer',
    source: claim('unbound'),
    make: () => storage.apply(claimOf('unbound', STORAGE_CLASSES.waiting)),
    words: /^PersistentVolumeClaim apps\/unbound is not bound \(Pending\)$/,
  },
  {
    of: 'a claim whose volume is not of CSI',
    source: claim('by-path'),
    make: () => bindByHand('by-path', { hostPath: { path: '/nowhere' } }),
    words: /its volume is not one of a CSI driver/,
  },
  {
    of: 'a claim of a driver without a class',
    source: claim('classless'),
    make: () => bindByHand('classless', ofDriver('classless.csi.test')),
    words: /no VolumeSnapshotClass for driver classless\.csi\.test: create one/,
  },
  {
    of: 'a claim of a driver with two classes of which none is marked',
    source: claim('undecided'),
    async make() {
      for (const name of ['one', 'two']) await storage.apply(snapshotClass('undecided.csi.test', name, 'Retain'));
      await bindByHand('undecided', ofDriver('undecided.csi.test'));
    },
    words: /several VolumeSnapshotClasses for driver undecided\.csi\.test \(one, two\): label the one to use/,
  },
  {
    of: 'a claim that is being deleted',
    source: claim('terminating'),
    async make() {
      await aBoundClaim('terminating');
      const finalizers = JSON.stringify({ metadata: { finalizers: ['test.dev/stay'] } });
      await must(storage.plane, ['patch', 'pvc/terminating', '-n', APPS, '--type=merge', '-p', finalizers]);
      await must(storage.plane, ['delete', 'pvc/terminating', '-n', APPS, '--wait=false']);
    },
    words: /is being deleted$/,
  },
  {
    of: 'a claim that is still being filled',
    source: claim('importing'),
    async make() {
      await aBoundClaim('importing');
      const phase = 'cdi.kubevirt.io/storage.pod.phase=Running';
      await must(storage.plane, ['annotate', 'pvc/importing', '-n', APPS, phase]);
    },
    words: /is still being filled \(Running\)$/,
  },
  {
    of: 'a VM with one disk missing',
    source: vm('half'),
    async make() {
      await aBoundClaim('half-root');
      await aVM('half', [
        { name: 'root', dataVolume: { name: 'half-root' } },
        { name: 'data', persistentVolumeClaim: { claimName: 'half-data' } },
      ]);
    },
    words: /^PersistentVolumeClaim apps\/half-data is not there$/,
  },
  {
    of: 'a VM without a disk to keep',
    source: vm('diskless'),
    make: () => aVM('diskless', [{ name: 'root', containerDisk: { image: 'x' } }]),
    words: /has no volume that is a claim$/,
  },
  {
    of: 'a VM that KubeVirt is snapshotting',
    source: vm('busy'),
    make: () => aVM('busy', [], { status: { snapshotInProgress: 'theirs' } }),
    words: /its VirtualMachineSnapshot theirs is under way$/,
  },
  {
    of: 'something that is no VM and no claim',
    source: { apiVersion: 'apps/v1', kind: 'StatefulSet', namespace: APPS, name: 'db' },
    make: () => Promise.resolve(),
    words: /^a StatefulSet of apps\/v1 is nothing that has disks to snapshot$/,
  },
];

test.for(refusals)('$of is refused with the reason, by inspect and by take', async ({ source, make, words }) => {
  await make();
  const report = await engine.inspect(source);
  expect(report).toMatchObject({ type: 'Blocked', words: expect.stringMatching(words) as string });
  if (source.kind !== 'PersistentVolumeClaim') return;
  const ids = { itemID: randomUUID(), pointID: randomUUID() };
  expect(await engine.take({ ...ids, source, disks: [{ name: source.name }] })).toEqual(report);
  expect(await storage.snapshots()).toEqual([]);
});

test('a marked class is the one to use', async () => {
  for (const name of ['three', 'four']) await storage.apply(snapshotClass('marked.csi.test', name, 'Delete'));
  await must(storage.plane, ['label', 'volumesnapshotclass/four', 'reprieve.dev/snapshot-class=true']);
  await bindByHand('marked', ofDriver('marked.csi.test'));
  expect(await engine.inspect(claim('marked'))).toEqual({
    type: 'Done',
    value: {
      type: 'Present',
      disks: ['marked'],
      planned: [{ name: 'marked', driver: 'marked.csi.test', snapshotClassName: 'four', volumeMode: 'Filesystem' }],
    },
  });
});

test('the disks of a VM are its claims, those of its DataVolumes, and the one with its hidden state', async () => {
  const source = await storage.newVM();
  const state = claimOf('tpm', STORAGE_CLASSES.immediate) as { metadata: object };
  const labels = { 'persistent-state-for': source.name };
  await storage.apply({ ...state, metadata: { ...state.metadata, labels } });
  await storage.bound('tpm');
  const report = await engine.inspect(source);
  expect(report.type === 'Done' && report.value.type === 'Present' && report.value.disks).toEqual([
    `${source.name}-root`,
    `${source.name}-data`,
    'tpm',
  ]);
});

test('what a quota refuses is Blocked with its words', async () => {
  const namespace = 'full';
  await must(storage.plane, ['create', 'namespace', namespace]);
  const hard = '--hard=count/volumesnapshots.snapshot.storage.k8s.io=0';
  await must(storage.plane, ['create', 'quota', 'none', '-n', namespace, hard]);
  const source = await storage.newVM(namespace);
  const report = await engine.inspect(source);
  const disks = report.type === 'Done' && report.value.type === 'Present' ? (report.value.planned ?? []) : [];
  const step = await engine.take({ itemID: randomUUID(), pointID: randomUUID(), source, disks });
  expect(step).toMatchObject({ type: 'Blocked', words: expect.stringContaining('quota') as string });
});

test.for([vm('nobody'), claim('nobody')])('a $kind that is not there is absent', async (source) => {
  expect(await engine.inspect(source)).toEqual({
    type: 'Done',
    value: { type: 'Absent', words: `${source.kind} ${APPS}/nobody is not there` },
  });
});
