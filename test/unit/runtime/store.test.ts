import { expect, test } from 'vitest';
import { Store, type Change } from '../../../src/runtime/store.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { THING_KIND, type Thing, type ThingFacets } from '../../support/fake-api-server/harness.ts';
import { RecordedMetrics, recordingLog, type LogLine } from '../../support/fake-api-server/quiet.ts';

function scene() {
  const clock = new FakeClock();
  const log: LogLine[] = [];
  const metrics = new RecordedMetrics();
  const store = new Store(THING_KIND, { clock, log: recordingLog(log), metrics });
  const told: string[] = [];
  const size = (facets: ThingFacets | undefined) => facets?.size ?? '-';
  store.subscribe(({ key, old, now }: Change<ThingFacets>) => told.push(`${key} ${size(old)}>${size(now)}`));
  return { store, told, clock, log, metrics };
}

interface Version {
  readonly name?: string;
  readonly rv: string;
  readonly uid?: string;
  readonly size?: number;
  readonly owner?: string;
}

function thing({ name = 'x', rv, uid = 'u1', size = 0, owner = '' }: Version): Thing {
  const metadata = { name, namespace: 'a', uid, resourceVersion: rv, labels: { app: 'été' } };
  return { apiVersion: 'test.dev/v1', kind: 'Thing', metadata, spec: { size, owner } };
}

test('what is read is what was written, without managedFields, and a copy of its own', () => {
  const { store } = scene();
  const written = thing({ rv: '5', size: 3, owner: 'me' });
  store.upsert({ ...written, metadata: { ...written.metadata, managedFields: [{}] } } as Thing);
  expect(store.get('a/x')).toEqual(written);
  expect(store.get('a/x')).not.toBe(store.get('a/x'));
  expect(store.get('a/y')).toBeUndefined();
});

test('an object of the whole cluster has a key without a namespace, and none itself', () => {
  const { store } = scene();
  const { namespace: _, ...metadata } = thing({ rv: '5' }).metadata;
  store.upsert({ ...thing({ rv: '5' }), metadata });
  expect(store.get('/x')?.metadata).toEqual(metadata);
});

test.for<{ name: string; before: Version; then: Version; taken: boolean; told: string[] }>([
  { name: 'a later version', before: { rv: '9' }, then: { rv: '10', size: 1 }, taken: true, told: ['a/x 0>1'] },
  { name: 'an older one', before: { rv: '10' }, then: { rv: '9', size: 1 }, taken: false, told: [] },
  { name: 'the same one', before: { rv: '10' }, then: { rv: '10', size: 1 }, taken: false, told: [] },
  {
    name: 'a longer number beyond exact arithmetic',
    before: { rv: '99999999999999999998' },
    then: { rv: '99999999999999999999', size: 1 },
    taken: true,
    told: ['a/x 0>1'],
  },
  {
    name: 'a version that is no number',
    before: { rv: '10' },
    then: { rv: 'b', size: 1 },
    taken: true,
    told: ['a/x 0>1'],
  },
  {
    name: 'a later object of that name',
    before: { rv: '9' },
    then: { rv: '10', uid: 'u2', size: 1 },
    taken: true,
    told: ['a/x 0>-', 'a/x ->1'],
  },
  { name: 'an earlier object of that name', before: { rv: '9' }, then: { rv: '8', uid: 'u0' }, taken: false, told: [] },
])('over what is cached, $name is taken: $taken', ({ before, then, taken, told: expected }) => {
  const { store, told } = scene();
  store.upsert(thing(before));
  told.length = 0;
  expect(store.upsert(thing(then))).toBe(taken);
  expect(told).toEqual(expected);
  expect(store.get('a/x')?.metadata.resourceVersion).toBe(taken ? then.rv : before.rv);
});

