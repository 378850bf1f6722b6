/** The blast radius (P7): how many items of the cluster may enter Purging, and how fast. */
import type { Clock } from '../../ports/clock.ts';

export interface RateSettings {
  /** Mean time between two purges; 0: unlimited. */
  readonly intervalMs: number;
  readonly burst: number;
}

/** A token bucket. It starts with one token, not a full burst: a crash loop must not multiply bursts. */
export class PurgeRate {
  readonly #clock: Clock;
  readonly #settings: RateSettings;
  #tokens = 1;
  #filledAtMs: number;

  constructor(clock: Clock, settings: RateSettings) {
    this.#clock = clock;
    this.#settings = settings;
    this.#filledAtMs = clock.monotonicMs();
  }

  /** How long the next purge has to wait. */
  freeInMs(): number {
    if (this.#settings.intervalMs === 0) return 0;
    this.#fill();
    return Math.ceil(Math.max(0, 1 - this.#tokens) * this.#settings.intervalMs);
  }

  take(): void {
    this.#fill();
    this.#tokens -= 1;
  }

  #fill(): void {
    const now = this.#clock.monotonicMs();
    if (this.#settings.intervalMs === 0) return;
    this.#tokens = Math.min(this.#settings.burst, this.#tokens + (now - this.#filledAtMs) / this.#settings.intervalMs);
    this.#filledAtMs = now;
  }
}
