/** How long a lease that we renewed is ours, by two clocks that both have to agree. */
import type { Clock } from '../ports/clock.ts';

export interface LeaseDurations {
  /** Others may take the lease when it was not renewed for so long. */
  readonly leaseMs: number;
  /** We stop acting when it was not renewed for so long: the difference is left to calls in flight. */
  readonly renewDeadlineMs: number;
  readonly retryMs: number;
}

/** One moment on both clocks. */
export interface Moment {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

/** A wall clock that went back further than slewing explains was set; what it says is then no evidence. */
const WALL_SLACK_MS = 1_000;

export function momentOf(clock: Clock): Moment {
  return { monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() };
}

/**
 * Counted from the moment the renewal was *sent*: the server's copy can't be older. The monotonic clock may stand still
 * while the machine sleeps and the wall clock may be set, so the longer of the two times counts.
 */
export class LeaseTerm {
  readonly #clock: Clock;
  readonly #durations: LeaseDurations;
  #sent: Moment | undefined;

  constructor(clock: Clock, durations: LeaseDurations) {
    this.#clock = clock;
    this.#durations = durations;
  }

  renew(sent: Moment): void {
    this.#sent = sent;
  }

  end(): void {
    this.#sent = undefined;
  }

  /** Milliseconds until others may take the lease; 0 where they may already. */
  leftMs(): number {
    if (this.#sent === undefined) return 0;
    const wallMs = this.#clock.wallMs() - this.#sent.wallMs;
    if (wallMs < -WALL_SLACK_MS) return 0;
    return Math.max(0, this.#durations.leaseMs - Math.max(wallMs, this.#monotonicAgeMs(this.#sent)));
  }

  /** Whether we may act: the renew deadline has not passed on either clock. */
  valid(): boolean {
    return this.leftMs() > this.#durations.leaseMs - this.#durations.renewDeadlineMs;
  }

  /** Milliseconds until the renew deadline by the monotonic clock alone: a wall clock that was set costs no leadership. */
  untilDeadlineMs(): number {
    if (this.#sent === undefined) return 0;
    return Math.max(0, this.#durations.renewDeadlineMs - this.#monotonicAgeMs(this.#sent));
  }

  #monotonicAgeMs(sent: Moment): number {
    return this.#clock.monotonicMs() - sent.monotonicMs;
  }
}
