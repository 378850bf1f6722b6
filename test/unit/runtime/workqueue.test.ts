import { describe, expect, test } from 'vitest';
import { WorkQueue } from '../../../src/runtime/workqueue.ts';
import { runtimeParts, sample } from '../../support/runtime-parts.ts';

const SECOND = 1_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

function setUp() {
  const parts = runtimeParts();
  return { ...parts, queue: new WorkQueue({ ...parts, name: 'test' }) };
}

/** Takes whatever can be taken now, and gives it back at once. */
async function takeAll(queue: WorkQueue): Promise<string[]> {
  const taken: string[] = [];
  while (queue.depth > 0) {
    const key = await queue.get();
    if (key === undefined) break;
    taken.push(key);
    queue.done(key);
  }
  return taken;
}

describe('keys', () => {
  test('a key added many times before it is taken is handed out once, in the order of the first adds', async () => {
    const { queue } = setUp();
    for (const key of ['b', 'a', 'b', 'c', 'a']) queue.add(key);
    expect(await takeAll(queue)).toEqual(['b', 'a', 'c']);
  });

  test('a key added while it is processed comes again after done, not before', async () => {
    const { queue } = setUp();
    queue.add('a');
    expect(await queue.get()).toBe('a');
    queue.add('a');
    queue.add('b');
    expect(await queue.get()).toBe('b');
    expect(queue.depth).toBe(0);
    queue.done('a');
    expect(await queue.get()).toBe('a');
  });

  test('what was added before a worker looked again does not bring the key back, what is added after does', async () => {
    const { queue } = setUp();
    queue.add('a');
    await queue.get();
    queue.add('a');
    queue.looksAgain('a');
    queue.done('a');
    expect(queue.depth).toBe(0);
    queue.add('a');
    await queue.get();
    queue.looksAgain('a');
    queue.add('a');
    queue.done('a');
    expect(await takeAll(queue)).toEqual(['a']);
  });

  test('a key that waits is not forgotten because somebody looked', async () => {
    const { queue } = setUp();
    queue.add('a');
    queue.looksAgain('a');
    expect(await takeAll(queue)).toEqual(['a']);
  });

  test('a worker that waits gets the next key', async () => {
    const { queue } = setUp();
    const waiting = queue.get();
    queue.add('a');
    expect(await waiting).toBe('a');
  });

  test('giving back a key twice changes nothing', async () => {
    const { queue } = setUp();
    queue.add('a');
    await queue.get();
    queue.done('a');
    queue.done('a');
    expect(queue.depth).toBe(0);
  });

  test('after shutDown nothing is handed out, nothing taken in, no timer left and every waiting worker released', async () => {
    const { queue, clock } = setUp();
    const waiting = queue.get();
    queue.addAfter('later', 5 * SECOND);
    queue.shutDown();
    expect(await waiting).toBeUndefined();
    queue.add('a');
    queue.addAfter('b', 1);
    queue.addRateLimited('c');
    expect(await queue.get()).toBeUndefined();
    expect({ depth: queue.depth, timers: clock.armed }).toEqual({ depth: 0, timers: 0 });
  });
});

