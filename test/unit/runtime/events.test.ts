import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../../src/api/meta.ts';
import { EVENT_TYPE, cutToBytes, eventName } from '../../../src/runtime/event-object.ts';
import type { EventNotice, KubeEvent } from '../../../src/runtime/event-object.ts';
import { EventRecorder } from '../../../src/runtime/events.ts';
import { MemoryKube, kubeError } from '../../support/memory-kube.ts';
import type { Verb } from '../../support/memory-kube.ts';
import { runtimeParts, sample } from '../../support/runtime-parts.ts';

const SECOND = 1_000;
const MINUTE = 60_000;
const ITEM = {
  group: 'reprieve.dev',
  version: 'v1alpha1',
  plural: 'backupitems',
  kind: 'BackupItem',
  namespaced: true,
};

function notice(name: string, change: Partial<EventNotice> = {}): EventNotice {
  return {
    regarding: { type: ITEM, key: { namespace: 'shop', name }, uid: `uid-of-${name}`, resourceVersion: '7' },
    type: 'Normal',
    reason: 'SoftDeleted',
    note: 'Kept until 2026-03-15.',
    action: 'SoftDelete',
    ...change,
  };
}

function setUp(network: { travel?: (verb: Verb) => Promise<void>; answer?: (verb: Verb) => Promise<void> } = {}) {
  const parts = runtimeParts();
  const server = new MemoryKube();
  const recorder = new EventRecorder({ ...parts, kube: server.client('recorder', network), instance: 'operator-0' });
  const dropped = (cause: string) => sample(parts.metrics, `reprieve_events_dropped_total{cause="${cause}"}`);
  return { ...parts, server, recorder, dropped, stored: () => server.all(EVENT_TYPE).map(asEvent) };
}

function asEvent(object: KubeObject): KubeEvent {
  return object as KubeEvent;
}

test('an event is the events.k8s.io/v1 object that kubectl shows under its object', async () => {
  const { clock, recorder, stored } = setUp();
  recorder.record(notice('vm-1'));
  await clock.settle();
  expect(stored()).toEqual([
    expect.objectContaining({
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      eventTime: '2026-03-01T00:00:00.000000Z',
      reportingController: 'reprieve.dev/operator',
      reportingInstance: 'operator-0',
      type: 'Normal',
      reason: 'SoftDeleted',
      action: 'SoftDelete',
      note: 'Kept until 2026-03-15.',
      regarding: {
        apiVersion: 'reprieve.dev/v1alpha1',
        kind: 'BackupItem',
        namespace: 'shop',
        name: 'vm-1',
        uid: 'uid-of-vm-1',
        resourceVersion: '7',
      },
    }),
  ]);
  expect(stored()[0]?.metadata).toMatchObject({
    namespace: 'shop',
    name: expect.stringMatching(/^vm-1\.[0-9a-f]{19}$/) as string,
  });
  expect(stored()[0]).not.toHaveProperty('series');
});

test('an event about an object of the whole cluster goes to the namespace default and names none', async () => {
  const { clock, recorder, stored } = setUp();
  recorder.record(notice('x', { regarding: { type: ITEM, key: { namespace: '', name: 'x' }, uid: 'u' } }));
  await clock.settle();
  expect(stored()[0]?.metadata.namespace).toBe('default');
  expect(stored()[0]?.regarding).not.toHaveProperty('namespace');
});

