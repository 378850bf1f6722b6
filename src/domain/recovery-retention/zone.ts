/** The calendar of a time zone: which local day an instant falls on, and when that day ends. */
import { DAY_MS, HOUR_MS, type Instant, instantOf, MINUTE_MS } from '../time.ts';

/** Days since 1970-01-01 of a local date, so that dates of one zone compare and subtract. */
export type LocalDay = number;

/** Longer than any local day. */
const LONGEST_DAY_MS = 49 * HOUR_MS;
/** Some sixty years; beyond it the memory of offsets begins anew. */
const MOST_DAYS_KEPT = 20_000;

export class Zone {
  readonly name: string;
  readonly #format: Intl.DateTimeFormat;
  /** By UTC day: the offset that holds all day, or undefined where it changes in between. */
  readonly #offsets = new Map<number, number | undefined>();

  /** @throws RangeError for a name that is not in the IANA database; {@link zoneOf} answers undefined instead. */
  constructor(name: string) {
    this.name = name;
    const two = '2-digit';
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      year: 'numeric',
      month: two,
      day: two,
      hour: two,
      minute: two,
      second: two,
    });
  }

  localDay(at: Instant): LocalDay {
    return Math.floor((at + this.#offset(at)) / DAY_MS);
  }

  /** The first whole minute after `at` that falls on a later local day. */
  dayEnd(at: Instant): Instant {
    const today = this.localDay(at);
    let within = Math.floor(at / MINUTE_MS);
    let beyond = Math.ceil((at + LONGEST_DAY_MS) / MINUTE_MS);
    while (beyond - within > 1) {
      const between = Math.floor((within + beyond) / 2);
      if (this.localDay(instantOf(between * MINUTE_MS)) > today) beyond = between;
      else within = between;
    }
    return instantOf(beyond * MINUTE_MS);
  }

  #offset(at: number): number {
    const day = Math.floor(at / DAY_MS);
    if (!this.#offsets.has(day)) {
      if (this.#offsets.size >= MOST_DAYS_KEPT) this.#offsets.clear();
      const first = this.#offsetNow(day * DAY_MS);
      this.#offsets.set(day, first === this.#offsetNow((day + 1) * DAY_MS) ? first : undefined);
    }
    return this.#offsets.get(day) ?? this.#offsetNow(at);
  }

  #offsetNow(at: number): number {
    const second = Math.floor(at / 1000) * 1000;
    const part: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
    for (const { type, value } of this.#format.formatToParts(second)) part[type] = Number(value);
    const { year = 1970, month = 1, day = 1, hour = 0, minute = 0, second: seconds = 0 } = part;
    return Date.UTC(year, month - 1, day, hour, minute, seconds) - second;
  }
}

/** Undefined for a name that isn't in the IANA database. Offsets such as +02:00 have no summer, and are refused. */
export function zoneOf(name: string): Zone | undefined {
  if (!/^[A-Za-z]/.test(name)) return undefined;
  try {
    return new Zone(name);
  } catch {
    return undefined;
  }
}
