/** Long work in short slices: everything else on the event loop (lease renewal above all) gets its turn in between. */
import type { Clock } from '../ports/clock.ts';

const SLICE_MS = 8;

export class Slice {
  readonly #clock: Clock;
  #endMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#endMs = clock.monotonicMs() + SLICE_MS;
  }

  get over(): boolean {
    return this.#clock.monotonicMs() >= this.#endMs;
  }

  async yield(): Promise<void> {
    await this.#clock.yieldTurn();
    this.#endMs = this.#clock.monotonicMs() + SLICE_MS;
  }
}
