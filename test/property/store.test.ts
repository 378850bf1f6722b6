/**
 * Whatever happens on the server and on the way, the store ends up equal to the server, and its changes, applied in order to
 * nothing, give its content.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { WatchEvent } from '../../src/ports/kube.ts';
import { Store } from '../../src/runtime/store.ts';
import { WatchSession } from '../../src/runtime/watch-session.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { THING_KIND, type Thing, type ThingFacets } from '../support/fake-api-server/harness.ts';
import { quietLog, RecordedMetrics } from '../support/fake-api-server/quiet.ts';
import { World, type StoredObject } from '../support/fake-api-server/world.ts';

interface Meanwhile {
  readonly type: 'put' | 'remove' | 'ownPut' | 'ownRemove';
  readonly name: string;
}

const NAMES = ['a', 'b', 'c', 'd'];

type Step =
  | { readonly type: 'put' | 'remove' | 'ownPut' | 'ownRemove'; readonly name: string; readonly size: number }
  /** The watch delivers so many of the events that it owes. */
  | { readonly type: 'deliver'; readonly count: number }
  /** An event of before comes again. */
  | { readonly type: 'stale'; readonly pick: number }
  /** The watch breaks, and resumes where it was. */
  | { readonly type: 'resume' }
  /** History is lost: a list, as pages or as a stream that changes overtake. */
  | { readonly type: 'relist'; readonly stream: boolean; readonly meanwhile: readonly Meanwhile[] }
  /** The answer to an own write arrives only now. */
  | { readonly type: 'lateAnswer'; readonly pick: number };

const name = fc.constantFrom(...NAMES);
const size = fc.nat(5);
const meanwhile = fc.record({ type: fc.constantFrom('put', 'remove', 'ownPut', 'ownRemove'), name });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constantFrom('put', 'ownPut'), name, size }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constantFrom('remove', 'ownRemove'), name, size }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('deliver'), count: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('stale'), pick: fc.nat(50) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('lateAnswer'), pick: fc.nat(50) }) },
  fc.record({ type: fc.constant('resume') }),
  fc.record({ type: fc.constant('relist'), stream: fc.boolean(), meanwhile: fc.array(meanwhile, { maxLength: 3 }) }),
);

class Simulation {
  readonly world = new World();
  readonly store = new Store(THING_KIND, { clock: new FakeClock(), log: quietLog, metrics: new RecordedMetrics() });
  /** What a subscriber that knows nothing but changes believes. */
  readonly believed = new Map<string, ThingFacets>();
  readonly #answers: StoredObject[] = [];
  readonly #history: WatchEvent[] = [];
  #owed: WatchEvent[] = [];
  #session: WatchSession<Thing, ThingFacets>;

  constructor() {
    this.store.subscribe(({ key, old, now }) => {
      expect(this.believed.get(key)).toEqual(old);
      if (now === undefined) this.believed.delete(key);
      else this.believed.set(key, now);
    });
    this.world.subscribe(({ type, object, revision }) => {
      const event = { type, object, resourceVersion: String(revision) };
      this.#owed.push(event);
      this.#history.push(event);
    });
    this.#session = this.#relist(false, []);
  }

  take(next: Step): void {
    if (next.type === 'deliver') this.#deliver(next.count);
    else if (next.type === 'resume') this.#session = this.#resumed();
    else if (next.type === 'relist') this.#session = this.#relist(next.stream, next.meanwhile);
    else if (next.type === 'stale') this.#again(next.pick);
    else if (next.type === 'lateAnswer') {
      const answer = this.#answers[next.pick % Math.max(1, this.#answers.length)];
      if (answer !== undefined) this.store.upsert(answer);
    } else this.#write(next);
  }

  /** The faults are over: the watch delivers what it owes. */
  settle(): void {
    this.#deliver(this.#owed.length);
  }

  #write({ type, name: object, size: value }: Extract<Step, { readonly name: string }>): void {
    const key = `ns/${object}`;
    if (type === 'put' || type === 'ownPut') {
      const stored = this.world.put({ namespace: 'ns', name: object, spec: { size: value } });
      if (type === 'ownPut') this.store.upsert(stored);
      this.#answers.push(stored);
      return;
    }
    const uid = this.world.objects.get(key)?.metadata.uid;
    this.world.remove(key);
    if (type === 'ownRemove' && uid !== undefined) this.store.forget(key, { uid });
  }

  #deliver(count: number): void {
    for (const event of this.#owed.splice(0, count)) expect(this.#session.apply(event)).toBeUndefined();
  }

  #again(pick: number): void {
    const delivered = this.#history.slice(0, this.#history.length - this.#owed.length);
    const event = delivered[pick % Math.max(1, delivered.length)];
    if (event !== undefined) this.#session.apply(event);
  }

  #resumed(): WatchSession<Thing, ThingFacets> {
    return new WatchSession(this.store, { position: this.#session.position ?? '' }, () => undefined);
  }

  #relist(stream: boolean, meanwhile: readonly Meanwhile[]): WatchSession<Thing, ThingFacets> {
    const listed = this.world.sorted();
    this.#owed = [];
    const listRevision = String(this.world.revision);
    for (const changed of meanwhile) this.#write({ ...changed, size: 9 });
    if (!stream) {
      this.store.replace(listed as Thing[], listRevision);
      return new WatchSession(this.store, { position: listRevision }, () => undefined);
    }
    const session = new WatchSession(this.store, { replacement: this.store.beginReplacement() }, () => undefined);
    for (const object of listed) {
      session.apply({ type: 'ADDED', object, resourceVersion: object.metadata.resourceVersion });
    }
    const overtaking = this.#owed.splice(0);
    for (const event of overtaking) session.apply(event);
    const resourceVersion = String(this.world.revision);
    session.apply({ type: 'BOOKMARK', resourceVersion, initialEventsEnd: true });
    for (const change of this.store.commit(session.take(), resourceVersion)) this.store.publish(change);
    return session;
  }
}

test('the store equals the server after any history of writes, faults and relists', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const simulation = new Simulation();
      for (const next of steps) simulation.take(next);
      simulation.settle();
      const { store, world, believed } = simulation;
      const held = [...store.keys()].sort().map((key) => store.get(key));
      expect(held).toEqual(world.sorted());
      expect(believed).toEqual(new Map(store.entries()));
    }),
    { numRuns: 2_000 },
  );
});

test('an index never differs from a scan', () => {
  const change = fc.record({ name: fc.constantFrom(...NAMES, 'e', 'f'), owner: fc.constantFrom('', 'x', 'y') });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
      const { world, store } = new Simulation();
      for (const { name: object, owner } of changes) {
        store.upsert(world.put({ namespace: 'ns', name: object, spec: { owner } }));
        for (const value of ['x', 'y']) {
          const scanned = [...store.entries()].filter(([, facets]) => facets.owner === value).map(([key]) => key);
          expect(store.indexed('owner', value)).toEqual(scanned.sort());
        }
      }
    }),
  );
});
