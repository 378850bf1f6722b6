/**
 * The guards have teeth: each scene is played by the operator as it is, and by one from which a single guard was taken. The first
 * ends well; of the second the witness says what went wrong, so that these tests would notice if the guard were gone.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SimulatedEngine } from '../../../src/adapters/engines/simulated/engine.ts';
import { SystemClock } from '../../../src/adapters/clock/system-clock.ts';
import type { BackupItem } from '../../../src/api/backup-item.gen.ts';
import type { KubeObject } from '../../../src/api/meta.ts';
import { BACKUP_ITEMS, RECOVERY_POINTS, VAULTS } from '../../../src/api/names.ts';
import type { RecoveryPoint } from '../../../src/api/recovery-point.gen.ts';
import { type Around, chain } from '../../support/faults/calls.ts';
import { Cluster } from '../../support/faults/cluster.ts';
import { runOperator } from '../../support/faults/in-process.ts';
import type { Place } from '../../support/faults/place.ts';
import { Witness } from '../../support/faults/witness.ts';
import { until } from '../../support/operator/until.ts';

const SECOND = 1_000;

let cluster: Cluster;

beforeAll(async () => {
  cluster = await Cluster.start();
});
afterAll(() => cluster.stop());

type Sabotage = (place: Place) => Around;
const intact: Sabotage = () => (_call, send) => send();

function entersPurging(call: Parameters<Around>[0]): boolean {
  if (call.target !== 'Api' || call.verb !== 'patchStatus' || call.type !== BACKUP_ITEMS) return false;
  return (call.body as { readonly status: BackupItem['status'] }).status?.deleteState === 'Purging';
}

/** Runs once, at the moment that the test chose. */
function once(act: () => Promise<unknown>): () => Promise<unknown> {
  let done: Promise<unknown> | undefined;
  return () => (done ??= act());
}

async function protect(place: Place, name: string): Promise<void> {
  await place.protect(name);
  await place.isProtected(name);
}

describe.concurrent('an undelete between the gate and the write of Purging', () => {
  async function playWith(name: string, sabotage: Sabotage): Promise<{ place: Place; witness: Witness }> {
    const place = await cluster.place(name);
    const witness = new Witness(cluster.admin, place);
    const undelete = once(() => place.setProtection('db', 'StopRetainData'));
    const user: Around = async (call, send) => {
      if (entersPurging(call)) await undelete();
      return send();
    };
    const around = chain(user, sabotage(place), witness.around);
    const operator = await runOperator(cluster, place, { dayLength: '500ms', around });
    await protect(place, 'db');
    await place.setProtection('db', 'StopDeleteData');
    await place.isIn('db', 'ToBeDeleted');
    const isOver = ({ status }: BackupItem): boolean => ['NotDeleted', 'Purged'].includes(status?.deleteState ?? '');
    await place.itemIs('db', 'is decided', isOver);
    await operator.stop();
    return { place, witness };
  }

  test('is kept', async () => {
    const { place, witness } = await playWith('race-intact', intact);
    expect((await place.item('db')).status?.deleteState).toBe('NotDeleted');
    expect(await place.disks()).toHaveLength(1);
    expect(witness.violations).toEqual([]);
  });

  test('is kept even where the write does not name the resourceVersion that was judged: the schema refuses it', async () => {
    const refusals: string[] = [];
    const { place, witness } = await playWith('race-broken', (broken) => async (call, send) => {
      if (!entersPurging(call) || call.target !== 'Api') return send();
      const { metadata } = await broken.item('db');
      const body = call.body as { metadata: { resourceVersion?: string } };
      Object.assign(body.metadata, { resourceVersion: metadata.resourceVersion });
      return send().catch((error: unknown) => {
        refusals.push(String(error));
        throw error;
      });
    });
    expect(refusals).toContainEqual(expect.stringContaining('the deletion was taken back'));
    expect(witness.violations).toEqual([]);
    expect(await place.disks()).toHaveLength(1);
  });
});

describe.concurrent('a vault whose purges are suspended a moment before the deadline', () => {
  async function playWith(name: string, { stale }: { readonly stale: boolean }) {
    const place = await cluster.place(name);
    const witness = new Witness(cluster.admin, place);
    const key = { namespace: place.namespace, name: 'gold' };
    const remembered: KubeObject[] = [];
    const memory: Around = (call, send) => {
      const isGate = call.target === 'Api' && call.verb === 'get' && call.type === VAULTS;
      return isGate && stale && remembered.length > 0 ? Promise.resolve(remembered[0]) : send();
    };
    const operator = await runOperator(cluster, place, { dayLength: '500ms', around: chain(memory, witness.around) });
    await protect(place, 'db');
    await place.setProtection('db', 'StopDeleteData');
    await place.isIn('db', 'ToBeDeleted');
    const old = await cluster.admin.get<KubeObject>(VAULTS, key);
    remembered.push(old);
    const suspend = { metadata: { uid: old.metadata.uid ?? '' }, spec: { suspendPurge: true } };
    await cluster.admin.patch(VAULTS, key, suspend, { fieldManager: 'kubectl' });
    await place.itemIs('db', 'is purged or blocked', ({ status }) => {
      const blocked = status?.conditions?.some((c) => c.type === 'PurgeBlocked' && c.reason === 'PurgeSuspended');
      return status?.deleteState === 'Purged' || blocked === true;
    });
    await operator.stop();
    return { state: (await place.item('db')).status?.deleteState, disks: (await place.disks()).length };
  }

  test('is asked live, and the data is kept', async () => {
    expect(await playWith('gate-intact', { stale: false })).toEqual({ state: 'ToBeDeleted', disks: 1 });
  });

  test('is purged from where the gate is served an old copy', async () => {
    expect(await playWith('gate-broken', { stale: true })).toEqual({ state: 'Purged', disks: 0 });
  });
});

