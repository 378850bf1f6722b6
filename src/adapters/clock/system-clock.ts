/** The machine's clocks. */
import { MAX_TIMER_MS } from '../../ports/clock.ts';
import type { Cancel, Clock } from '../../ports/clock.ts';

/** Wall clock, `performance.now()` (it stands still while the machine sleeps) and Node's own timers. */
export class SystemClock implements Clock {
  wallMs(): number {
    return Date.now();
  }

  monotonicMs(): number {
    return performance.now();
  }

  after(delayMs: number, callback: () => void): Cancel {
    if (!(delayMs <= MAX_TIMER_MS)) {
      throw new RangeError(`after: delay ${delayMs} ms exceeds ${MAX_TIMER_MS}; keep it as a deadline and re-arm`);
    }
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  }

  yieldTurn(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }
}
