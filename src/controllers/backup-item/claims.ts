/**
 * Who writes a record's itemID into a status first. Two items may both look for the same lost record before either has written
 * that it carries it on: several workers do so side by side. One record in two items would let one of them destroy what the
 * other keeps.
 */
export class Claims {
  readonly #holders = new Map<string, string>();

  /**
   * @param id namespace and itemID
   * @param uid of the object that wants it
   * @returns whether it is this object's; it stays so until {@link release}
   */
  take(id: string, uid: string): boolean {
    const holder = this.#holders.get(id) ?? uid;
    this.#holders.set(id, holder);
    return holder === uid;
  }

  /** What was written is in the cache, or was certainly not written. */
  release(id: string): void {
    this.#holders.delete(id);
  }
}