describe.concurrent('another object under the name of a point, between look and destruction', () => {
  /** The newcomer's record is that of a protected item, whose data nobody asked to delete. */
  async function playWith(name: string, { blind }: { readonly blind: boolean }) {
    const place = await cluster.place(name);
    const witness = new Witness(cluster.admin, place);
    let looks = 0;
    let swapped: RecoveryPoint | undefined;
    const swap: Around = async (call, send) => {
      const isLook = call.target === 'Api' && call.verb === 'get' && call.type === RECOVERY_POINTS;
      if (!isLook || !call.key.endsWith(`/${doomed?.metadata.name ?? ''}`)) return send();
      looks += 1;
      // Two looks have found the right one; the third reads what is destroyed.
      if (looks !== 3) return send();
      swapped = { ...victim, metadata: { ...victim?.metadata, name: doomed?.metadata.name ?? '' } } as RecoveryPoint;
      const uid = blind ? doomed?.metadata.uid : 'another-uid';
      return { ...swapped, metadata: { ...swapped.metadata, uid } };
    };
    const operator = await runOperator(cluster, place, { dayLength: '500ms', around: chain(swap, witness.around) });
    await protect(place, 'victim');
    const [victim] = await place.points();
    await protect(place, 'db');
    const doomed = (await place.points()).find(({ spec }) => spec.pointID !== victim?.spec.pointID);
    await place.setProtection('db', 'StopDeleteData');
    await place.isIn('db', 'Purging');
    await until('what is to be destroyed was read', () => looks >= 3);
    await until('it was destroyed, or refused', async () => {
      const refused = await place.item('db').then(({ status }) => {
        return status?.conditions?.some(({ type, reason }) => type === 'PurgeBlocked' && reason !== 'NotBlocked');
      });
      return witness.destroyed.length > 0 || refused;
    });
    await operator.stop();
    const kept = (await place.disks()).some(({ pointID }) => pointID === victim?.spec.pointID);
    return { kept, violations: witness.violations };
  }

  test('is told apart by its uid, and its data is kept', async () => {
    expect(await playWith('uid-intact', { blind: false })).toEqual({ kept: true, violations: [] });
  });

  test('is destroyed where uids are not compared', async () => {
    const { kept, violations } = await playWith('uid-broken', { blind: true });
    expect(kept).toBe(false);
    expect(violations).toContainEqual(expect.stringContaining('was destroyed while its item was NotDeleted'));
  });
});

describe.concurrent('a soft delete', () => {
  async function playWith(name: string, sabotage: Sabotage): Promise<Witness> {
    const place = await cluster.place(name);
    const witness = new Witness(cluster.admin, place);
    const around = chain(sabotage(place), witness.around);
    const operator = await runOperator(cluster, place, { around });
    await protect(place, 'db');
    await place.setProtection('db', 'StopDeleteData');
    await place.isIn('db', 'ToBeDeleted');
    await operator.stop();
    return witness;
  }

  test('is said when everything is held', async () => {
    expect((await playWith('hold-intact', intact)).violations).toEqual([]);
  });

  test('is caught where it is said before', async () => {
    const witness = await playWith('hold-broken', () => (call, send) => {
      if (call.target !== 'Engine' || call.verb !== 'hold') return send();
      return Promise.resolve({ type: 'Done', value: { retainUntilMs: Date.now() + 3650 * 86_400 * SECOND } });
    });
    expect(witness.violations).toContainEqual(expect.stringContaining('was not held until then'));
  });

  test('is caught where a hold is released before its time', async () => {
    const place = await cluster.place('release-broken');
    const witness = new Witness(cluster.admin, place);
    const operator = await runOperator(cluster, place, { around: witness.around });
    await protect(place, 'db');
    await place.setProtection('db', 'StopDeleteData');
    await place.isIn('db', 'ToBeDeleted');
    const [point] = await place.points();
    const engine = await SimulatedEngine.open(place.storage, new SystemClock());
    const { itemID, pointID, source, disks } = (point as RecoveryPoint).spec;
    const recorded = { itemID, pointID, source, disks: disks as never };
    await witness.around({ target: 'Engine', verb: 'release', point: recorded }, () => engine.release(recorded));
    expect(witness.violations).toContainEqual(expect.stringContaining('released while its item was ToBeDeleted'));
    await operator.stop();
  });
});
