/** The CSI stack of the harness keeps its word: real bytes, upstream's rules, and faults that do what they say. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type ControlPlane, startControlPlane } from '../support/control-plane/control-plane.ts';
import { processesWith, startOwner } from '../support/control-plane/owner-process.ts';
import { Supervisor } from '../support/control-plane/supervisor.ts';
import { SNAPSHOT_CLASSES, STORAGE_CLASSES, snapshotClass } from '../support/csi/classes.ts';
import { CSIPlace } from '../support/csi/place.ts';
import { type CSIStack, startCSIStack } from '../support/csi/stack.ts';
import { until } from '../support/operator/until.ts';

let plane: ControlPlane;
let stack: CSIStack;

/** For machines under load. */
const PATIENCE = { withinMs: 60_000 };
/** Its programs may have to be built first. */
const BUILD_MS = 1_800_000;

beforeAll(async () => {
  plane = await startControlPlane({ environment: { ...process.env, REPRIEVE_TEST_KUBECONFIG: undefined } });
  const timeout = '--timeout=2s';
  stack = await startCSIStack(plane, { snapshotterFlags: [timeout], provisionerFlags: [timeout] });
}, BUILD_MS);

afterAll(async () => {
  const { dir } = plane;
  await stack.stop();
  await plane.stop();
  expect([existsSync(stack.root), existsSync(dir), await processesWith(stack.root)]).toEqual([false, false, []]);
});

const disk = (text: string) => ({ disk: Buffer.from(text) });
const place = (namespace: string) => CSIPlace.create(plane, stack, namespace);
const MIB = 1_048_576;

describe.concurrent('a snapshot', () => {
  test('holds the bytes of its moment, and policy Delete removes them', async () => {
    const here = await place('moment');
    const volume = await here.disk('web', 'before');
    await here.snapshot('one', 'web', SNAPSHOT_CLASSES.delete);
    const { handle, content } = await here.ready('one');
    await stack.bytes.write(volume, 'disk', 'after');
    expect(await stack.bytes.snapshotFiles(handle)).toEqual(disk('before'));
    expect(await stack.bytes.volumeFiles(volume)).toEqual(disk('after'));
    await here.delete('volumesnapshot', 'one');
    await here.gone('volumesnapshotcontent', content);
    expect(await stack.bytes.snapshotFiles(handle)).toBeUndefined();
  });

  test('of policy Retain outlives VolumeSnapshot, claim, volume and namespace, and is restored elsewhere', async () => {
    const here = await place('short-lived');
    const volume = await here.disk('web', 'precious');
    await here.snapshot('one', 'web');
    const { handle, content } = await here.ready('one');
    await here.delete('namespace', 'short-lived');
    await here.gone('namespace', 'short-lived');
    await until('the volume is gone', async () => (await stack.bytes.volumeFiles(volume)) === undefined, PATIENCE);
    expect((await here.get('volumesnapshotcontent', content))?.spec.deletionPolicy).toBe('Retain');
    expect(await stack.bytes.snapshotFiles(handle)).toEqual(disk('precious'));

    const there = await place('elsewhere');
    await there.adopt('again', handle);
    expect(await there.ready('again')).toEqual({ handle, content: there.contentOf('again') });
    await there.claim('web', { from: { kind: 'VolumeSnapshot', name: 'again' } });
    expect(await stack.bytes.volumeFiles(await there.bound('web'))).toEqual(disk('precious'));
  });

  test('is ready when its class says so', async () => {
    const here = await place('slow');
    await here.apply(snapshotClass(stack.driver, 'never', 'Retain', { readyAfter: '24h' }));
    await here.apply(snapshotClass(stack.driver, 'soon', 'Retain', { readyAfter: '500ms' }));
    await here.disk('web', 'x');
    await here.snapshot('one', 'web', 'never');
    await here.snapshot('two', 'web', 'soon');
    await here.ready('two');
    const first = await until(
      'the other is made',
      async () => {
        const { status } = (await here.get('volumesnapshot', 'one')) ?? {};
        return status?.readyToUse !== undefined && status;
      },
      PATIENCE,
    );
    expect(first.readyToUse).toBe(false);
  });

  test('of a class of dependent ones goes with its volume, while its content still says that it is ready', async () => {
    const here = await place('dependent');
    await here.disk('web', 'x');
    await here.snapshot('one', 'web', SNAPSHOT_CLASSES.dependent);
    const { handle, content } = await here.ready('one');
    await here.delete('pvc', 'web');
    await until('the bytes are gone', async () => (await stack.bytes.snapshotFiles(handle)) === undefined, PATIENCE);
    expect((await here.get('volumesnapshotcontent', content))?.status?.readyToUse).toBe(true);
  });
});