describe('deadlines', () => {
  test.for([
    { name: 'after 0 ms', put: (q: WorkQueue) => q.addAfter('a', 0), dueMs: 0 },
    { name: 'after a negative time', put: (q: WorkQueue) => q.addAfter('a', -5), dueMs: 0 },
    { name: 'after 1 ms', put: (q: WorkQueue) => q.addAfter('a', 1), dueMs: 1 },
    { name: 'after a fraction of a millisecond', put: (q: WorkQueue) => q.addAfter('a', 0.2), dueMs: 1 },
    { name: 'after 31 s, beyond one tick', put: (q: WorkQueue) => q.addAfter('a', 31 * SECOND), dueMs: 31 * SECOND },
    { name: 'after 60 days, beyond 2^31 ms', put: (q: WorkQueue) => q.addAfter('a', 60 * DAY), dueMs: 60 * DAY },
    {
      name: 'of two waits the earlier',
      put: (q: WorkQueue) => {
        q.addAfter('a', 9 * SECOND);
        q.addAfter('a', 4 * SECOND);
        q.addAfter('a', 7 * SECOND);
      },
      dueMs: 4 * SECOND,
    },
  ])('a key is due $name', async ({ put, dueMs }) => {
    const { queue, clock } = setUp();
    put(queue);
    if (dueMs > 0) {
      await clock.advance(dueMs - 1);
      expect(queue.depth).toBe(0);
      await clock.advance(1);
    }
    expect(await takeAll(queue)).toEqual(['a']);
    expect({ delayed: queue.delayed, timers: clock.armed }).toEqual({ delayed: 0, timers: 0 });
  });

  test('a calendar time in the past is due at once', async () => {
    const { queue, clock } = setUp();
    queue.addAt('a', clock.wallMs() - DAY);
    expect(await takeAll(queue)).toEqual(['a']);
  });

  test('the first of a calendar time and a wait counts, and the other is forgotten', async () => {
    const { queue, clock } = setUp();
    queue.addAt('a', clock.wallMs() + 10 * SECOND);
    queue.addAfter('a', 5 * SECOND);
    await clock.advance(5 * SECOND);
    expect(await takeAll(queue)).toEqual(['a']);
    await clock.advance(DAY);
    expect(await takeAll(queue)).toEqual([]);
  });

  test.for([
    { name: 'an hour ahead', stepMs: HOUR },
    { name: 'an hour back, so that their times are told anew', stepMs: -HOUR },
    { name: 'ten years back', stepMs: -3650 * DAY },
  ])('a wall clock set $name brings calendar times within 30 s, and no wait', async ({ stepMs }) => {
    const { queue, clock } = setUp();
    queue.addAt('calendar', clock.wallMs() + HOUR);
    queue.addAfter('wait', 2 * HOUR);
    clock.stepWall(stepMs);
    expect(await takeAll(queue)).toEqual([]);
    await clock.advance(30 * SECOND);
    expect(await takeAll(queue)).toEqual(['calendar']);
    await clock.advance(2 * HOUR - 30 * SECOND);
    expect(await takeAll(queue)).toEqual(['wait']);
  });

  test('a wall clock that is corrected by a second moves no calendar time', async () => {
    const { queue, clock } = setUp();
    queue.addAt('calendar', clock.wallMs() + HOUR);
    clock.stepWall(-SECOND);
    await clock.advance(HOUR - SECOND);
    expect(await takeAll(queue)).toEqual([]);
    await clock.advance(2 * SECOND);
    expect(await takeAll(queue)).toEqual(['calendar']);
  });

  test('what came due while the process stood still is handed out when it goes on', async () => {
    const { queue, clock } = setUp();
    for (let second = 1; second <= 40; second += 1) queue.addAfter(`k${second}`, second * SECOND);
    clock.freeze(20 * SECOND);
    await clock.advance(0);
    expect(await takeAll(queue)).toHaveLength(20);
  });

  test.for([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    '%s is no time: refused, not lost',
    (time) => {
      const { queue } = setUp();
      expect(() => queue.addAfter('a', time)).toThrow(RangeError);
      expect(() => queue.addAt('a', time)).toThrow(RangeError);
    },
  );

  test('50,000 keys due at once are handed out in turns of bounded length', async () => {
    const { queue, clock } = setUp();
    for (let n = 0; n < 50_000; n += 1) queue.addAfter(`k${n}`, 1_000);
    await clock.advance(SECOND - 1);
    expect(queue.depth).toBe(0);
    const seen: number[] = [];
    const look = (): void => {
      seen.push(queue.depth);
      if (queue.depth < 50_000) clock.after(0, look);
    };
    clock.after(1, look);
    await clock.advance(1);
    const turns = seen.map((depth, n) => depth - (seen[n - 1] ?? 0));
    expect({ last: seen.at(-1), longest: Math.max(...turns), timers: clock.armed }).toEqual({
      last: 50_000,
      longest: 1_000,
      timers: 0,
    });
  });
});

describe('retries', () => {
  test('a key waits longer with each failure, up to five minutes, and starts anew after it was forgotten', async () => {
    const { queue, clock } = setUp();
    const waits: number[] = [];
    const fail = async (): Promise<void> => {
      const before = clock.monotonicMs();
      queue.addRateLimited('a');
      while (queue.depth === 0) await clock.advance(250);
      waits.push(clock.monotonicMs() - before);
      await takeAll(queue);
    };
    for (let n = 0; n < 12; n += 1) await fail();
    queue.forget('a');
    await fail();
    // Chance is 0.5 here: half of 0.5 s, 1 s, 2 s … 256 s, 300 s.
    expect(waits.map((ms) => ms / SECOND)).toEqual([0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128, 150, 150, 0.25]);
  });

  test('after a burst of 100, all keys together are retried ten times a second', async () => {
    const { queue, clock } = setUp();
    for (let n = 0; n < 200; n += 1) queue.addRateLimited(`k${n}`);
    await clock.advance(SECOND);
    const first = (await takeAll(queue)).length;
    await clock.advance(5 * SECOND);
    const next = (await takeAll(queue)).length;
    expect({ first, next }).toEqual({ first: 110, next: 50 });
  });

  test('no key waits more than five minutes for the others', async () => {
    const { queue, clock } = setUp();
    for (let n = 0; n < 20_000; n += 1) queue.addRateLimited(`k${n}`);
    await clock.advance(300 * SECOND);
    expect(await takeAll(queue)).toHaveLength(20_000);
  });
});

test('the queue shows what client-go shows', async () => {
  const { queue, metrics, clock } = setUp();
  queue.add('a');
  queue.add('b');
  await clock.advance(2 * SECOND);
  await queue.get();
  await clock.advance(3 * SECOND);
  queue.addRateLimited('c');
  const labels = '{name="test",controller="test"}';
  const of = (name: string) => sample(metrics, `workqueue_${name}${labels}`);
  expect(await of('depth')).toBe(1);
  expect(await of('adds_total')).toBe(2);
  expect(await of('retries_total')).toBe(1);
  expect(await of('longest_running_processor_seconds')).toBe(3);
  expect(await of('unfinished_work_seconds')).toBe(3);
  expect(await of('queue_duration_seconds_sum')).toBe(2);
  queue.done('a');
  expect(await of('work_duration_seconds_sum')).toBe(3);
  expect(await of('longest_running_processor_seconds')).toBe(0);
});
