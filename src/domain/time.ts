/**
 * Instants and spans. An Instant is a number of milliseconds since the epoch that was checked on its way in, so that no NaN
 * and no unparsable date ever takes part in a comparison (an unknown deadline must never read as "long past").
 */

declare const instant: unique symbol;
export type Instant = number & { readonly [instant]: true };

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;

/** Wire time to Instant; undefined for anything that isn't RFC 3339, so that callers must say what unknown means. */
export function parseInstant(text: string | undefined): Instant | undefined {
  if (text === undefined || !RFC3339.test(text)) return undefined;
  const ms = Date.parse(text);
  return Number.isFinite(ms) ? (ms as Instant) : undefined;
}

/** @throws RangeError for a number that is no time (NaN, infinite, beyond what dates can hold). */
export function instantOf(ms: number): Instant {
  if (!Number.isFinite(ms) || Math.abs(ms) > 8.64e15) throw new RangeError(`not a time: ${ms}`);
  return ms as Instant;
}

/** Whole seconds, as metav1.Time is written. Fractions are cut: round with {@link ceilToSecond} before a deadline. */
export function formatInstant(at: Instant): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}

/** The wire has whole seconds; a deadline that is cut to them would be up to a second early. */
export function ceilToSecond(at: Instant): Instant {
  return instantOf(Math.ceil(at / SECOND_MS) * SECOND_MS);
}

export function plus(at: Instant, ms: number): Instant {
  return instantOf(at + ms);
}

/** The later one; undefined counts as no bound. */
export function later(a: Instant, b: Instant | undefined): Instant {
  return b !== undefined && b > a ? b : a;
}

export function earliest(instants: readonly (Instant | undefined)[]): Instant | undefined {
  let first: Instant | undefined;
  for (const at of instants) if (at !== undefined && (first === undefined || at < first)) first = at;
  return first;
}

/** A span for people: `35s`, `4m10s`, `2h5m`, `3d4h`. */
export function formatSpan(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / SECOND_MS));
  const units: readonly (readonly [string, number])[] = [
    ['d', 86_400],
    ['h', 3_600],
    ['m', 60],
    ['s', 1],
  ];
  const start = units.findIndex(([, size]) => seconds >= size);
  if (start < 0) return '0s';
  let rest = seconds;
  let text = '';
  for (const [unit, size] of units.slice(start, start + 2)) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) text += `${count}${unit}`;
  }
  return text;
}