test.for<{ name: string; gone: { uid: string; resourceVersion?: string }; late: Version; alive: boolean }>([
  { name: 'the same object', gone: { uid: 'u1', resourceVersion: '11' }, late: { rv: '99' }, alive: false },
  { name: 'its predecessor', gone: { uid: 'u1', resourceVersion: '11' }, late: { rv: '8', uid: 'u0' }, alive: false },
  { name: 'its successor', gone: { uid: 'u1', resourceVersion: '11' }, late: { rv: '12', uid: 'u2' }, alive: true },
  { name: 'its successor, end without a version', gone: { uid: 'u1' }, late: { rv: '12', uid: 'u2' }, alive: true },
  { name: 'its predecessor, end without a version', gone: { uid: 'u1' }, late: { rv: '8', uid: 'u0' }, alive: false },
])('late news of $name after an end are believed: $alive', ({ gone, late, alive }) => {
  const { store } = scene();
  store.upsert(thing({ rv: '10' }));
  store.forget('a/x', gone);
  expect(store.get('a/x')).toBeUndefined();
  expect(store.upsert(thing(late))).toBe(alive);
  expect(store.size).toBe(alive ? 1 : 0);
});

test('the late end of a predecessor does not touch its successor', () => {
  const { store, told } = scene();
  store.upsert(thing({ rv: '12', uid: 'u2' }));
  told.length = 0;
  store.forget('a/x', { uid: 'u1', resourceVersion: '11' });
  expect(store.size).toBe(1);
  expect(told).toEqual([]);
});

test('a tombstone is forgotten after five minutes; what the watch has told already stays so', async () => {
  const { store, clock } = scene();
  store.upsert(thing({ rv: '10' }));
  store.forget('a/x', { uid: 'u1', resourceVersion: '11' });
  store.progress('20');
  await clock.advance(300_000);
  store.forget('a/other', { uid: 'u9' });
  expect(store.upsert(thing({ rv: '20' }))).toBe(false);
  expect(store.upsert(thing({ rv: '21' }))).toBe(true);
});

test('a relist tells only what differs: ends, additions, changes, replacements', () => {
  const { store, told } = scene();
  const list = [1, 2, 3, 4].map((n) => thing({ name: `n${n}`, rv: `${n}`, uid: `u${n}`, size: n }));
  store.replace(list, '10');
  told.length = 0;
  const [one, two] = list as [Thing, Thing];
  const changed = thing({ name: 'n2', rv: '12', uid: 'u2', size: 22 });
  const reborn = thing({ name: 'n3', rv: '13', uid: 'u33', size: 33 });
  store.replace([one, changed, reborn, thing({ name: 'n5', rv: '14', uid: 'u5', size: 5 })], '20');
  expect(told.sort()).toEqual(['a/n2 2>22', 'a/n3 ->33', 'a/n3 3>-', 'a/n4 4>-', 'a/n5 ->5']);
  expect([...store.keys()].sort()).toEqual(['a/n1', 'a/n2', 'a/n3', 'a/n5']);
  expect(two.metadata.resourceVersion).toBe('2');
});

test('a relist keeps what we wrote after the list was made, and what we deleted stays deleted', () => {
  const { store, told } = scene();
  const [mine, other, gone] = ['mine', 'other', 'gone'].map((name, i) => thing({ name, rv: `${i + 1}`, uid: name }));
  store.replace([mine, other, gone] as Thing[], '10');
  store.upsert(thing({ name: 'mine', rv: '25', uid: 'mine', size: 25 }));
  store.upsert(thing({ name: 'new', rv: '26', uid: 'new', size: 26 }));
  store.forget('a/gone', { uid: 'gone' });
  told.length = 0;
  store.replace([mine, other, gone] as Thing[], '20');
  expect(told).toEqual([]);
  expect([...store.entries()].map(([key, { size }]) => `${key} ${size}`).sort()).toEqual([
    'a/mine 25',
    'a/new 26',
    'a/other 0',
  ]);
});

test('a list older than what was told before is a restored server: nothing of ours is kept', () => {
  const { store } = scene();
  store.replace([thing({ rv: '50', size: 50 })], '60');
  store.upsert(thing({ name: 'own', rv: '70', uid: 'own' }));
  store.forget('a/dead', { uid: 'dead', resourceVersion: '65' });
  store.replace([thing({ rv: '30', size: 30 }), thing({ name: 'dead', rv: '20', uid: 'dead' })], '40');
  expect([...store.entries()].map(([key, { size }]) => `${key} ${size}`).sort()).toEqual(['a/dead 0', 'a/x 30']);
  expect(store.upsert(thing({ rv: '41', size: 41 }))).toBe(true);
  expect(store.upsert(thing({ name: 'dead', rv: '42', uid: 'dead', size: 42 }))).toBe(true);
});

