/** Keys that come due later: any number of them behind one timer. */
import type { Cancel, Clock } from '../ports/clock.ts';
import { DeadlineHeap } from './deadline-heap.ts';

/**
 * No timer is armed for longer: a calendar time is then noticed this soon after the wall clock was set or the machine
 * woke, and no delay reaches the 2^31 ms at which setTimeout fires at once.
 */
const MAX_TICK_MS = 30_000;
/** Keys handed on in one turn of the event loop. */
const BATCH = 1_000;
/** A wall clock that loses more than this against the monotonic one was set back. */
const SET_BACK_MS = 5_000;

/**
 * Holds deadlines on two clocks: calendar times on the wall clock, read anew at every tick, and waits on the monotonic
 * one. Of all deadlines of a key the first that comes, by its own clock, counts; the others are then forgotten.
 *
 * Where the wall clock was set back, all calendar times come at once: they were told on the clock as it was before, and could
 * otherwise be years away. Whoever gets them looks again and tells a new time.
 */
export class DelayLine {
  readonly #clock: Clock;
  readonly #due: (key: string) => void;
  readonly #calendar = new DeadlineHeap();
  readonly #waits = new DeadlineHeap();
  #timer: { readonly atMs: number; readonly cancel: Cancel } | undefined;
  /** Wall minus monotonic time at the last look. */
  #offsetMs: number;
  /** Calendar keys still to be handed on because their times were told on a clock that has been set back since. */
  #misdated = 0;

  constructor(clock: Clock, due: (key: string) => void) {
    this.#clock = clock;
    this.#due = due;
    this.#offsetMs = clock.wallMs() - clock.monotonicMs();
  }

  /** Keys with a deadline; one that has a deadline on both clocks counts twice. */
  get size(): number {
    return this.#calendar.size + this.#waits.size;
  }

  at(key: string, wallMs: number): void {
    if (this.#calendar.offer(key, wallMs)) this.#arm();
  }

  after(key: string, ms: number): void {
    if (this.#waits.offer(key, this.#clock.monotonicMs() + ms)) this.#arm();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(): void {
    const now = this.#clock.monotonicMs();
    const waitMs = Math.ceil(Math.max(0, Math.min(MAX_TICK_MS, this.#untilNext(now))));
    if (this.#timer !== undefined && this.#timer.atMs <= now + waitMs) return;
    this.#timer?.cancel();
    this.#timer = { atMs: now + waitMs, cancel: this.#clock.after(waitMs, () => this.#tick()) };
  }

  #untilNext(now: number): number {
    if (this.#misdated > 0) return 0;
    const wait = (this.#waits.earliest ?? Number.POSITIVE_INFINITY) - now;
    const calendar = (this.#calendar.earliest ?? Number.POSITIVE_INFINITY) - this.#clock.wallMs();
    return Math.min(wait, calendar);
  }

  #tick(): void {
    this.#timer = undefined;
    const now = this.#clock.monotonicMs();
    const wall = this.#clock.wallMs();
    this.#noticeSetBack(wall - now);
    for (let handed = 0; handed < BATCH; handed += 1) {
      const key = this.#waits.takeDue(now) ?? this.#takeDated(wall);
      if (key === undefined) break;
      this.#waits.remove(key);
      this.#calendar.remove(key);
      this.#due(key);
    }
    if (this.size > 0) this.#arm();
  }

  #noticeSetBack(offsetMs: number): void {
    if (offsetMs < this.#offsetMs - SET_BACK_MS) this.#misdated = this.#calendar.size;
    this.#offsetMs = offsetMs;
  }

  #takeDated(wall: number): string | undefined {
    if (this.#misdated === 0) return this.#calendar.takeDue(wall);
    this.#misdated -= 1;
    return this.#calendar.takeDue(Number.POSITIVE_INFINITY);
  }
}
