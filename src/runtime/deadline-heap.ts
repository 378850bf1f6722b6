/** A priority queue of keys by deadline that costs little per key: arrays and one map, no object per entry. */

/**
 * Binary min-heap of distinct keys. The earliest deadline a key was given stands. Deadlines are numbers on whatever clock
 * the owner uses; the heap knows none.
 */
export class DeadlineHeap {
  readonly #keys: string[] = [];
  readonly #deadlines: number[] = [];
  readonly #slots = new Map<string, number>();

  get size(): number {
    return this.#keys.length;
  }

  /** The earliest deadline; undefined where there is none. */
  get earliest(): number | undefined {
    return this.#deadlines[0];
  }

  deadlineOf(key: string): number | undefined {
    const slot = this.#slots.get(key);
    return slot === undefined ? undefined : this.#deadlines[slot];
  }

  /** @returns whether the deadline now stands for the key; false where an earlier or equal one already did. */
  offer(key: string, deadline: number): boolean {
    const slot = this.#slots.get(key);
    if (slot === undefined) {
      this.#rise(this.#keys.length, key, deadline);
      return true;
    }
    if (deadline >= this.#deadlineAt(slot)) return false;
    this.#rise(slot, key, deadline);
    return true;
  }

  /** Takes out the first key whose deadline is not after `now`. */
  takeDue(now: number): string | undefined {
    const key = this.#keys[0];
    if (key === undefined || this.#deadlineAt(0) > now) return undefined;
    this.remove(key);
    return key;
  }

  remove(key: string): boolean {
    const slot = this.#slots.get(key);
    if (slot === undefined) return false;
    this.#slots.delete(key);
    const lastKey = this.#keys.pop();
    const lastDeadline = this.#deadlines.pop();
    if (lastKey === undefined || lastDeadline === undefined || slot === this.#keys.length) return true;
    // The last entry fills the hole: it may belong above it or below it.
    if (slot > 0 && lastDeadline < this.#deadlineAt((slot - 1) >> 1)) this.#rise(slot, lastKey, lastDeadline);
    else this.#sink(slot, lastKey, lastDeadline);
    return true;
  }

  #rise(from: number, key: string, deadline: number): void {
    let slot = from;
    while (slot > 0) {
      const parent = (slot - 1) >> 1;
      if (this.#deadlineAt(parent) <= deadline) break;
      this.#place(slot, this.#keyAt(parent), this.#deadlineAt(parent));
      slot = parent;
    }
    this.#place(slot, key, deadline);
  }

  #sink(from: number, key: string, deadline: number): void {
    let slot = from;
    for (let child = this.#lesserChild(slot); child !== undefined; child = this.#lesserChild(slot)) {
      if (this.#deadlineAt(child) >= deadline) break;
      this.#place(slot, this.#keyAt(child), this.#deadlineAt(child));
      slot = child;
    }
    this.#place(slot, key, deadline);
  }

  #lesserChild(slot: number): number | undefined {
    const left = 2 * slot + 1;
    if (left >= this.#keys.length) return undefined;
    const right = left + 1;
    return right < this.#keys.length && this.#deadlineAt(right) < this.#deadlineAt(left) ? right : left;
  }

  #place(slot: number, key: string, deadline: number): void {
    this.#keys[slot] = key;
    this.#deadlines[slot] = deadline;
    this.#slots.set(key, slot);
  }

  #keyAt(slot: number): string {
    return this.#keys[slot] ?? '';
  }

  #deadlineAt(slot: number): number {
    return this.#deadlines[slot] ?? Number.POSITIVE_INFINITY;
  }
}
