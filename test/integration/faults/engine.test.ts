/** A storage that hangs, refuses, vanishes or loses data, and records that somebody tampered with: nothing is destroyed on a guess. */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RECOVERY_POINTS } from '../../../src/api/names.ts';
import type { RecoveryPoint } from '../../../src/api/recovery-point.gen.ts';
import { Cluster } from '../../support/faults/cluster.ts';
import { type InProcess, runOperator } from '../../support/faults/in-process.ts';
import { conditionOf, type Place } from '../../support/faults/place.ts';
import { Witness } from '../../support/faults/witness.ts';
import { until } from '../../support/operator/until.ts';

const SECOND = 1_000;
const MARKER = '.reprieve-simulated-engine';
/** What failed is asked again each minute. */
const TRIES_AGAIN = { withinMs: 80 * SECOND };

let cluster: Cluster;

beforeAll(async () => {
  cluster = await Cluster.start();
});
afterAll(() => cluster.stop());

interface Scene {
  readonly place: Place;
  readonly witness: Witness;
  readonly start: () => Promise<InProcess>;
}

async function scene(name: string, dayLength: string): Promise<Scene> {
  const place = await cluster.place(name);
  const witness = new Witness(cluster.admin, place);
  return { place, witness, start: () => runOperator(cluster, place, { dayLength, around: witness.around }) };
}

async function fault(place: Place, step: string, words: string): Promise<() => Promise<void>> {
  const file = path.join(place.storage, 'faults', step);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, words);
  return () => rm(file);
}

async function protect(place: Place): Promise<void> {
  await place.protect('db');
  await place.isProtected('db');
}

async function softDelete(place: Place): Promise<number> {
  await protect(place);
  await place.setProtection('db', 'StopDeleteData');
  const { status } = await place.isIn('db', 'ToBeDeleted');
  return Date.parse(status?.purgeTime ?? '');
}

describe.concurrent('a hold that can not be had', () => {
  test.for([
    { kind: 'unknown', words: 'unknown: array does not answer', reason: 'HoldFailed' },
    { kind: 'blocked', words: 'blocked: snapshot locks are not licensed', reason: 'HoldFailed' },
    { kind: 'pending', words: 'pending: 300', reason: 'Protected' },
  ])('$kind: the item is not called soft-deleted until it can', async ({ kind, words, reason }) => {
    const { place, witness, start } = await scene(`hold-${kind}`, '1h');
    const operator = await start();
    await protect(place);
    const mend = await fault(place, 'hold', words);
    await place.setProtection('db', 'StopDeleteData');
    const item = await place.says('db', 'Ready', reason);
    if (reason === 'HoldFailed') expect(conditionOf(item, 'Ready')?.message).toContain(words.split(': ')[1]);
    await delay(2 * SECOND);
    expect((await place.item('db')).status?.deleteState).toBe('NotDeleted');
    await mend();
    await place.isIn('db', 'ToBeDeleted', TRIES_AGAIN);
    const [disk] = await place.disks();
    const { status } = await place.item('db');
    expect(Date.parse(disk?.retainUntil ?? '')).toBeGreaterThanOrEqual(Date.parse(status?.purgeTime ?? ''));
    expect(witness.violations).toEqual([]);
    await operator.stop();
  });

  test('because the data is not there: the deletion is accepted, and says what is missing', async () => {
    const { place, start } = await scene('hold-missing', '1h');
    const operator = await start();
    await protect(place);
    await rm(path.join(place.storage, 'items'), { recursive: true });
    await place.setProtection('db', 'StopDeleteData');
    const item = await place.isIn('db', 'ToBeDeleted');
    expect(conditionOf(item, 'DataAvailable')).toMatchObject({ status: 'False', reason: 'DataMissing' });
    await operator.stop();
  });
});

