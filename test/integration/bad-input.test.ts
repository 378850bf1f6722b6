/** What users write wrongly, in the wrong order, or on purpose: nothing is destroyed, and the words say what to do. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../support/operator/until.ts';
import { condition, says } from '../support/world/conditions.ts';
import { backupManifest, itemManifest, type Manifest, vaultManifest } from '../support/world/manifests.ts';
import type { Place } from '../support/world/place.ts';
import { World } from '../support/world/world.ts';

let world: World;

beforeAll(async () => {
  world = await World.start({ dayLength: '1h' });
});

afterAll(() => world.stop());

function refusedCreate(place: Place, object: Manifest): Promise<string> {
  return place.refusal(['create', '-f', '-'], { input: JSON.stringify(object) });
}

function changed(object: Manifest, path: readonly string[], value: unknown): Manifest {
  const [field = '', ...rest] = path;
  const inner = object[field] as Manifest;
  return { ...object, [field]: rest.length === 0 ? value : changed(inner, rest, value) };
}

describe.concurrent('an item that can not be protected says why', () => {
  test.for([
    {
      name: 'an unknown vault',
      options: { vault: 'missing' },
      reason: 'VaultNotFound',
      words: /vault missing not found.*create it/,
    },
    {
      name: 'an unknown policy',
      options: { policy: 'missing' },
      reason: 'PolicyNotFound',
      words: /policy missing not found.*create it/,
    },
    {
      name: 'a source of a namespace that the vault does not protect',
      options: { sourceNamespace: 'kube-system' },
      reason: 'SourceNotAllowed',
      words: /does not protect sources of namespace kube-system \(spec\.sources/,
    },
    {
      name: 'a source of a namespace that is not there',
      options: { sourceNamespace: 'nowhere', vault: 'wide' },
      reason: 'SourceUnknown',
      words: /namespace nowhere/,
    },
  ])('$name', async ({ options, reason, words }) => {
    const place = await world.place();
    await place.aVault('wide', { sources: { namespaceSelector: {} } });
    await place.anItem('web', options);
    const item = await place.itemReady('web', reason);
    expect(says(item, 'Ready')).toBe(`False/${reason}`);
    expect(condition(item, 'Ready')?.message).toMatch(words);
    expect(item.status).toMatchObject({ deleteState: 'NotDeleted' });
    expect(item.status).not.toHaveProperty('dataHeldSince');
    expect((await place.table('bi'))[0]).toMatchObject({ READY: 'False', REASON: reason });
    expect(await place.points()).toEqual([]);
  });

  test('and the second of two items for one source, naming the first', async () => {
    const place = await world.place();
    await place.aProtectedItem('web');
    await place.anItem('web-copy', { source: 'web' });
    const item = await place.itemReady('web-copy', 'DuplicateSource');
    expect(condition(item, 'Ready')?.message).toMatch(/is item web of vault main already/);
    await place.aVault('other');
    await place.anItem('web-elsewhere', { source: 'web', vault: 'other' });
    await place.protected('web-elsewhere');
    await place.softDelete('web');
    await until('the words have changed', async () =>
      condition((await place.item('web-copy')) ?? {}, 'Ready')?.message.includes('undelete web'),
    );
  });
});

describe.concurrent('in any order', () => {
  test('an item that came before its vault and policy is protected when both are there', async () => {
    const place = await world.place({ empty: true });
    await place.anItem('web');
    await place.itemReady('web', 'VaultNotFound');
    await place.aVault('main');
    await place.itemReady('web', 'PolicyNotFound');
    await place.aPolicy('nightly');
    expect((await place.protected('web')).status?.recoveryPoints?.count).toBe(1);
  });

  test('a job that came before its item is done when that is there', async () => {
    const place = await world.place();
    await place.aBackup('early', 'web');
    await place.anItem('web');
    expect((await place.jobEnded('early')).status?.state).toBe('Completed');
  });

  test('the namespace of a source that is labelled later is protected then', async () => {
    const shop = await world.place({ empty: true });
    const place = await world.place({ vault: { sources: { namespaceSelector: { matchLabels: { backup: 'yes' } } } } });
    await place.anItem('web', { sourceNamespace: shop.namespace });
    await place.itemReady('web', 'SourceNotAllowed');
    await world.plane.kubectl(['label', 'namespace', shop.namespace, 'backup=yes']);
    const item = await place.protected('web');
    await world.plane.kubectl(['label', 'namespace', shop.namespace, 'backup-']);
    await place.itemReady('web', 'SourceNotAllowed');
    expect(await place.stored(item)).toHaveLength(1);
  });
});

describe.concurrent('the API server refuses', () => {
  const long = 'x'.repeat(300);

  test.for<{ readonly name: string; readonly object: (namespace: string) => Manifest; readonly words: RegExp }>([
    {
      name: 'Active without a policy',
      object: (ns) => itemManifest('web', ns, { policy: null }),
      words: /protection Active needs a policy: name a BackupPolicy/,
    },
    { name: 'a name of 300 characters', object: (ns) => itemManifest(long, ns), words: /no more than 253/ },
    {
      name: 'a vault of 300 characters',
      object: (ns) => itemManifest('web', ns, { vault: long }),
      words: /vaultRef\.name.*63/,
    },
    {
      name: 'a policy of 300 characters',
      object: (ns) => itemManifest('web', ns, { policy: long }),
      words: /policyRef\.name.*253/,
    },
    {
      name: 'a source of 300 characters',
      object: (ns) => itemManifest('web', ns, { source: long }),
      words: /source\.name.*253/,
    },
    {
      name: 'a source that climbs',
      object: (ns) => itemManifest('web', ns, { source: '../../etc' }),
      words: /source\.name/,
    },
    {
      name: 'an unknown protection',
      object: (ns) => changed(itemManifest('web', ns), ['spec', 'protection'], 'Purge'),
      words: /Unsupported value: "Purge"/,
    },
    {
      name: 'an unknown field',
      object: (ns) => changed(itemManifest('web', ns), ['spec', 'purgeNow'], true),
      words: /unknown field "spec\.purgeNow"/,
    },
    {
      name: 'a Pod as source',
      object: (ns) => changed(itemManifest('web', ns), ['spec', 'source', 'kind'], 'Pod'),
      words: /use kubevirt\.io\/v1 VirtualMachine or v1 PersistentVolumeClaim/,
    },
    { name: 'an expiry that is no time', object: () => backupManifest('job', 'web', 'soon'), words: /expiryTime/ },
    {
      name: 'an unknown state of soft delete',
      object: () => vaultManifest('v', { softDelete: { state: 'Off' } }),
      words: /Unsupported value: "Off"/,
    },
  ])('$name', async ({ object, words }) => {
    const place = await world.place({ empty: true });
    expect(await refusedCreate(place, object(place.namespace))).toMatch(words);
  });
});

describe.concurrent('what is nobody’s business changes nothing', () => {
  test('garbage in labels and annotations, ours among them', async () => {
    const place = await world.place();
    const annotations = {
      'reprieve.dev/previous-uid': 'not-a-uid',
      'reprieve.dev/stand-in-for': '../../../etc/passwd',
      'reprieve.dev/item-id': '{"purge":true}',
      'kubectl.kubernetes.io/last-applied-configuration': '{]',
      'example.com/\u0061': '\u0000\uffff💥'.replace('\u0000', ''),
    };
    const labels = { 'reprieve.dev/item-id': '00000000-0000-0000-0000-000000000000', 'reprieve.dev/vault': 'another' };
    const before = await place.aProtectedItem('web', { annotations, labels });
    expect(before.status?.itemID).not.toBe(labels['reprieve.dev/item-id']);
    await place.must(['delete', 'backupitem', 'web']);
    const item = await place.comeBack('web', before);
    expect(item.metadata.annotations).toEqual({ 'reprieve.dev/previous-uid': before.metadata.uid });
    expect(await place.stored(item)).toHaveLength(1);
  });

  test('names as long as they may be', async () => {
    const place = await world.place();
    const name = `${'a'.repeat(61)}.${'b'.repeat(61)}.${'c'.repeat(61)}.${'d'.repeat(61)}.end99`;
    expect(name).toHaveLength(253);
    const before = await place.aProtectedItem(name, { source: 'web' });
    await place.must(['delete', 'backupitem', name]);
    const item = await place.comeBack(name, before);
    expect(item.status?.itemID).toBe(before.status?.itemID);
    await place.jobsEnded(name);
    await place.undelete(name);
    expect((await place.resume(name)).status?.recoveryPoints?.count).toBe(1);
  });
});
