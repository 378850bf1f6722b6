import { expect, test } from 'vitest';
import { chooseClass, listSecrets } from '../../../../../src/adapters/engines/csi/classes.ts';
import type { SnapshotClass } from '../../../../../src/adapters/engines/csi/objects.ts';
import { VOLUME_SNAPSHOT_CLASSES } from '../../../../../src/api/names.ts';
import { FakeClock } from '../../../../support/fake-clock.ts';
import { MemoryKube } from '../../../../support/memory-kube.ts';

const DRIVER = 'a.csi.test';

function snapshotClass(name: string, of: Partial<SnapshotClass> & { readonly marked?: boolean } = {}): SnapshotClass {
  const { marked = false, ...rest } = of;
  return {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshotClass',
    metadata: { name, ...(marked ? { labels: { 'reprieve.dev/snapshot-class': 'true' } } : {}) },
    driver: DRIVER,
    deletionPolicy: 'Retain',
    ...rest,
  };
}

const foreign = snapshotClass('foreign', { driver: 'b.csi.test', marked: true });
const deleting = snapshotClass('deleting', { deletionPolicy: 'Delete' });
const retaining = snapshotClass('retaining');

test.for([
  { of: 'one class alone, even one that deletes', classes: [foreign, deleting], name: 'deleting' },
  {
    of: 'the one that retains',
    classes: [deleting, retaining, snapshotClass('d2', { deletionPolicy: 'Delete' })],
    name: 'retaining',
  },
  {
    of: 'the one that is marked, even one that deletes',
    classes: [snapshotClass('m', { marked: true, deletionPolicy: 'Delete' }), retaining],
    name: 'm',
  },
])('$of is chosen', ({ classes, name }) => {
  expect(chooseClass(classes, DRIVER)).toEqual({ type: 'Done', value: name });
});

test.for([
  { of: 'none of the driver', classes: [foreign], words: /no VolumeSnapshotClass for driver a\.csi\.test/ },
  { of: 'two that retain', classes: [retaining, snapshotClass('r2')], words: /\(retaining, r2\): label the one/ },
  {
    of: 'two that are marked',
    classes: [snapshotClass('m1', { marked: true }), snapshotClass('m2', { marked: true }), retaining],
    words: /\(m1, m2\)/,
  },
  {
    of: 'one that is going away',
    classes: [{ ...retaining, metadata: { name: 'retaining', deletionTimestamp: '2030-01-01T00:00:00Z' } }],
    words: /no VolumeSnapshotClass/,
  },
])('with $of nothing is chosen', ({ classes, words }) => {
  const choice = chooseClass(classes, DRIVER);
  expect(choice).toMatchObject({ type: 'Blocked', words: expect.stringMatching(words) as string });
});

test('whether a class has a Secret for lists is read once a minute, and one that is gone has none', async () => {
  const kube = new MemoryKube();
  const clock = new FakeClock();
  const api = kube.client('engine');
  const needs = listSecrets(api, clock);
  expect(await needs('with')).toBe(false);
  const parameters = { 'csi.storage.k8s.io/snapshotter-list-secret-name': 'x' };
  await api.create(VOLUME_SNAPSHOT_CLASSES, snapshotClass('with', { parameters }), { fieldManager: 'test' });
  expect(await needs('with')).toBe(false);
  await clock.advance(60_000);
  expect(await needs('with')).toBe(true);
});
