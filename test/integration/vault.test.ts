/** A vault guards what is in it, and its settings bind deletions from then on, never those before. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BackupItem } from '../../src/api/backup-item.gen.ts';
import { VAULTS } from '../../src/api/names.ts';
import { until } from '../support/operator/until.ts';
import { condition, says } from '../support/world/conditions.ts';
import { itemManifest, vaultManifest } from '../support/world/manifests.ts';
import type { Place } from '../support/world/place.ts';
import { World } from '../support/world/world.ts';

let world: World;
const DAY_MS = 3_600_000;

beforeAll(async () => {
  world = await World.start({ dayLength: '1h' });
});

afterAll(() => world.stop());

function windowDays({ status }: BackupItem): number {
  return Math.round((Date.parse(status?.purgeTime ?? '') - Date.parse(status?.deleteTime ?? '')) / DAY_MS);
}

function blocked(place: Place, name = 'main') {
  return place.vaultWhere(name, 'says that its deletion is blocked', (vault) =>
    says(vault, 'DeletionBlocked').startsWith('True'),
  );
}

async function counted(place: Place, counts: Readonly<Record<string, number>>) {
  const wanted = JSON.stringify(Object.entries(counts).sort());
  return place.vaultWhere(
    'main',
    `counts ${wanted}`,
    ({ status }) => JSON.stringify(Object.entries(status?.items ?? {}).sort()) === wanted,
  );
}

describe.concurrent('a vault', () => {
  test('counts what is in it, and tells when the next purge is due', async () => {
    const place = await world.place();
    await Promise.all(['a', 'b', 'c'].map((name) => place.anItem(name)));
    await Promise.all(['a', 'b', 'c'].map((name) => place.protected(name)));
    await place.stop('b');
    const deleted = await place.softDelete('c');
    const vault = await counted(place, { total: 3, active: 1, stopped: 1, softDeleted: 1 });
    expect(vault.status).toMatchObject({
      recoveryPoints: 3,
      nextPurgeTime: deleted.status?.purgeTime,
      dayLength: '1h',
      noted: { softDeleteState: 'Enabled', retentionDays: 14 },
    });
    expect(says(vault, 'Ready')).toBe('True/Accepted');
    expect(says(vault, 'DeletionBlocked')).toBe('False/NotDeleting');
  });

  test('that is to be deleted stays, naming ten items of twelve, their purge times and the ways out', async () => {
    const place = await world.place();
    const names = Array.from({ length: 12 }, (_, index) => `vm-${String(index + 1).padStart(2, '0')}`);
    await place.create(...names.map((name) => itemManifest(name, place.namespace)));
    await Promise.all(names.map((name) => place.protected(name)));
    const deleted = await place.softDelete('vm-12');
    await place.must(['delete', 'vault', 'main', '--wait=false']);
    const vault = await place.vaultWhere('main', 'names who blocks', ({ status }) => status?.blockingCount === 12);
    const items = vault.status?.blockingItems ?? [];
    expect(items).toHaveLength(10);
    expect(items[0]).toMatchObject({ name: 'vm-12', deleteState: 'ToBeDeleted', purgeTime: deleted.status?.purgeTime });
    expect(items.slice(1).map(({ name }) => name)).toEqual(names.slice(0, 9));
    const words = condition(vault, 'DeletionBlocked')?.message ?? '';
    expect(words).toContain(`vm-12 (ToBeDeleted, until ${deleted.status?.purgeTime ?? '?'})`);
    expect(words).toContain('and 2 more');
    expect(words).toMatch(
      /wait until they are purged; undelete them .* another vault; or disable soft delete, undelete, delete again/,
    );
    const event = await place.event('Vault', 'main', 'DeletionBlocked');
    expect(event.type).toBe('Warning');
    expect(await place.points()).toHaveLength(12);
  });

  test('that is to be deleted takes no new item and no backup, and its name is not free', async () => {
    const place = await world.place();
    await place.aProtectedItem('web');
    await place.must(['delete', 'vault', 'main', '--wait=false']);
    await blocked(place);
    await place.anItem('late');
    const late = await place.itemReady('late', 'VaultTerminating');
    expect(late.status?.dataHeldSince).toBeUndefined();
    await place.aBackup('on-demand', 'web');
    expect((await place.jobEnded('on-demand')).status).toMatchObject({ state: 'Failed' });
    const web = await place.itemReady('web', 'VaultTerminating');
    expect(await place.stored(web)).toHaveLength(1);
    const again = JSON.stringify(vaultManifest('main'));
    expect(await place.refusal(['create', '-f', '-'], { input: again })).toMatch(
      /object is being deleted|already exists/,
    );
    const vault = await blocked(place);
    expect(vault.status?.blockingItems?.map(({ name }) => name)).toEqual(['web']);
  });

  test('that is empty, or whose items never held data, goes at once', async () => {
    const place = await world.place();
    await place.anItem('idle', { policy: 'missing' });
    await place.itemReady('idle', 'PolicyNotFound');
    await place.must(['delete', 'vault', 'main', '--timeout=20s']);
    expect(await place.get(VAULTS, 'main')).toBeUndefined();
    await place.itemReady('idle', 'VaultNotFound');
  });

  test('whose window is changed leaves the deadlines that stand; the next deletion gets the new window', async () => {
    const place = await world.place({ vault: { softDelete: { retentionDays: 30 } } });
    await Promise.all(['first', 'second'].map((name) => place.anItem(name)));
    await Promise.all(['first', 'second'].map((name) => place.protected(name)));
    const first = await place.softDelete('first');
    expect(windowDays(first)).toBe(30);
    await place.patch('vault', 'main', { spec: { softDelete: { retentionDays: 14 } } });
    await place.vaultWhere('main', 'took it', ({ status }) => status?.noted?.retentionDays === 14);
    await place.event('Vault', 'main', 'RetentionChanged');
    const second = await place.softDelete('second');
    expect(windowDays(second)).toBe(14);
    expect((await place.item('first'))?.status).toMatchObject({
      purgeTime: first.status?.purgeTime,
      retentionDays: 30,
    });
  });

  test.for([13, 181, 0, -1, 1e9])('refuses a window of %d days', async (retentionDays) => {
    const place = await world.place({ empty: true });
    const input = JSON.stringify(vaultManifest('main', { softDelete: { retentionDays } }));
    expect(await place.refusal(['create', '-f', '-'], { input })).toMatch(/retentionDays.*(14|180)/);
  });

  test('whose soft delete is AlwaysOn stays so, by every way, and its window only grows', async () => {
    const place = await world.place({ vault: { softDelete: { state: 'AlwaysOn', retentionDays: 20 } } });
    const patches = [
      { spec: { softDelete: { state: 'Disabled' } } },
      { spec: { softDelete: { state: 'Enabled' } } },
      { spec: { softDelete: { state: null } } },
      { spec: { softDelete: null } },
      { spec: null },
      { spec: { softDelete: { retentionDays: 19 } } },
      { spec: { softDelete: { retentionDays: null } } },
    ];
    for (const patch of patches) {
      const words = await place.refusal(['patch', 'vault', 'main', '--type=merge', '-p', JSON.stringify(patch)]);
      expect(words, JSON.stringify(patch)).toMatch(/AlwaysOn|spec/);
    }
    const input = JSON.stringify(vaultManifest('main'));
    await place.refusal(['replace', '-f', '-'], { input });
    await place.patch('vault', 'main', { spec: { softDelete: { retentionDays: 21 } } });
    expect((await place.vault())?.spec).toMatchObject({ softDelete: { state: 'AlwaysOn', retentionDays: 21 } });
  });

  test('that is deleted together with its items waits for them, also when they are undeleted', async () => {
    const place = await world.place();
    const before = await place.aProtectedItem('web');
    await place.must(['delete', 'vault,backupitem', '--all', '--wait=false']);
    const item = await place.comeBack('web', before);
    const vault = await blocked(place);
    expect(vault.metadata.finalizers).toEqual(['reprieve.dev/vault']);
    await place.undelete('web');
    await until('the vault names the item as kept for ever', async () => {
      const now = await place.vault();
      return condition(now ?? {}, 'DeletionBlocked')?.message.includes('web (NotDeleted, kept until deleted)');
    });
    expect(await place.stored(item)).toHaveLength(1);
  });
});