describe.concurrent('a storage in trouble at the deadline', () => {
  test('whose mount is gone: nothing is purged, and it goes on when the mount is back', async () => {
    const { place, witness, start } = await scene('mount', '500ms');
    const operator = await start();
    await softDelete(place);
    const marker = path.join(place.storage, MARKER);
    await rename(marker, `${marker}.gone`);
    const item = await place.says('db', 'PurgeBlocked', 'EngineUnknown');
    expect(item.status?.deleteState).toBe('ToBeDeleted');
    expect(await place.disks()).toHaveLength(1);
    await rename(`${marker}.gone`, marker);
    await place.isIn('db', 'Purged', TRIES_AGAIN);
    expect(await place.disks()).toEqual([]);
    expect(witness.violations).toEqual([]);
    await operator.stop();
  });

  test('that refuses to destroy: its words are shown, the data is there, and it is asked again', async () => {
    const { place, witness, start } = await scene('refuses', '500ms');
    const operator = await start();
    const mend = await fault(place, 'purge', 'blocked: array is read-only');
    await softDelete(place);
    const item = await place.says('db', 'PurgeBlocked', 'EngineBlocked');
    expect(item.status?.deleteState).toBe('Purging');
    expect(conditionOf(item, 'PurgeBlocked')?.message).toContain('array is read-only');
    expect(await place.disks()).toHaveLength(1);
    await mend();
    await place.isIn('db', 'Purged', TRIES_AGAIN);
    expect(witness.violations).toEqual([]);
    await operator.stop();
  });

  test("that holds a file nobody recorded beside the point's: it stays, and the purge does not call itself done", async () => {
    const { place, witness, start } = await scene('foreign', '500ms');
    const operator = await start();
    await softDelete(place);
    const [disk] = await place.disks();
    const folder = path.join(place.storage, 'items', disk?.itemID ?? '', disk?.pointID ?? '');
    const foreign = path.join(folder, 'foreign.json');
    const bytes = JSON.stringify({ ...disk, handle: 'foreign', disk: 'foreign' });
    await writeFile(foreign, bytes);
    const item = await place.says('db', 'PurgeBlocked', 'EngineBlocked');
    expect(item.status?.deleteState).toBe('Purging');
    expect(await readFile(foreign, 'utf8')).toBe(bytes);
    expect(witness.destroyed).toEqual([disk?.handle]);
    expect(witness.violations).toEqual([]);
    await operator.stop();
  });
});

describe.concurrent('records that somebody tampered with during the window', () => {
  test.for([
    { name: 'a point removed by force', slug: 'removed', tamper: removeByForce },
    { name: 'a point that was never taken', slug: 'forged', tamper: forge },
  ])('$name: the purge stops, and nothing is destroyed', async ({ slug, tamper }) => {
    const { place, witness, start } = await scene(`record-${slug}`, '500ms');
    const first = await start();
    const deadline = await softDelete(place);
    await first.stop();
    await tamper(place);
    const second = await start();
    await place.says('db', 'PurgeBlocked', 'RecordChanged');
    await until('the deadline is past', () => Date.now() > deadline + 2 * SECOND, { withinMs: 30 * SECOND });
    expect(await place.disks()).toHaveLength(1);
    expect((await place.item('db')).status?.deleteState).toBe('ToBeDeleted');
    expect(witness.destroyed).toEqual([]);
    await second.stop();
  });
});

/** As an administrator may, with the finalizer out of the way. */
async function removeByForce(place: Place): Promise<void> {
  const [point] = await place.points();
  const { name = '', uid = '' } = point?.metadata ?? {};
  const key = { namespace: place.namespace, name };
  await place.admin.patch(RECOVERY_POINTS, key, { metadata: { uid, finalizers: null } }, { fieldManager: 'kubectl' });
  await place.admin.delete(RECOVERY_POINTS, key, { uid });
}

async function forge(place: Place): Promise<void> {
  const [point] = await place.points();
  if (point === undefined) throw new Error('no point to forge after');
  const { labels, namespace } = point.metadata;
  const forged: RecoveryPoint = {
    apiVersion: point.apiVersion,
    kind: point.kind,
    metadata: {
      name: 'forged',
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels === undefined ? {} : { labels }),
    },
    spec: { ...point.spec, pointID: '00000000-0000-4000-8000-000000000001' },
  };
  await place.admin.create(RECOVERY_POINTS, forged, { fieldManager: 'kubectl' });
}
