/** The queue against random histories: never two workers on a key, and every key processed after its last add. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DeadlineHeap } from '../../src/runtime/deadline-heap.ts';
import { WorkQueue } from '../../src/runtime/workqueue.ts';
import { runtimeParts } from '../support/runtime-parts.ts';

const key = fc.constantFrom('a', 'b', 'c', 'd');
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('add' as const), key }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('addAfter' as const), key, ms: fc.nat(100_000) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('addAt' as const), key, ms: fc.integer({ min: -5_000, max: 100_000 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('retry' as const), key }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('take' as const) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('done' as const), nth: fc.nat(3) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.nat(60_000) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('step' as const), ms: fc.integer({ min: -50_000, max: 50_000 }) }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** Runs a history and checks the two invariants while it goes. */
class History {
  readonly parts = runtimeParts();
  readonly queue = new WorkQueue({ ...this.parts, name: 'test' });
  /** Keys that workers hold, and the keys whose processing must still begin. */
  readonly held: string[] = [];
  readonly owed = new Set<string>();

  /** What a step does to the queue. */
  async apply(step: Step): Promise<void> {
    if ('key' in step) this.owed.add(step.key);
    switch (step.do) {
      case 'add':
        this.queue.add(step.key);
        break;
      case 'addAfter':
        this.queue.addAfter(step.key, step.ms);
        break;
      case 'addAt':
        this.queue.addAt(step.key, this.parts.clock.wallMs() + step.ms);
        break;
      case 'retry':
        this.queue.addRateLimited(step.key);
        break;
      case 'take':
        await this.take();
        break;
      case 'done':
        this.done(step.nth);
        break;
      case 'pass':
        await this.parts.clock.advance(step.ms);
        break;
      case 'step':
        this.parts.clock.stepWall(step.ms);
        break;
    }
  }

  async take(): Promise<void> {
    if (this.queue.depth === 0) return;
    const key = await this.queue.get();
    if (key === undefined) throw new Error('the queue had a key and gave none');
    expect(this.held).not.toContain(key);
    this.held.push(key);
    this.owed.delete(key);
  }

  done(nth: number): void {
    const [key] = this.held.splice(nth, 1);
    if (key !== undefined) this.queue.done(key);
  }

  /** Lets time pass until the queue has no deadline left; a clock that was set back can make that an hour. */
  async finish(): Promise<void> {
    for (let minute = 0; minute < 120; minute += 1) {
      while (this.held.length > 0 || this.queue.depth > 0) {
        this.done(0);
        await this.take();
      }
      if (this.queue.delayed === 0) return;
      await this.parts.clock.advance(60_000);
    }
  }
}

test('no key is held twice, none is lost, and in the end nothing is left', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const history = new History();
      for (const one of steps) await history.apply(one);
      await history.finish();
      expect({ owed: [...history.owed], depth: history.queue.depth, delayed: history.queue.delayed }).toEqual({
        owed: [],
        depth: 0,
        delayed: 0,
      });
    }),
    { numRuns: 150 },
  );
});

test('the heap gives keys in the order of their earliest deadlines, whatever was removed in between', () => {
  const entry = fc.record({
    key: fc.integer({ min: 0, max: 30 }).map(String),
    at: fc.nat(1_000),
    remove: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 80 }), (entries) => {
      const heap = new DeadlineHeap();
      const model = new Map<string, number>();
      for (const { key, at, remove } of entries) {
        if (remove) expect(heap.remove(key)).toBe(model.delete(key));
        else {
          expect(heap.offer(key, at)).toBe(at < (model.get(key) ?? Number.POSITIVE_INFINITY));
          model.set(key, Math.min(at, model.get(key) ?? Number.POSITIVE_INFINITY));
        }
      }
      const taken: number[] = [];
      for (let at = heap.earliest; at !== undefined; at = heap.earliest) {
        expect(heap.takeDue(at - 1)).toBeUndefined();
        const key = heap.takeDue(at) ?? '';
        expect(model.get(key)).toBe(at);
        model.delete(key);
        taken.push(at);
      }
      expect(taken).toEqual(taken.toSorted((a, b) => a - b));
      expect(model.size).toBe(0);
    }),
  );
});
