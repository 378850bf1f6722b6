/**
 * The API server's clock, from the Date headers of its answers (docs/safety.md, Time). A header has whole seconds, truncated,
 * so half a second is added; it is stamped while the request is under way, taken as its midpoint. The error is at most half
 * a second plus half the request's time.
 */
import type { Clock, ClockVerdict, ServerClock, ServerClockReading } from '../../ports/clock.ts';

const HALF_A_HEADER_MS = 500;
/** Slower answers say too little about when they were stamped. */
const MAX_ROUND_TRIP_MS = 5_000;
const FRESH_MS = 10_000;
const MAX_SKEW_MS = 30_000;
const MAX_STEP_MS = 5_000;
const DAY_MS = 86_400_000;

interface Sample {
  /** Server's clock at `monotonicMs`. */
  readonly serverMs: number;
  readonly monotonicMs: number;
  /** server - wall at that moment. */
  readonly offsetMs: number;
}

export class DateHeaderClock implements ServerClock {
  readonly #clock: Clock;
  readonly #steppedForMs: number;
  #sample: Sample | undefined;
  #last: { readonly wallMs: number; readonly monotonicMs: number };
  #steppedAtMs: number | undefined;

  /** @param steppedForMs how long a step of the wall clock is held against it; a day where nothing else is said. */
  constructor(clock: Clock, steppedForMs: number = DAY_MS) {
    this.#clock = clock;
    this.#steppedForMs = steppedForMs;
    this.#last = { wallMs: clock.wallMs(), monotonicMs: clock.monotonicMs() };
  }

  /**
   * Takes note of an answer whose headers arrived just now.
   * @param dateMs its Date header, milliseconds since the epoch
   * @param sentAtMs monotonic time when the request was sent
   */
  observe(dateMs: number, sentAtMs: number): void {
    const { wallMs, monotonicMs } = this.#look();
    const roundTripMs = monotonicMs - sentAtMs;
    if (roundTripMs < 0 || roundTripMs > MAX_ROUND_TRIP_MS) return;
    const serverMs = dateMs + HALF_A_HEADER_MS + roundTripMs / 2;
    this.#sample = { serverMs, monotonicMs, offsetMs: serverMs - wallMs };
  }

  reading(): ServerClockReading {
    const { wallMs, monotonicMs } = this.#look();
    const serverMs = this.#serverMs(monotonicMs);
    const skewMs = serverMs === undefined ? undefined : wallMs - serverMs;
    return { wallMs, serverMs, skewMs, verdict: this.#verdict(skewMs, monotonicMs) };
  }

  estimateMs(): number {
    const { wallMs, monotonicMs } = this.#look();
    return this.#serverMs(monotonicMs) ?? wallMs + (this.#sample?.offsetMs ?? 0);
  }

  #serverMs(monotonicMs: number): number | undefined {
    if (this.#sample === undefined) return undefined;
    const ageMs = monotonicMs - this.#sample.monotonicMs;
    return ageMs > FRESH_MS ? undefined : this.#sample.serverMs + ageMs;
  }

  #verdict(skewMs: number | undefined, monotonicMs: number): ClockVerdict {
    if (this.#steppedAtMs !== undefined && monotonicMs - this.#steppedAtMs < this.#steppedForMs) return 'Stepped';
    if (skewMs === undefined) return 'Unknown';
    return Math.abs(skewMs) > MAX_SKEW_MS ? 'Skewed' : 'Trusted';
  }

  /** Reads both clocks and notices when one moved without the other: a step, or a machine that slept. */
  #look(): { readonly wallMs: number; readonly monotonicMs: number } {
    const now = { wallMs: this.#clock.wallMs(), monotonicMs: this.#clock.monotonicMs() };
    const step = now.wallMs - this.#last.wallMs - (now.monotonicMs - this.#last.monotonicMs);
    if (Math.abs(step) > MAX_STEP_MS) this.#steppedAtMs = now.monotonicMs;
    this.#last = now;
    return now;
  }
}
