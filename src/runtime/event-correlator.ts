/** Which events are worth a request: repeats become a series, similar ones one event, and a noisy object is throttled. */
import type { Clock } from '../ports/clock.ts';
import type { EventNotice } from './event-object.ts';
import { Lru } from './lru.ts';

const MAX_OBJECTS = 4096;
/** Per object: so many events at once, then one per five minutes. */
const BURST = 25;
const REFILL_MS = 300_000;
/** More different notes than this for one reason within the window are told as one event. */
const MAX_SIMILAR = 10;
const WINDOW_MS = 600_000;
/** Series remembered per object; the burst keeps an object from having many more. */
const MAX_SERIES = 32;

/** One event and its repeats. Whoever sends it keeps here what was sent. */
export interface EventSeries {
  readonly notice: EventNotice;
  readonly firstMs: number;
  lastMs: number;
  count: number;
  /** A request that is still to be built will tell of it, so a further repeat needs none of its own. */
  pending: boolean;
  /** A request is under way: never two for one event. */
  sending: boolean;
  /** Chosen when it is first sent. */
  name: string | undefined;
  /** Known once it is stored. */
  uid: string | undefined;
}

interface Similar {
  readonly reason: string;
  readonly sinceMs: number;
  notes: number;
}

interface ObjectRecord {
  tokens: number;
  refilledMs: number;
  series: EventSeries[];
  similar: Similar[];
}

export class EventCorrelator {
  readonly #objects = new Lru<ObjectRecord>(MAX_OBJECTS);
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts the notice into its series. @returns the series, and whether its object may send now */
  observe(notice: EventNotice): { readonly series: EventSeries; readonly allowed: boolean } {
    const now = this.#clock.monotonicMs();
    const object = this.#objects.obtain(notice.regarding.uid, () => emptyRecord(now));
    const told = this.#tell(object, notice, now);
    let series = object.series.find(
      (known) => sameEvent(known.notice, told) && this.#clock.wallMs() - known.lastMs < WINDOW_MS,
    );
    if (series === undefined) {
      series = newSeries(told, this.#clock.wallMs());
      object.series = [...object.series.slice(1 - MAX_SERIES), series];
    } else {
      series.count += 1;
      series.lastMs = this.#clock.wallMs();
    }
    return { series, allowed: series.pending || takeToken(object, now) };
  }

  /** The notice itself, or, where there were too many like it, one that stands for them all. */
  #tell(object: ObjectRecord, notice: EventNotice, now: number): EventNotice {
    const known = object.series.some((series) => sameEvent(series.notice, notice));
    object.similar = object.similar.filter((group) => now - group.sinceMs < WINDOW_MS);
    let group = object.similar.find((candidate) => candidate.reason === notice.reason);
    if (group === undefined) {
      group = { reason: notice.reason, sinceMs: now, notes: 0 };
      object.similar.push(group);
    }
    if (known) return notice;
    group.notes += 1;
    if (group.notes <= MAX_SIMILAR) return notice;
    return { ...notice, note: `(combined from similar events) ${notice.reason}` };
  }
}

function emptyRecord(now: number): ObjectRecord {
  return { tokens: BURST, refilledMs: now, series: [], similar: [] };
}

function newSeries(notice: EventNotice, wallMs: number): EventSeries {
  return {
    notice,
    firstMs: wallMs,
    lastMs: wallMs,
    count: 1,
    pending: false,
    sending: false,
    name: undefined,
    uid: undefined,
  };
}

function sameEvent(a: EventNotice, b: EventNotice): boolean {
  return a.reason === b.reason && a.note === b.note && a.type === b.type && a.action === b.action;
}

function takeToken(object: ObjectRecord, now: number): boolean {
  const refills = Math.floor((now - object.refilledMs) / REFILL_MS);
  object.tokens = Math.min(BURST, object.tokens + refills);
  object.refilledMs += refills * REFILL_MS;
  if (object.tokens < 1) return false;
  object.tokens -= 1;
  return true;
}
