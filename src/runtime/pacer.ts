/** Keeps a flood of work that never waits for I/O from starving what does: probes, the lease, the watches. */
import type { Clock } from '../ports/clock.ts';

/** Work done in one turn of the event loop before I/O gets its share. */
const SLICE_MS = 8;

/**
 * One per process, shared by all loops: with a slice of its own each, N loops would hold a turn N times as long. All that
 * ask after the slice is used up wait for the same next turn.
 */
export class Pacer {
  readonly #clock: Clock;
  #sliceEndMs: number;
  #nextTurn: Promise<void> | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#sliceEndMs = clock.monotonicMs() + SLICE_MS;
  }

  /** A promise to wait for before the next piece of work; undefined while the slice lasts. */
  pause(): Promise<void> | undefined {
    if (this.#nextTurn !== undefined) return this.#nextTurn;
    if (this.#clock.monotonicMs() < this.#sliceEndMs) return undefined;
    this.#nextTurn = this.#clock.yieldTurn().then(() => {
      this.#sliceEndMs = this.#clock.monotonicMs() + SLICE_MS;
      this.#nextTurn = undefined;
    });
    return this.#nextTurn;
  }
}
