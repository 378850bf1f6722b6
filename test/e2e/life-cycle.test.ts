import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../support/operator/until.ts';
import { attach, type Cluster } from './cluster.ts';
import { Namespace } from './namespace.ts';

const UNDELETE_FIRST = 'undelete first (protection: StopRetainData), then resume (protection: Active with a policyRef)';
/** A window of 14 days of a minute, as the development overlay has them, and some patience. */
const WINDOW_TIMEOUT_MS = 20 * 60_000;

let cluster: Cluster;
beforeAll(async () => {
  cluster = await attach(process.env);
});
afterAll(() => cluster.close());

/** Seconds between two times of a status. */
function span(from: string | undefined, to: string | undefined): number {
  return (Date.parse(to ?? '') - Date.parse(from ?? '')) / 1000;
}

test('stop and delete keeps everything until a deadline, and undelete brings it back', async () => {
  const namespace = await Namespace.create(cluster);
  const before = await namespace.protect('web');
  await namespace.intend('web', 'StopDeleteData');
  const deleted = await namespace.reachState('web', 'ToBeDeleted');
  expect(deleted).toMatchObject({ itemID: before.itemID, retentionDays: 14, recoveryPoints: { count: 1 } });
  expect(span(deleted.deleteTime, deleted.purgeTime)).toBe((14 * (await namespace.dayMs())) / 1000);

  expect(await namespace.intend('web', 'Active')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(UNDELETE_FIRST) as string,
  });

  await namespace.intend('web', 'StopRetainData');
  const back = await namespace.reachState('web', 'NotDeleted');
  expect(back).toMatchObject({
    itemID: before.itemID,
    protectionState: 'ProtectionStopped',
    recoveryPoints: { count: 1 },
  });
  expect(back).not.toHaveProperty('purgeTime');

  await namespace.intend('web', 'Active');
  await namespace.reach('web', ({ protectionState }) => protectionState === 'Protected');
  expect((await namespace.jobs('Backup')).map(({ status }) => status?.state)).toEqual(['Completed']);
  await namespace.leave();
});

test('an object that is deleted carries on in a new one, and GitOps neither prunes it nor makes it active', async () => {
  const namespace = await Namespace.create(cluster);
  const before = await namespace.protect('web');
  const old = await namespace.item('web');
  await namespace.run('delete', 'backupitem', 'web', '-n', namespace.name, '--timeout=30s');
  const deleted = await namespace.reachState('web', 'ToBeDeleted');
  const carried = await namespace.item('web');
  expect(deleted).toMatchObject({ itemID: before.itemID, recoveryPoints: { count: 1 } });
  expect(carried?.metadata.uid).not.toBe(old?.metadata.uid);
  const keys = [...Object.keys(carried?.metadata.labels ?? {}), ...Object.keys(carried?.metadata.annotations ?? {})];
  expect(keys.filter((key) => !key.startsWith('reprieve.dev/'))).toEqual([]);

  await namespace.run('delete', 'backupitem', 'web', '-n', namespace.name, '--timeout=30s');
  const again = await namespace.reachState('web', 'ToBeDeleted');
  expect(again).toMatchObject({ itemID: before.itemID, purgeTime: deleted.purgeTime });

  const applied = await namespace.applyItem('web');
  expect(applied).toMatchObject({ code: 1, stderr: expect.stringContaining(UNDELETE_FIRST) as string });
  await namespace.leave();
});

test(
  'a vault stays while anything in it can be brought back, and goes once the last item is purged on its day',
  { timeout: WINDOW_TIMEOUT_MS },
  async () => {
    const namespace = await Namespace.create(cluster);
    const dayMs = await namespace.dayMs();
    const { itemID } = await namespace.protect('web');
    await namespace.intend('web', 'StopDeleteData');
    const { purgeTime = '' } = await namespace.reachState('web', 'ToBeDeleted');
    await namespace.run('delete', 'vault', 'main', '-n', namespace.name, '--wait=false');
    const message = '{.status.conditions[?(@.type=="DeletionBlocked")].message}';
    const words = await until('the vault says why it stays', async () => {
      const said = await namespace.get('vault/main', `jsonpath=${message}`);
      return said.includes('web') && said;
    });
    expect(words).toContain(`web (ToBeDeleted, until ${purgeTime})`);

    const purge = await until(
      'the purge is over',
      async () => (await namespace.jobs('Purge')).find(({ status }) => status?.state === 'Completed'),
      { withinMs: 14 * dayMs + 60_000, everyMs: 250, seen: cluster.operatorLog },
    );
    expect(purge).toMatchObject({ spec: { itemID }, status: { evidence: [expect.stringContaining('gone')] } });
    const started = await namespace.get(
      'backupjobs',
      'jsonpath={.items[?(@.spec.operation=="Purge")].status.startTime}',
    );
    expect(span(purgeTime, started)).toBeGreaterThanOrEqual(0);
    expect(await namespace.item('web')).toMatchObject({ status: { deleteState: 'Purged', itemID } });
    await namespace.run('wait', 'vault/main', '-n', namespace.name, '--for=delete', '--timeout=60s');
    expect(await namespace.get('recoverypoints', 'name')).toBe('');
    await namespace.leave();
  },
);

test('what would break a promise is refused by the API server, with the way out', async () => {
  const namespace = await Namespace.create(cluster);
  await namespace.protect('web');
  const short = await namespace.apply({ kind: 'Vault', name: 'short', spec: { softDelete: { retentionDays: 13 } } });
  expect(short.stderr).toContain('should be greater than or equal to 14');
  const moved = await namespace.patch('web', { vaultRef: { name: 'other' } });
  expect(moved.stderr).toContain('vaultRef is immutable: create another item in the other vault');
  const loose = await namespace.patch('web', { policyRef: null });
  expect(loose.stderr).toContain('protection Active needs a policy');
  await namespace.leave();
});