describe('repeats', () => {
  test('become one event with a count, and those during a request are told by the next one together', async () => {
    const { clock, recorder, stored, server } = setUp();
    recorder.record(notice('vm-1'));
    await clock.advance(SECOND);
    for (let n = 0; n < 5; n += 1) recorder.record(notice('vm-1'));
    await clock.settle();
    expect(stored()).toHaveLength(1);
    expect(stored()[0]?.series).toEqual({ count: 6, lastObservedTime: '2026-03-01T00:00:01.000000Z' });
    expect(server.log.map(({ verb }) => verb)).toEqual(['create', 'patch', 'patch']);
  });

  test('while the first is still under way they make no second event', async () => {
    const parts = setUp({ answer: () => new Promise((resolve) => parts.clock.after(SECOND, resolve)) });
    for (let n = 0; n < 8; n += 1) parts.recorder.record(notice('vm-1'));
    await parts.clock.advance(10 * SECOND);
    expect(parts.stored().map(({ series }) => series?.count)).toEqual([8]);
    expect(parts.server.log.map(({ verb }) => verb)).toEqual(['create', 'patch']);
  });

  test.for([
    { name: 'another note', change: { note: 'other' } },
    { name: 'another reason', change: { reason: 'Undeleted' } },
    { name: 'another type', change: { type: 'Warning' as const } },
    { name: 'a namesake with another uid', change: { regarding: { ...notice('vm-1').regarding, uid: 'new' } } },
  ])('$name makes another event', async ({ change }) => {
    const { clock, recorder, stored } = setUp();
    recorder.record(notice('vm-1'));
    recorder.record(notice('vm-1', change));
    await clock.settle();
    expect(stored()).toHaveLength(2);
  });

  test('after ten minutes of silence the same is news again', async () => {
    const { clock, recorder, stored } = setUp();
    recorder.record(notice('vm-1'));
    await clock.advance(10 * MINUTE);
    recorder.record(notice('vm-1'));
    await clock.settle();
    expect(stored()).toHaveLength(2);
  });

  test('a series whose event was removed meanwhile is written anew, with its count', async () => {
    const { clock, recorder, stored, server } = setUp();
    recorder.record(notice('vm-1'));
    await clock.settle();
    const [first] = stored();
    server.remove(EVENT_TYPE, { namespace: 'shop', name: first?.metadata.name ?? '' });
    recorder.record(notice('vm-1'));
    await clock.settle();
    expect(stored().map(({ series }) => series?.count)).toEqual([2]);
  });
});

describe('floods', () => {
  test('10,000 objects with one event each lose none, and the recorder never has more than four calls under way', async () => {
    let underWay = 0;
    let most = 0;
    const { clock, recorder, stored, server } = setUp({
      travel: () => {
        underWay += 1;
        most = Math.max(most, underWay);
        return Promise.resolve();
      },
      answer: () => {
        underWay -= 1;
        return Promise.resolve();
      },
    });
    for (let n = 0; n < 10_000; n += 1) recorder.record(notice(`vm-${n}`));
    await clock.settle();
    expect(stored()).toHaveLength(10_000);
    expect(server.log).toHaveLength(10_000);
    expect(most).toBe(4);
  });

  test('what does not fit into the queue is dropped and counted', async () => {
    const { recorder, dropped } = setUp({ travel: () => new Promise(() => undefined) });
    for (let n = 0; n < 10_104; n += 1) recorder.record(notice(`vm-${n}`));
    expect(await dropped('QueueFull')).toBe(100);
  });

  test('one object has 25 events at once and then one per five minutes', async () => {
    const { clock, recorder, stored, dropped } = setUp();
    const flood = async (reason: string): Promise<void> => {
      for (let n = 0; n < 40; n += 1) recorder.record(notice('vm-1', { reason: `${reason}${n}` }));
      await clock.settle();
    };
    await flood('First');
    expect(stored()).toHaveLength(25);
    await clock.advance(5 * MINUTE);
    await flood('Second');
    expect(stored()).toHaveLength(26);
    expect(await dropped('Throttled')).toBe(54);
  });

  test('more than ten different notes for one reason are told as one event', async () => {
    const { clock, recorder, stored } = setUp();
    for (let n = 0; n < 20; n += 1) recorder.record(notice('vm-1', { note: `attempt ${n}` }));
    await clock.settle();
    expect(stored()).toHaveLength(11);
    expect(stored().at(-1)).toMatchObject({
      note: '(combined from similar events) SoftDeleted',
      series: { count: 10 },
    });
  });
});