describe.concurrent('a claim', () => {
  test('is filled from another, but not with another mode or less space', async () => {
    const here = await place('clones');
    await here.claim('web', { size: '2Mi' });
    await stack.bytes.write(await here.bound('web'), 'disk', 'x');
    const from = { kind: 'PersistentVolumeClaim', name: 'web' } as const;
    await here.claim('clone', { size: '2Mi', from });
    expect(await stack.bytes.volumeFiles(await here.bound('clone'))).toEqual(disk('x'));
    await here.claim('small', { from });
    await here.claim('block', { size: '2Mi', mode: 'Block', from });
    await here.warning('small', 'asks for less than the size');
    await here.warning('block', 'has the mode Filesystem');
  });

  test('is filled from a snapshot by the rules for size and mode', async () => {
    const here = await place('rules');
    await here.claim('web', { size: '2Mi' });
    await here.bound('web');
    await here.snapshot('one', 'web');
    const { content } = await here.ready('one');
    const from = { kind: 'VolumeSnapshot', name: 'one' } as const;
    await here.claim('small', { from });
    await here.claim('block', { size: '2Mi', mode: 'Block', from });
    await here.warning('small', 'asks for less than its size');
    await here.warning('block', 'does not allow another');
    const allow = 'snapshot.storage.kubernetes.io/allow-volume-mode-change=true';
    await here.annotate('volumesnapshotcontent', content, allow);
    await here.bound('block');
  });

  test('of the waiting class is bound once a node is selected', async () => {
    const here = await place('waiting');
    await here.claim('web', { class: STORAGE_CLASSES.waiting });
    await here.claim('other');
    await here.bound('other');
    expect((await here.get('pvc', 'web'))?.status?.phase).toBe('Pending');
    await here.annotate('pvc', 'web', 'volume.kubernetes.io/selected-node=anywhere');
    await here.bound('web');
  });

  test('of the class Retain leaves its volume', async () => {
    const here = await place('retain');
    await here.claim('web', { class: STORAGE_CLASSES.retain });
    await here.claim('other');
    const [kept, removed] = [await here.bound('web'), await here.bound('other')];
    await here.delete('pvc', 'web');
    await here.gone('pvc', 'web');
    await here.delete('pvc', 'other');
    await until(
      'the other volume is gone',
      async () => (await stack.bytes.volumeFiles(removed)) === undefined,
      PATIENCE,
    );
    expect(await stack.bytes.volumes()).toContain(kept);
  });
});

describe('a fault', () => {
  afterEach(() => stack.faults.clear());

  test('is what the VolumeSnapshot tells, and goes by when it was for one call', async () => {
    const here = await place('refused');
    await here.disk('web', 'x');
    await stack.faults.set('CreateSnapshot', { code: 'ResourceExhausted', message: 'the array is full' });
    await here.snapshot('one', 'web');
    expect(await here.error('volumesnapshot', 'one')).toContain('the array is full');
    await stack.faults.set('CreateSnapshot', { code: 'Internal', message: 'oops', times: 1 });
    await here.ready('one');
  });

  test('that loses the answer makes no second snapshot', async () => {
    const here = await place('lost');
    await here.disk('web', 'x');
    const before = await stack.bytes.snapshots();
    await stack.faults.set('CreateSnapshot', { code: 'Unavailable', after: true, times: 2 });
    await here.snapshot('one', 'web');
    const { handle } = await here.ready('one');
    expect((await stack.bytes.snapshots()).filter((one) => !before.includes(one))).toEqual([handle]);
  });

  test('of DeleteSnapshot keeps the bytes and the objects until it is over, whatever ends in between', async () => {
    const here = await place('undeletable');
    await here.disk('web', 'x');
    await here.snapshot('one', 'web', SNAPSHOT_CLASSES.delete);
    const { handle, content } = await here.ready('one');
    await stack.faults.set('DeleteSnapshot', { code: 'FailedPrecondition', message: 'locked by the array' });
    await here.delete('volumesnapshot', 'one');
    // That is all: what the driver said does not reach the API.
    await here.warning(content, 'Failed to delete snapshot', 'default');
    const { driver, provisioner, snapshotController, snapshotter } = stack.parts;
    for (const part of [driver, provisioner, snapshotController, snapshotter]) await part.restart();
    await driver.kill();
    await driver.start();
    expect(await stack.bytes.snapshotFiles(handle)).toEqual(disk('x'));
    expect((await here.get('volumesnapshotcontent', content))?.metadata.deletionTimestamp).toBeDefined();
    await stack.faults.clear('DeleteSnapshot');
    await here.gone('volumesnapshotcontent', content);
    await here.gone('volumesnapshot', 'one');
    expect(await stack.bytes.snapshotFiles(handle)).toBeUndefined();
  });

  test('of ListSnapshots hides a snapshot, or shows another one', async () => {
    const here = await place('blind');
    await here.disk('web', 'x');
    await here.snapshot('one', 'web');
    const { handle } = await here.ready('one');
    await stack.faults.set('ListSnapshots', { answer: 'empty' });
    await here.adopt('hidden', handle);
    expect(await here.error('volumesnapshotcontent', here.contentOf('hidden'))).toContain('can not find snapshot');
    await stack.faults.clear('ListSnapshots');
    await here.ready('hidden');

    await here.claim('large', { size: '7Mi' });
    await here.bound('large');
    await here.snapshot('two', 'large');
    const large = await here.ready('two');
    await stack.faults.set('ListSnapshots', { answer: 'wrong' });
    await here.adopt('confused', large.handle);
    await here.ready('confused');
    const { status } = (await here.get('volumesnapshotcontent', here.contentOf('confused'))) ?? {};
    expect(status?.snapshotHandle).toBe(large.handle);
    expect([MIB, 2 * MIB]).toContain(status?.restoreSize);
  });

  test('that hangs or delays holds a claim up', async () => {
    const here = await place('hanging');
    await stack.faults.set('CreateVolume', { hang: true });
    await here.claim('web');
    await here.warning('web', 'DeadlineExceeded');
    await stack.faults.set('CreateVolume', { delayMs: 500 });
    await here.bound('web');
  });

  test('that nobody knows is told', async () => {
    const here = await place('misspelt');
    await stack.faults.set('CreateVolume', { code: 'Unavaliable' });
    await here.claim('web');
    await here.warning('web', '"Unavaliable" is no word of a fault and no gRPC code');
  });
});

