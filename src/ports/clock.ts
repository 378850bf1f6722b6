/**
 * Time and chance, injected. Wall time may jump; monotonic time never does, but may stand still while a machine sleeps.
 */

/** Cancels what it was returned for; calling it again does nothing. */
export type Cancel = () => void;

export interface Clock {
  /** Milliseconds since the epoch by the local clock. */
  wallMs(): number;
  /** Milliseconds since an arbitrary start; never goes back. */
  monotonicMs(): number;
  /** Calls back once after `delayMs`. Delays above {@link MAX_TIMER_MS} are a RangeError: setTimeout would fire at once. */
  after(delayMs: number, callback: () => void): Cancel;
  /** Resolves in a later turn of the event loop, so that I/O gets its share. */
  yieldTurn(): Promise<void>;
}

/** 2^31-1, the longest delay that setTimeout keeps. */
export const MAX_TIMER_MS = 2_147_483_647;

/** Uniform in [0, 1). */
export type Random = () => number;

/** Whether the clocks may be trusted with an irreversible step (docs/safety.md, Time). */
export type ClockVerdict = 'Trusted' | 'Skewed' | 'Stepped' | 'Unknown';

/** One reading of all clocks, in milliseconds since the epoch. */
export interface ServerClockReading {
  readonly wallMs: number;
  /** The API server's clock now, by its last Date header plus monotonic time since; undefined without a fresh one (10 s). */
  readonly serverMs: number | undefined;
  readonly verdict: ClockVerdict;
  /** wall - server, undefined like serverMs. */
  readonly skewMs: number | undefined;
}

/** The API server's time as far as it is known from the Date headers of its answers. */
export interface ServerClock {
  reading(): ServerClockReading;
  /** Best estimate of the API server's clock, for deadlines that are being set: local wall time plus the last known offset. */
  estimateMs(): number;
}
