/** A clock that only moves when a test moves it. */
import { MAX_TIMER_MS } from '../../src/ports/clock.ts';
import type { Cancel, Clock } from '../../src/ports/clock.ts';

interface Timer {
  readonly dueMs: number;
  readonly order: number;
  readonly callback: () => void;
}

/**
 * Timers fire in order of their due times; after each, everything that can run without time passing runs to its end
 * (microtasks and {@link Clock.yieldTurn}). What waits for real I/O is not waited for.
 */
export class FakeClock implements Clock {
  #wallMs: number;
  #monotonicMs = 1_000;
  #order = 0;
  #yielding = 0;
  readonly #timers = new Set<Timer>();

  constructor(startWallMs: number = Date.parse('2026-03-01T00:00:00Z')) {
    this.#wallMs = startWallMs;
  }

  wallMs(): number {
    return this.#wallMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  after(delayMs: number, callback: () => void): Cancel {
    if (!(delayMs <= MAX_TIMER_MS)) throw new RangeError(`after: delay ${delayMs} ms is too long`);
    const timer = { dueMs: this.#monotonicMs + Math.max(0, delayMs), order: this.#order++, callback };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  async yieldTurn(): Promise<void> {
    this.#yielding += 1;
    await nextTurn();
    this.#yielding -= 1;
  }

  /** Timers that wait. */
  get armed(): number {
    return this.#timers.size;
  }

  /** Lets `ms` pass on both clocks, every due timer at its own moment. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#monotonicMs + ms;
    await this.settle();
    for (let next = this.#next(endMs); next !== undefined; next = this.#next(endMs)) {
      this.#pass(Math.max(0, next.dueMs - this.#monotonicMs));
      this.#timers.delete(next);
      next.callback();
      await this.settle();
    }
    this.#pass(endMs - this.#monotonicMs);
  }

  /** The process stands still for `ms`, as under SIGSTOP: time passes on both clocks, but no timer fires until it is advanced. */
  freeze(ms: number): void {
    this.#pass(ms);
  }

  /** The machine sleeps: only the wall clock goes on. A negative `ms` is a clock set back. */
  stepWall(ms: number): void {
    this.#wallMs += ms;
  }

  /** Runs everything that needs no time to pass. */
  async settle(): Promise<void> {
    do await nextTurn();
    while (this.#yielding > 0);
  }

  #pass(ms: number): void {
    this.#monotonicMs += ms;
    this.#wallMs += ms;
  }

  #next(untilMs: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueMs > untilMs) continue;
      if (
        first === undefined ||
        timer.dueMs < first.dueMs ||
        (timer.dueMs === first.dueMs && timer.order < first.order)
      )
        first = timer;
    }
    return first;
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
