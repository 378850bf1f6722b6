/** What a follower knows about the leader's life, by its own monotonic clock only. */
import type { Clock } from '../ports/clock.ts';
import { holderOf, signOfLife } from './lease-record.ts';
import type { Lease } from './lease-record.ts';

interface Observation {
  readonly life: string;
  readonly sinceMs: number;
  readonly holder: string;
  readonly durationMs: number;
  readonly transitions: number;
}

/**
 * A lease has expired when its record did not change for its duration *while we looked*. Its renewTime is another
 * machine's clock and is never compared with ours.
 */
export class LeaseObserver {
  readonly #clock: Clock;
  readonly #leaseMs: number;
  #last: Observation | undefined;

  constructor(clock: Clock, leaseMs: number) {
    this.#clock = clock;
    this.#leaseMs = leaseMs;
  }

  /** The holder as last seen. */
  get holder(): string {
    return this.#last?.holder ?? '';
  }

  /** The fencing token that whoever takes the lease from another has to use. */
  get nextTransitions(): number {
    return this.#last === undefined ? 0 : this.#last.transitions + 1;
  }

  /** To be told of every read; undefined where there is no lease. */
  see(lease: Lease | undefined): void {
    if (lease === undefined || signOfLife(lease) === this.#last?.life) return;
    this.#last = {
      life: signOfLife(lease),
      sinceMs: this.#clock.monotonicMs(),
      holder: holderOf(lease),
      durationMs: Math.max(this.#leaseMs, (lease.spec?.leaseDurationSeconds ?? 0) * 1000),
      transitions: lease.spec?.leaseTransitions ?? 0,
    };
  }

  /**
   * Whether `identity` may take the lease now. A lease that somebody deleted is still its last holder's until it would
   * have expired: the holder goes on acting until it notices.
   */
  mayTake(identity: string): boolean {
    if (this.#last === undefined || this.#last.holder === '' || this.#last.holder === identity) return true;
    return this.#clock.monotonicMs() - this.#last.sinceMs >= this.#last.durationMs;
  }
}
