/** Which keys are to be looked at, when, and by nobody twice at a time. */
import type { Clock, Random } from '../ports/clock.ts';
import type { Metrics } from '../ports/metrics.ts';
import { Backoff, RetryBucket } from './backoff.ts';
import { DelayLine } from './delay-line.ts';
import { Fifo } from './fifo.ts';
import { queueMetrics } from './queue-metrics.ts';
import type { QueueMetrics } from './queue-metrics.ts';

/** Where keys are put: all that a watch handler or an engine's subscription needs of a queue. */
export interface KeySink {
  add(key: string): void;
  /** In `ms` of monotonic time; nothing happens where an earlier deadline of the key stands, so calls coalesce. */
  addAfter(key: string, ms: number): void;
  /** At a calendar time, milliseconds since the epoch; of several the earliest stands. */
  addAt(key: string, wallMs: number): void;
}

export interface WorkQueueOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
  /** Share one to bound the retries of several queues together. */
  readonly retryBucket?: RetryBucket;
}

/**
 * client-go's queue: a key that is added again before it is taken is kept once; one that is added while it is processed
 * is handed out again after {@link done}. So every key is processed after its last add, and never by two workers. Whoever
 * processes it and looks at the world anew says so ({@link looksAgain}): what was added before that look needs no other.
 */
export class WorkQueue implements KeySink {
  /** Keys to be processed, with the monotonic time of their add; those being processed too, if they were added again. */
  readonly #dirty = new Map<string, number>();
  /** Keys being processed, with the monotonic time of their get. */
  readonly #processing = new Map<string, number>();
  readonly #ready = new Fifo<string>();
  readonly #waiting = new Fifo<(key: string | undefined) => void>();
  readonly #delayed: DelayLine;
  readonly #backoff: Backoff;
  readonly #bucket: RetryBucket;
  readonly #clock: Clock;
  readonly #metrics: QueueMetrics;
  #shut = false;

  constructor(options: WorkQueueOptions) {
    const { clock, random } = options;
    this.#clock = clock;
    this.#delayed = new DelayLine(clock, (key) => this.add(key));
    this.#backoff = new Backoff({ random });
    this.#bucket = options.retryBucket ?? new RetryBucket({ clock, random });
    this.#metrics = queueMetrics(options.metrics, options.name, {
      depth: () => this.#ready.size,
      longestRunningSeconds: () => Math.max(0, ...this.#ages()),
      unfinishedSeconds: () => this.#ages().reduce((sum, age) => sum + age, 0),
    });
  }

  /** Keys that could be taken now. */
  get depth(): number {
    return this.#ready.size;
  }

  /** Deadlines that wait. */
  get delayed(): number {
    return this.#delayed.size;
  }

  add(key: string): void {
    if (this.#shut || this.#dirty.has(key)) return;
    this.#dirty.set(key, this.#clock.monotonicMs());
    this.#metrics.added();
    if (!this.#processing.has(key)) this.#offer(key);
  }

  /** @throws RangeError where `ms` is no finite number: such a key would never come back. */
  addAfter(key: string, ms: number): void {
    requireFinite('addAfter', key, ms);
    if (this.#shut) return;
    if (ms <= 0) this.add(key);
    else this.#delayed.after(key, ms);
  }

  /** @throws RangeError where `wallMs` is no finite number. */
  addAt(key: string, wallMs: number): void {
    requireFinite('addAt', key, wallMs);
    if (this.#shut) return;
    if (wallMs <= this.#clock.wallMs()) this.add(key);
    else this.#delayed.at(key, wallMs);
  }

  /** After a failure: waits for the key's backoff and for the bucket of all retries, whichever is longer. */
  addRateLimited(key: string): void {
    this.#metrics.retried();
    this.addAfter(key, Math.max(this.#backoff.next(key), this.#bucket.take()));
  }

  /** The key succeeded: its next failure starts at the shortest backoff again. */
  forget(key: string): void {
    this.#backoff.forget(key);
  }

  /** Failures of the key since it last succeeded. */
  failures(key: string): number {
    return this.#backoff.failures(key);
  }

  /** The next key, once there is one; undefined after {@link shutDown}. Each key taken must be given back by {@link done}. */
  get(): Promise<string | undefined> {
    if (this.#shut) return Promise.resolve(undefined);
    const key = this.#ready.shift();
    if (key !== undefined) return Promise.resolve(this.#take(key));
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** To be called by whoever processes the key, in the same turn in which all that it depends on is read again. */
  looksAgain(key: string): void {
    if (this.#processing.has(key)) this.#dirty.delete(key);
  }

  done(key: string): void {
    const startedMs = this.#processing.get(key);
    if (startedMs === undefined) return;
    this.#processing.delete(key);
    this.#metrics.worked((this.#clock.monotonicMs() - startedMs) / 1000);
    if (this.#dirty.has(key)) this.#offer(key);
  }

  /** No key is taken in or handed out any more; what waits is dropped, as whoever leads next lists everything anyway. */
  shutDown(): void {
    this.#shut = true;
    this.#delayed.stop();
    this.#ready.clear();
    for (let wake = this.#waiting.shift(); wake !== undefined; wake = this.#waiting.shift()) wake(undefined);
  }

  #offer(key: string): void {
    const wake = this.#shut ? undefined : this.#waiting.shift();
    if (wake === undefined) this.#ready.push(key);
    else wake(this.#take(key));
  }

  #take(key: string): string {
    const now = this.#clock.monotonicMs();
    this.#metrics.waited((now - (this.#dirty.get(key) ?? now)) / 1000);
    this.#dirty.delete(key);
    this.#processing.set(key, now);
    return key;
  }

  #ages(): readonly number[] {
    const now = this.#clock.monotonicMs();
    return [...this.#processing.values()].map((startedMs) => (now - startedMs) / 1000);
  }
}

function requireFinite(call: string, key: string, value: number): void {
  if (!Number.isFinite(value))
    throw new RangeError(`${call}: ${value} is no time for key ${key}; give a finite number`);
}
