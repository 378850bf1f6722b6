/** Cron expressions, read by croner. */
import { Cron } from 'croner';
import type { CronReader, Instant, Slots, SlotsReading } from '../../ports/cron.ts';

const SECOND_MS = 1_000;
/** Policies are few; this bounds what a stream of edited ones may leave behind. */
const MOST_KEPT = 1_000;

const NUMBERS = /^[\d*,/-]+$/;
const MONTHS = /^(?:[\d*,/-]|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)+$/i;
const WEEKDAYS = /^(?:[\d*,/-]|SUN|MON|TUE|WED|THU|FRI|SAT)+$/i;
/** Fields and what they may be written with: croner knows more (L, W, #, nicknames), which other crons don't. */
const FIELDS: readonly (readonly [string, RegExp])[] = [
  ['minute', NUMBERS],
  ['hour', NUMBERS],
  ['day of the month', NUMBERS],
  ['month', MONTHS],
  ['day of the week', WEEKDAYS],
];

/** Any time will do to see whether a schedule ever comes; 29 February is found within eight years. */
const SOME_TIME = new Date('2024-01-01T00:00:00Z');

/** Reads each pair of expression and time zone once, so that a thousand items of one policy share its slots. */
export class CronerCron implements CronReader {
  readonly #known = new Map<string, SlotsReading>();

  readonly read = (cron: string, timeZone: string): SlotsReading => {
    const key = `${cron}\n${timeZone}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const reading = readAnew(cron, timeZone);
    if (this.#known.size >= MOST_KEPT) this.#known.clear();
    this.#known.set(key, reading);
    return reading;
  };
}

function readAnew(cron: string, timeZone: string): SlotsReading {
  if (!isTimeZone(timeZone)) return { ok: false, field: 'timeZone', why: 'not a known time zone' };
  const fields = cron.trim().split(/\s+/);
  const [minute = '', hour = '', ...days] = fields;
  if (fields.length !== FIELDS.length) return refused(`has ${cron.trim() === '' ? 0 : fields.length} fields, not five`);
  const odd = FIELDS.find(([, shape], index) => !shape.test(fields[index] ?? ''));
  if (odd !== undefined) return refused(`the ${odd[0]} can't be read`);
  try {
    const hours = listed(hour, 24);
    const everyHour = new Set(hours.split(',')).size === 24;
    const found = new Cron([listed(minute, 60), everyHour ? '*' : hours, ...days].join(' '), {
      timezone: timeZone,
      mode: '5-part',
      paused: true,
      fixedTimeRule: 'no-wildcard',
    });
    if (found.nextRun(SOME_TIME) === null) return refused('there is no such day');
    return { ok: true, slots: new CronerSlots(found) };
  } catch (error) {
    return refused(error instanceof Error ? error.message.replace(/^CronPattern: /, '') : String(error));
  }
}

function refused(why: string): SlotsReading {
  return { ok: false, field: 'cron', why };
}

/** Offsets such as +02:00 are time zones to Intl, but have no summer. */
function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/**
 * Steps and ranges written out. To croner a step makes an interval, which leaves out what the spring skips: a schedule such as
 * "*\/30 2 * * *" would have no backup on that day.
 */
function listed(field: string, size: number): string {
  return field
    .split(',')
    .map((part) => {
      const [, range = '', from = '0', to = String(size - 1), step = '1'] =
        /^(\*|(\d+)-(\d+))(?:\/(\d+))?$/.exec(part) ?? [];
      const [first, last, by] = [Number(from), Number(to), Number(step)];
      // What makes no sense is left for croner to explain.
      if (range === '' || first > last || last >= size || by < 1 || by > size) return part;
      const values = Array.from({ length: Math.floor((last - first) / by) + 1 }, (_, index) => first + index * by);
      return values.join(',');
    })
    .join(',');
}

/** Two slots with none between them; undefined where there is none before or after. */
interface Interval {
  readonly from: number | undefined;
  readonly to: number | undefined;
}

/** A decision looks around now, at the next slot and at the last one answered. */
const INTERVALS_KEPT = 8;

/** Remembers the slots around the latest questions: items of one policy ask for the same ones all day. */
class CronerSlots implements Slots {
  readonly #cron: Cron;
  readonly #known: Interval[] = [];

  constructor(cron: Cron) {
    this.#cron = cron;
  }

  next(after: Instant): Instant | undefined {
    return this.#around(after).to as Instant | undefined;
  }

  previous(at: Instant): Instant | undefined {
    return this.#around(at).from as Instant | undefined;
  }

  #around(at: Instant): Interval {
    const known = this.#known.find(({ from, to }) => at >= (from ?? -Infinity) && at < (to ?? Infinity));
    if (known !== undefined) return known;
    const second = Math.floor(at / SECOND_MS) * SECOND_MS;
    const to = this.#cron.nextRun(new Date(second))?.getTime();
    const from = this.#cron.previousRuns(1, new Date(second + SECOND_MS))[0]?.getTime();
    this.#known.push({ from, to });
    if (this.#known.length > INTERVALS_KEPT) this.#known.shift();
    return { from, to };
  }
}
