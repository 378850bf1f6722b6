/** What one reconcile has learnt so far, beyond the caches: live reads and engine answers. It dies with the reconcile. */
import type { Answers, LiveFacts } from '../../domain/backup-item/observation.ts';
import type { StoreView } from '../../runtime/store.ts';

/** An object of the cache as it was decoded, and the facets that say whether it still stands there. */
interface Decoded {
  readonly facets: unknown;
  readonly object: unknown;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export class Pass {
  readonly #freshID: string;
  #live: Mutable<LiveFacts> = {};
  #answers: Mutable<Pick<Answers, 'inspected' | 'held' | 'acceptedAt'>> = {};
  readonly #decoded = new Map<unknown, Map<string, Decoded>>();
  readonly taken = new Map<string, NonNullable<ReturnType<Answers['taken']['get']>>>();
  readonly released = new Map<string, NonNullable<ReturnType<Answers['released']['get']>>>();
  readonly purged = new Map<string, NonNullable<ReturnType<Answers['purged']['get']>>>();

  constructor(freshID: string) {
    this.#freshID = freshID;
  }

  get freshID(): string {
    return this.#freshID;
  }

  get live(): LiveFacts {
    return this.#live;
  }

  get answers(): Answers {
    return { ...this.#answers, taken: this.taken, released: this.released, purged: this.purged };
  }

  /** A hold undoes releases, and a release undoes the hold: what was answered before says nothing any more. */
  wasHeld(held: NonNullable<Answers['held']>): void {
    this.released.clear();
    this.#answers.held = held;
  }

  wasReleased(pointName: string, answer: NonNullable<ReturnType<Answers['released']['get']>>): void {
    delete this.#answers.held;
    this.released.set(pointName, answer);
  }

  /** Some step of the engine has not come to its end. */
  get waitsForEngine(): boolean {
    const { inspected, held } = this.#answers;
    const answers = [
      inspected,
      held?.answer,
      ...this.taken.values(),
      ...this.released.values(),
      ...this.purged.values(),
    ];
    return answers.some((answer) => answer !== undefined && answer.type !== 'Done');
  }

  /** Something was read live, and the next step is decided on it. */
  get hasLooked(): boolean {
    return Object.keys(this.#live).length > 0;
  }

  saw(facts: LiveFacts): void {
    Object.assign(this.#live, facts);
  }

  answered(answers: Pick<Answers, 'inspected' | 'acceptedAt'>): void {
    Object.assign(this.#answers, answers);
  }

  /**
   * The object that a cache holds now. Most of what an item consists of stays the same from step to step: it is decoded once,
   * and read only.
   */
  read<T, F>(store: StoreView<T, F>, key: string): T | undefined {
    const facets = store.facets(key);
    if (facets === undefined) return undefined;
    let known = this.#decoded.get(store);
    if (known === undefined) {
      known = new Map<string, Decoded>();
      this.#decoded.set(store, known);
    }
    const before = known.get(key);
    // Each version of an object has facets of its own.
    if (before?.facets === facets) return before.object as T;
    const object = store.get(key);
    known.set(key, { facets, object });
    return object;
  }

  /** After a write of ours: what was read before it is no longer the state that the next step is decided on. */
  forgetLive(): void {
    this.#live = {};
  }
}
