/** How long a failed key waits: exponential with full jitter per key, and a bucket for all retries together. */
import type { Clock, Random } from '../ports/clock.ts';

/** First and longest wait of a key. */
const BASE_MS = 500;
const MAX_MS = 300_000;
/** All keys together: what an API server that comes back after an outage has to bear. */
const RETRIES_PER_SECOND = 10;
const RETRY_BURST = 100;

export interface BackoffOptions {
  readonly random: Random;
  readonly baseMs?: number;
  readonly maxMs?: number;
}

/** Full jitter: uniform between nothing and base·2ⁿ, at most the longest wait. A key is forgotten on success. */
export class Backoff {
  readonly #failures = new Map<string, number>();
  readonly #random: Random;
  readonly #baseMs: number;
  readonly #maxMs: number;

  constructor(options: BackoffOptions) {
    this.#random = options.random;
    this.#baseMs = options.baseMs ?? BASE_MS;
    this.#maxMs = options.maxMs ?? MAX_MS;
  }

  /** Counts a failure. @returns milliseconds to wait */
  next(key: string): number {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    return this.#random() * Math.min(this.#maxMs, this.#baseMs * 2 ** failures);
  }

  forget(key: string): void {
    this.#failures.delete(key);
  }

  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }
}

export interface RetryBucketOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly perSecond?: number;
  readonly burst?: number;
  /** Nobody waits longer than this for the bucket; callers beyond it are spread over its second half. */
  readonly maxWaitMs?: number;
}

/** Token bucket in which a token may be taken ahead of time; the answer is how long it takes to come. */
export class RetryBucket {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #perMs: number;
  readonly #burst: number;
  readonly #maxWaitMs: number;
  #tokens: number;
  #asOfMs: number;

  constructor(options: RetryBucketOptions) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.#perMs = (options.perSecond ?? RETRIES_PER_SECOND) / 1000;
    this.#burst = options.burst ?? RETRY_BURST;
    this.#maxWaitMs = options.maxWaitMs ?? MAX_MS;
    this.#tokens = this.#burst;
    this.#asOfMs = options.clock.monotonicMs();
  }

  /** Takes one token. @returns milliseconds until it may be used; 0 while the burst lasts */
  take(): number {
    const now = this.#clock.monotonicMs();
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#asOfMs) * this.#perMs);
    this.#asOfMs = now;
    const waitMs = Math.max(0, (1 - this.#tokens) / this.#perMs);
    if (waitMs > this.#maxWaitMs) return this.#maxWaitMs * (0.5 + this.#random() / 2);
    this.#tokens -= 1;
    return waitMs;
  }
}
