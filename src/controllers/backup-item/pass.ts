/** What one reconcile has learnt so far, beyond the caches: live reads and engine answers. It dies with the reconcile. */
import type { Answers, LiveFacts } from '../../domain/backup-item/observation.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export class Pass {
  readonly #freshID: string;
  #live: Mutable<LiveFacts> = {};
  #answers: Mutable<Pick<Answers, 'inspected' | 'held' | 'acceptedAt'>> = {};
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

  saw(facts: LiveFacts): void {
    Object.assign(this.#live, facts);
  }

  answered(answers: Pick<Answers, 'inspected' | 'held' | 'acceptedAt'>): void {
    Object.assign(this.#answers, answers);
  }

  /** After a write of ours: what was read before it is no longer the state that the next step is decided on. */
  forgetLive(): void {
    this.#live = {};
  }
}
