/** The machine's clock, wrong by as much as a test says. Timers and monotonic time are real. */
import { SystemClock } from '../../../src/adapters/clock/system-clock.ts';

export class ShiftedClock extends SystemClock {
  /** Added to the wall clock; may be set at any time, which is a step. */
  offsetMs: number;

  constructor(offsetMs = 0) {
    super();
    this.offsetMs = offsetMs;
  }

  override wallMs(): number {
    return super.wallMs() + this.offsetMs;
  }
}
