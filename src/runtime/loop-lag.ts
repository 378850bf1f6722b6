/** How late the event loop runs its timers: what a long synchronous stretch, a starved CPU or a frozen process shows as. */
import type { Cancel, Clock } from '../ports/clock.ts';
import type { Metrics } from '../ports/metrics.ts';

/** One wake-up a second is all it costs. */
const TICK_MS = 1_000;
const WINDOW_MS = 15_000;

export class LoopLag {
  readonly #clock: Clock;
  #expectedMs = 0;
  #windowEndsMs = 0;
  #worstMs = 0;
  #worstBeforeMs = 0;
  #cancel: Cancel | undefined;

  constructor(clock: Clock, metrics: Metrics) {
    this.#clock = clock;
    metrics.observedGauge(
      { name: 'reprieve_event_loop_lag_seconds', help: 'Worst lag of the event loop in the last 15 to 30 s.' },
      () => this.worstMs() / 1000,
    );
  }

  start(): void {
    this.#windowEndsMs = this.#clock.monotonicMs() + WINDOW_MS;
    this.#arm();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** The worst lag of this window and the one before, in milliseconds; a tick that is overdue counts already. */
  worstMs(): number {
    const overdueMs = this.#cancel === undefined ? 0 : this.#clock.monotonicMs() - this.#expectedMs;
    return Math.max(0, overdueMs, this.#worstMs, this.#worstBeforeMs);
  }

  #arm(): void {
    this.#expectedMs = this.#clock.monotonicMs() + TICK_MS;
    this.#cancel = this.#clock.after(TICK_MS, () => this.#tick());
  }

  #tick(): void {
    const now = this.#clock.monotonicMs();
    if (now >= this.#windowEndsMs) {
      this.#worstBeforeMs = this.#worstMs;
      this.#worstMs = 0;
      this.#windowEndsMs = now + WINDOW_MS;
    }
    this.#worstMs = Math.max(this.#worstMs, now - this.#expectedMs);
    this.#arm();
  }
}