describe('failures', () => {
  function failing(times: number, error: Error) {
    let left = times;
    return setUp({
      travel: () => {
        left -= 1;
        return left >= 0 ? Promise.reject(error) : Promise.resolve();
      },
    });
  }

  test.for([
    { code: 'Unavailable' as const, times: 3, stored: 1, failed: undefined },
    { code: 'TooManyRequests' as const, times: 1, stored: 1, failed: undefined },
    { code: 'Unavailable' as const, times: 4, stored: 0, failed: 1 },
    { code: 'Forbidden' as const, times: 1, stored: 0, failed: 1 },
    { code: 'NamespaceTerminating' as const, times: 1, stored: 0, failed: 1 },
  ])('$times times $code: $stored stored', async (row) => {
    const { clock, recorder, stored, dropped, lines } = failing(row.times, kubeError(row.code));
    recorder.record(notice('vm-1'));
    await clock.advance(MINUTE);
    expect(stored()).toHaveLength(row.stored);
    expect(await dropped('Failed')).toBe(row.failed);
    expect(lines).toEqual([]);
  });

  test('a create whose answer was lost is tried under the same name, so there is one event', async () => {
    let lost = false;
    const { clock, recorder, stored, dropped } = setUp({
      answer: () => {
        if (lost) return Promise.resolve();
        lost = true;
        return Promise.reject(kubeError('Timeout', true));
      },
    });
    recorder.record(notice('vm-1'));
    await clock.advance(MINUTE);
    expect(stored()).toHaveLength(1);
    expect(await dropped('Failed')).toBeUndefined();
    recorder.record(notice('vm-1'));
    await clock.settle();
    expect(stored().at(-1)?.series?.count).toBe(2);
  });
});

describe('flush', () => {
  test('waits until everything is sent', async () => {
    const parts = setUp({ travel: () => new Promise((resolve) => parts.clock.after(100, resolve)) });
    for (let n = 0; n < 8; n += 1) parts.recorder.record(notice(`vm-${n}`));
    let flushed = false;
    void parts.recorder.flush(2 * SECOND).then(() => (flushed = true));
    await parts.clock.advance(199);
    expect(flushed).toBe(false);
    await parts.clock.advance(1);
    expect({ flushed, stored: parts.stored().length, timers: parts.clock.armed }).toEqual({
      flushed: true,
      stored: 8,
      timers: 0,
    });
  });

  test('gives up at its deadline, counts what is left and takes in nothing more', async () => {
    const { clock, recorder, dropped } = setUp({ travel: () => new Promise(() => undefined) });
    for (let n = 0; n < 10; n += 1) recorder.record(notice(`vm-${n}`));
    let flushed = false;
    void recorder.flush(2 * SECOND).then(() => (flushed = true));
    await clock.advance(2 * SECOND);
    recorder.record(notice('late'));
    expect(flushed).toBe(true);
    expect(await dropped('Shutdown')).toBe(7);
  });

  test('with nothing to send it is over at once', async () => {
    const { recorder } = setUp();
    await recorder.flush(2 * SECOND);
  });
});

test.for([
  { text: 'short', bytes: 1024, expected: 'short' },
  { text: 'a'.repeat(1024), bytes: 1024, expected: 'a'.repeat(1024) },
  { text: 'a'.repeat(1025), bytes: 1024, expected: `${'a'.repeat(1021)}…` },
  { text: 'ü'.repeat(600), bytes: 1024, expected: `${'ü'.repeat(510)}…` },
  { text: '😀'.repeat(300), bytes: 1024, expected: `${'😀'.repeat(255)}…` },
])('a note of $text.length characters is cut to its bytes, between characters', ({ text, bytes, expected }) => {
  expect(cutToBytes(text, bytes)).toBe(expected);
});

test("an event's name has at most 253 characters and keeps what makes it unique", () => {
  expect(eventName({ namespace: 'n', name: 'x'.repeat(253) }, 'abc')).toBe(`${'x'.repeat(249)}.abc`);
});
