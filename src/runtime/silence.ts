/** Notices when nothing happens for too long. */
import type { Cancel, Clock } from '../ports/clock.ts';

export class Silence {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #onSilence: () => void;
  #heardMs: number;
  #cancel: Cancel;

  /** Calls `onSilence` once, as soon as {@link heard} was not called for `limitMs`. */
  constructor(clock: Clock, limitMs: number, onSilence: () => void) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#onSilence = onSilence;
    this.#heardMs = clock.monotonicMs();
    this.#cancel = this.#arm(limitMs);
  }

  heard(): void {
    this.#heardMs = this.#clock.monotonicMs();
  }

  end(): void {
    this.#cancel();
  }

  /** One timer for any number of calls of {@link heard}. */
  #arm(delayMs: number): Cancel {
    return this.#clock.after(delayMs, () => {
      const leftMs = this.#heardMs + this.#limitMs - this.#clock.monotonicMs();
      if (leftMs <= 0) this.#onSilence();
      else this.#cancel = this.#arm(leftMs);
    });
  }
}