test('an index finds keys in order, follows changes, and an unknown one is an error', () => {
  const { store } = scene();
  store.replace(
    [3, 1, 2].map((n) => thing({ name: `n${n}`, rv: `${n}`, owner: 'me' })),
    '10',
  );
  expect(store.indexed('owner', 'me')).toEqual(['a/n1', 'a/n2', 'a/n3']);
  store.upsert(thing({ name: 'n2', rv: '11', owner: 'you' }));
  store.forget('a/n1', { uid: 'u1', resourceVersion: '12' });
  expect(store.indexed('owner', 'me')).toEqual(['a/n3']);
  expect(store.indexed('owner', 'you')).toEqual(['a/n2']);
  expect(store.indexed('owner', 'nobody')).toEqual([]);
  expect(() => store.indexed('colour', 'red')).toThrow(/no index 'colour'; the kind has owner/);
});

test('facets are frozen, entries list them all, and size is what a scrape reads', () => {
  const { store, metrics } = scene();
  store.upsert(thing({ rv: '1', size: 4 }));
  expect(Object.isFrozen(store.facets('a/x'))).toBe(true);
  expect([...store.entries()]).toEqual([['a/x', { size: 4, owner: '' }]]);
  expect(metrics.readings.get('reprieve_cache_objects')?.()).toBe(1);
});

test('a subscriber that throws is logged and counted, and the others hear of the change', () => {
  const { store, told, log, metrics } = scene();
  store.subscribe(() => {
    throw new Error('boom');
  });
  const heard: string[] = [];
  const cancel = store.subscribe(({ key }) => heard.push(key));
  store.upsert(thing({ rv: '1' }));
  cancel();
  store.upsert(thing({ rv: '2' }));
  expect(heard).toEqual(['a/x']);
  expect(told).toHaveLength(2);
  expect(log.filter(({ level, error }) => level === 'error' && error === 'boom')).toHaveLength(2);
  expect(metrics.sum('reprieve_cache_handler_errors_total{things}')).toBe(2);
});

test('it is synced once a list has been taken', () => {
  const { store } = scene();
  store.upsert(thing({ rv: '1' }));
  expect(store.synced).toBe(false);
  store.replace([], '5');
  expect(store.synced).toBe(true);
  expect(store.size).toBe(0);
});

test('an index of each namespace finds the keys of that namespace alone', () => {
  const { clock, log, metrics } = scene();
  const indexes = { owner: { scope: 'Namespace', values: ({ owner }: ThingFacets) => [owner] } } as const;
  const store = new Store({ ...THING_KIND, indexes }, { clock, log: recordingLog(log), metrics });
  const put = (namespace: string, name: string, rv: string, owner: string) => {
    const one = thing({ name, rv, uid: `${namespace}/${name}`, owner });
    store.upsert({ ...one, metadata: { ...one.metadata, namespace } });
  };
  // Names around the slash in the order of characters, and one that is the beginning of another.
  for (const [i, namespace] of ['a', 'a-b', 'a.b', 'a0', 'ab', 'b'].entries()) {
    put(namespace, 'y', String(2 * i + 10), 'me');
    put(namespace, 'x', String(2 * i + 11), 'me');
  }
  put('c', 'alone', '30', 'you');
  for (const namespace of ['a', 'a-b', 'a.b', 'a0', 'ab', 'b']) {
    expect(store.indexed('owner', `${namespace}/me`)).toEqual([`${namespace}/x`, `${namespace}/y`]);
    expect(store.indexed('owner', `${namespace}/you`)).toEqual([]);
  }
  expect(store.indexed('owner', 'c/you')).toEqual(['c/alone']);
  put('a', 'x', '40', 'you');
  expect(store.indexed('owner', 'a/me')).toEqual(['a/y']);
  expect(store.indexed('owner', 'a/you')).toEqual(['a/x']);
  expect(store.indexed('owner', 'c/you')).toEqual(['c/alone']);
});
