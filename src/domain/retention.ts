/** The window of a soft delete: how long it is, when it ends, and when a purge may be considered at the earliest. */
import { ceilToSecond, type Instant, later, plus } from './time.ts';

/** Bounds of Vault.spec.softDelete.retentionDays (docs/safety.md C2). */
const MIN_RETENTION_DAYS = 14;
const MAX_RETENTION_DAYS = 180;

/** A soft delete's frozen period. By CEL none of it changes before the item is NotDeleted again; purgeTime may grow. */
export interface Window {
  readonly deleteTime: Instant;
  readonly purgeTime: Instant;
  readonly retentionDays: number;
  readonly mode: 'Deferred' | 'Immediate';
}

/** Spans told in days scale with this (api.md, "A day that is not a day"); production has 24 h. */
export interface Days {
  readonly dayLengthMs: number;
}

export function days(count: number, { dayLengthMs }: Days): number {
  return count * dayLengthMs;
}

/**
 * The window of a deletion that is said at `now` (API-server time). Rounded up to the second: cut down it would be early.
 * Retention is brought within the bounds of the API, which no status may leave either.
 *
 * @param floor purgeTime that was promised before for the same data (a lost status): the later one holds (P12).
 */
export function openWindow(now: Instant, retentionDays: number, settings: Days, floor?: Instant): Window {
  const kept = withinBounds(retentionDays);
  const deleteTime = ceilToSecond(now);
  return {
    deleteTime,
    purgeTime: later(plus(deleteTime, days(kept, settings)), floor),
    retentionDays: kept,
    mode: 'Deferred',
  };
}

/** What is no number is read as the longest: unknown keeps. */
function withinBounds(retentionDays: number): number {
  if (Number.isNaN(retentionDays)) return MAX_RETENTION_DAYS;
  return Math.ceil(Math.min(Math.max(retentionDays, MIN_RETENTION_DAYS), MAX_RETENTION_DAYS));
}

/** No window: soft delete was off. purgeTime = deleteTime is what CEL knows an immediate deletion by. */
export function noWindow(now: Instant, retentionDays: number): Window {
  const deleteTime = ceilToSecond(now);
  return { deleteTime, purgeTime: deleteTime, retentionDays: withinBounds(retentionDays), mode: 'Immediate' };
}

/** Lateness added to deadlines: the margin guards against clocks, the jitter spreads a mass deletion. Never negative. */
export interface Lateness {
  readonly marginMs: number;
  readonly jitterMs: number;
}

/**
 * When a window's purge becomes due. `spread` in [0, 1) is fixed per item, so that the answer is the same every time it is
 * asked. Immediate deletions have no window, so no clock can make them early. A record whose window is shorter than the
 * shortest allowed is due as if it had that one.
 */
export function dueAt(window: Window, lateness: Lateness & Days, spread: number): Instant {
  if (window.mode === 'Immediate') return window.purgeTime;
  const shortest = plus(window.deleteTime, days(MIN_RETENTION_DAYS, lateness));
  return plus(later(window.purgeTime, shortest), lateness.marginMs + Math.floor(lateness.jitterMs * spread));
}
