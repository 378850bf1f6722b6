/** Events (events.k8s.io/v1): told beside the work, never waited for by it. */
import type { Clock, Random } from '../ports/clock.ts';
import { hasCode, isNotFound } from '../ports/kube.ts';
import type { KubeApi, KubeError } from '../ports/kube.ts';
import type { Counter, Metrics } from '../ports/metrics.ts';
import { EventCorrelator } from './event-correlator.ts';
import type { EventSeries } from './event-correlator.ts';
import { EVENT_TYPE, eventName, eventNamespace, eventObject, seriesOf } from './event-object.ts';
import type { EventNotice, KubeEvent } from './event-object.ts';
import { Fifo } from './fifo.ts';

export type { EventNotice } from './event-object.ts';

/** A storm over 10,000 objects fits; one waiting event is a few hundred bytes. */
const MAX_QUEUED = 10_000;
const IN_FLIGHT = 4;
const ATTEMPTS = 4;
const RETRY_BASE_MS = 1_000;
const FIELD_MANAGER = 'reprieve-events';

type Drop = 'QueueFull' | 'Throttled' | 'Failed' | 'Shutdown';

export interface EventRecorderOptions {
  readonly kube: KubeApi;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
  /** Which process reports: the Pod's name. */
  readonly instance: string;
  /** Requests at a time; 4. */
  readonly inFlight?: number;
}

export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #correlator: EventCorrelator;
  readonly #queue = new Fifo<EventSeries>();
  readonly #sent: Counter;
  readonly #dropped: Counter;
  readonly #salt: string;
  #sequence = 0;
  #closed = false;
  #senders = 0;
  #idle: (() => void) | undefined;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#correlator = new EventCorrelator(options.clock);
    this.#salt = hex(options.random() * 0x10000, 4);
    this.#sent = options.metrics.counter({ name: 'reprieve_events_sent_total', help: 'Events written.' });
    this.#dropped = options.metrics.counter({
      name: 'reprieve_events_dropped_total',
      help: 'Events that were not written, by cause.',
      labels: ['cause'],
    });
    options.metrics.observedGauge(
      { name: 'reprieve_events_queued', help: 'Events that wait.' },
      () => this.#queue.size,
    );
  }

  /**
   * Tells what happened; returns at once and never throws. A repeat (same object, type, reason, action and note within
   * 10 min) is counted into the series of the first.
   */
  record(notice: EventNotice): void {
    const { series, allowed } = this.#correlator.observe(notice);
    if (!allowed) this.#drop('Throttled');
    else if (series.sending) series.pending = true;
    else if (!series.pending) this.#enqueue(series);
  }

  /** Resolves when everything recorded was sent, or after `deadlineMs`; what is left then is dropped and counted. */
  async flush(deadlineMs: number): Promise<void> {
    if (this.#senders === 0) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#options.clock.after(deadlineMs, resolve);
      this.#idle = () => {
        cancel();
        resolve();
      };
    });
    this.#closed = true;
    for (let left = this.#queue.shift(); left !== undefined; left = this.#queue.shift()) this.#drop('Shutdown');
  }

  #enqueue(series: EventSeries): void {
    if (this.#closed || this.#queue.size >= MAX_QUEUED) {
      this.#drop(this.#closed ? 'Shutdown' : 'QueueFull');
      return;
    }
    series.pending = true;
    this.#queue.push(series);
    if (this.#senders < (this.#options.inFlight ?? IN_FLIGHT)) void this.#sendQueued();
  }

  async #sendQueued(): Promise<void> {
    this.#senders += 1;
    for (let series = this.#queue.shift(); series !== undefined; series = this.#queue.shift())
      await this.#sendWhole(series);
    this.#senders -= 1;
    if (this.#senders === 0) this.#idle?.();
  }

  /** Sends, and once more where it was repeated meanwhile. */
  async #sendWhole(series: EventSeries): Promise<void> {
    series.sending = true;
    await this.#send(series);
    series.sending = false;
    if (series.pending) this.#enqueue(series);
  }

  async #send(series: EventSeries): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      // The request is built now: a later repeat needs another.
      series.pending = false;
      try {
        await this.#write(series);
        this.#sent.add();
        return;
      } catch (error) {
        if (attempt === ATTEMPTS || this.#closed || !isPassing(error)) {
          this.#drop('Failed');
          return;
        }
        const backoffMs = RETRY_BASE_MS * 2 ** (attempt - 1) * (0.5 + this.#options.random() / 2);
        await this.#wait(Math.max(backoffMs, error.retryAfterMs ?? 0));
      }
    }
  }

  async #write(series: EventSeries): Promise<void> {
    if (series.uid !== undefined && (await this.#extend(series, series.uid))) return;
    const { kube, instance } = this.#options;
    // Kept over the attempts: the name is what makes the second one harmless.
    series.name ??= eventName(series.notice.regarding.key, this.#suffix(series.firstMs));
    const event = eventObject(series, { name: series.name, instance });
    try {
      const { object } = await kube.create<KubeEvent>(EVENT_TYPE, event, { fieldManager: FIELD_MANAGER });
      series.uid = object.metadata.uid;
    } catch (error) {
      if (!hasCode(error, 'AlreadyExists')) throw error;
      series.name = undefined;
    }
  }

  /** @returns false where the event is gone: events live for an hour */
  async #extend(series: EventSeries, uid: string): Promise<boolean> {
    const key = { namespace: eventNamespace(series.notice.regarding.key), name: series.name ?? '' };
    const patch = { metadata: { uid }, series: seriesOf(series) };
    try {
      await this.#options.kube.patch(EVENT_TYPE, key, patch, { fieldManager: FIELD_MANAGER });
      return true;
    } catch (error) {
      if (!isNotFound(error)) throw error;
      series.name = undefined;
      series.uid = undefined;
      return false;
    }
  }

  /** Hexadecimal time, a running number and a salt of this process: two replicas never choose one name. */
  #suffix(wallMs: number): string {
    this.#sequence = (this.#sequence + 1) % 0x10000;
    return `${wallMs.toString(16)}${hex(this.#sequence, 4)}${this.#salt}`;
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#options.clock.after(ms, resolve));
  }

  #drop(cause: Drop): void {
    this.#dropped.add({ cause });
  }
}

/** Worth another try: the server was busy or away. Names are unique, so a second create can't make a second event. */
function isPassing(error: unknown): error is KubeError {
  return hasCode(error, 'TooManyRequests', 'Unavailable', 'Timeout');
}

function hex(value: number, digits: number): string {
  return Math.floor(value).toString(16).padStart(digits, '0');
}
