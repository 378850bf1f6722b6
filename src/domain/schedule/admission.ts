/**
 * Which of the due backups may start now, under caps per vault and per driver. Asked again whenever something becomes due or
 * ends; keeps no memory.
 *
 * In the order of due time, then id. A backup that finds no place doesn't hold up those behind that need other places. But the
 * first that waits for a place keeps the other places it needs: else backups of several drivers would starve behind those of
 * one.
 */
import type { Instant } from '../time.ts';

/** A place in its vault, and one in each of its drivers, for as long as it runs. */
export interface Places {
  /** namespace/name: names of vaults are not unique in a cluster. */
  readonly vault: string;
  /** CSI drivers of its disks; what is not known yet takes none. */
  readonly drivers: readonly string[];
}

export interface DueBackup extends Places {
  /** Unique among the due ones, and stable. */
  readonly id: string;
  readonly dueAt: Instant;
}

/** How many may run at once. 0 lets none start; Infinity is no cap. */
export interface Caps {
  readonly perVault: number;
  readonly perDriver: number;
}

export interface Admission {
  /** Ids of those that may start, in that order. */
  readonly start: readonly string[];
  /** All others, in order, with the place that each waits for. */
  readonly waiting: readonly { readonly id: string; readonly waitsFor: string }[];
}

export function admit(due: readonly DueBackup[], running: readonly Places[], caps: Caps): Admission {
  const free = new FreePlaces(caps);
  for (const places of running) free.take(placesOf(places));
  const start: string[] = [];
  const waiting: { id: string; waitsFor: string }[] = [];
  const queues = new Set<string>();
  for (const backup of [...due].sort(byDueTime)) {
    const places = placesOf(backup);
    const full = places.filter((place) => !free.has(place));
    const [waitsFor] = full;
    if (waitsFor === undefined) {
      start.push(backup.id);
      free.take(places);
      continue;
    }
    waiting.push({ id: backup.id, waitsFor });
    const isFirst = full.some((place) => !queues.has(place));
    for (const place of full) queues.add(place);
    if (isFirst) free.take(places.filter((place) => free.has(place)));
  }
  return { start, waiting };
}

function byDueTime(a: DueBackup, b: DueBackup): number {
  if (a.dueAt !== b.dueAt) return a.dueAt - b.dueAt;
  return a.id < b.id ? -1 : Number(a.id > b.id);
}

function placesOf({ vault, drivers }: Places): readonly string[] {
  return [`vault ${vault}`, ...new Set(drivers.map((driver) => `driver ${driver}`))];
}

class FreePlaces {
  readonly #caps: Caps;
  readonly #taken = new Map<string, number>();

  constructor(caps: Caps) {
    this.#caps = caps;
  }

  /** A cap that is no number lets none start, too. */
  has(place: string): boolean {
    const cap = place.startsWith('vault ') ? this.#caps.perVault : this.#caps.perDriver;
    return (this.#taken.get(place) ?? 0) < cap;
  }

  take(places: readonly string[]): void {
    for (const place of places) this.#taken.set(place, (this.#taken.get(place) ?? 0) + 1);
  }
}
