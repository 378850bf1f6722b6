/** What is known to be gone before the watch has said so: a late answer or event must not bring it back. */
import type { Clock } from '../ports/clock.ts';
import { compareRevisions, supersedes, type Revision } from './resource-version.ts';

/** Longer than any event is late. */
const KEEP_MS = 300_000;

interface Tombstone {
  readonly uid: string;
  /** Everything up to here is older than the deletion; undefined where the deletion's version is not known. */
  readonly revision: Revision | undefined;
  readonly atMs: number;
}

export class Tombstones {
  readonly #clock: Clock;
  readonly #stones = new Map<string, Tombstone>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#stones.size;
  }

  add(key: string, uid: string, revision: Revision | undefined): void {
    const atMs = this.#clock.monotonicMs();
    this.#expire(atMs);
    const known = this.#stones.get(key)?.revision;
    if (known !== undefined && revision !== undefined && (compareRevisions(revision, known) ?? 0) < 0) return;
    this.#stones.delete(key);
    this.#stones.set(key, { uid, revision, atMs });
  }

  /**
   * Whether an object of this version can be alive. A uid that is gone never comes back.
   * @param isUid whether the object has the uid it is asked for
   */
  admits(key: string, revision: Revision, isUid: (uid: string) => boolean): boolean {
    const stone = this.#stones.get(key);
    if (stone === undefined) return true;
    if (isUid(stone.uid)) return false;
    return stone.revision === undefined || supersedes(revision, stone.revision);
  }

  clear(): void {
    this.#stones.clear();
  }

  /** The map is in order of time: only what has expired is looked at. */
  #expire(nowMs: number): void {
    for (const [key, { atMs }] of this.#stones) {
      if (nowMs - atMs < KEEP_MS) return;
      this.#stones.delete(key);
    }
  }
}
