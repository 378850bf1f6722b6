/** A map that forgets what was not used for longest. */
export class Lru<T> {
  readonly #entries = new Map<string, T>();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The entry, made where there is none, and now the most recently used. */
  obtain(key: string, make: () => T): T {
    const known = this.#entries.get(key);
    if (known !== undefined) this.#entries.delete(key);
    const entry = known ?? make();
    this.#entries.set(key, entry);
    if (this.#entries.size > this.#capacity) this.#forgetOldest();
    return entry;
  }

  #forgetOldest(): void {
    for (const key of this.#entries.keys()) {
      this.#entries.delete(key);
      return;
    }
  }
}