describe('a stack', () => {
  test('is not started in a cluster that was named', async () => {
    const environment = { ...process.env, PATH: dirname(plane.kubectlPath), REPRIEVE_TEST_KUBE_VERSION: undefined };
    await using named = await startControlPlane({ environment, kubeconfig: plane.adminKubeconfig });
    await expect(startCSIStack(named)).rejects.toThrow(/unset REPRIEVE_TEST_KUBECONFIG.*\[ExternalCluster\]/);
  });

  test('that was never built says so where there is no Go', async () => {
    const bare = { HOME: plane.dir, PATH: plane.dir };
    await expect(startCSIStack(plane, { environment: bare })).rejects.toThrow(/^no CSI stack: .*Install Go/);
  });

  test('leaves nothing when its owner is killed', async () => {
    const module = (path: string) => JSON.stringify(join(import.meta.dirname, '../support', path));
    const owner = startOwner(
      `
      import { startControlPlane } from ${module('control-plane/control-plane.ts')};
      import { startCSIStack } from ${module('csi/stack.ts')};
      const stack = await startCSIStack(await startControlPlane(), { timing: 'upstream' });
      process.stdout.write('root ' + stack.root + '\\n');
      setInterval(() => undefined, 1_000);
    `,
      { ...process.env, REPRIEVE_TEST_KUBECONFIG: undefined },
    );
    const dir = dirname((await owner.line(/^root /)).slice('root '.length));
    expect(await processesWith(dir)).not.toEqual([]);
    owner.kill();
    await until('nothing is left', async () => !existsSync(dir) && (await processesWith(dir)).length === 0, PATIENCE);
  });
});

test('csi-sanity finds nothing wrong with the driver', async () => {
  const { binaries } = stack;
  await using supervisor = await Supervisor.start(binaries.helper, tmpdir(), 'reprieve-sanity-');
  const at = (name: string) => join(supervisor.directory, name);
  const socket = at('csi.sock');
  const driver = [binaries.driver, `--root=${at('root')}`, `--socket=${socket}`];
  await supervisor.start({ part: 'driver', argv: driver, log: at('driver.log') });
  const sanity = [
    binaries.sanity,
    `--csi.endpoint=${socket}`,
    `--csi.mountdir=${at('mount')}`,
    `--csi.stagingdir=${at('staging')}`,
    '--ginkgo.no-color',
  ];
  const { ended } = await supervisor.start({ part: 'sanity', argv: sanity, log: at('sanity.log'), cwd: at('.') });
  const status = await ended;
  const log = await readFile(at('sanity.log'), 'utf8');
  expect(status, log).toBe('exit status 0');
  // What is skipped asks for abilities that the driver does not claim; what is pending, upstream has switched off.
  expect(log).toContain('47 Passed | 0 Failed | 1 Pending | 55 Skipped');
});
