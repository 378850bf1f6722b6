/**
 * The content of a list while it is being read, beside the live cache: as entries, never as objects, so that a relist of
 * everything costs what the cache itself costs.
 */
import type { KubeObject } from '../api/meta.ts';
import { cacheKeyOf, entryOf, type CachedEntry, type CachedKind } from './cached-kind.ts';
import { StoreIndex } from './store-index.ts';

export class Replacement<T extends KubeObject, F> {
  readonly entries = new Map<string, CachedEntry<F>>();
  readonly index: StoreIndex<F>;
  readonly #kind: CachedKind<T, F>;

  constructor(kind: CachedKind<T, F>) {
    this.#kind = kind;
    this.index = new StoreIndex(kind.indexes);
  }

  /** An object of the list, or a change of one that overtook the end of the list: they come in order, the last one counts. */
  put(object: T): void {
    this.set(cacheKeyOf(object), entryOf(this.#kind, object));
  }

  set(key: string, entry: CachedEntry<F>): void {
    this.index.move(key, this.entries.get(key)?.facets, entry.facets);
    this.entries.set(key, entry);
  }

  remove(key: string): void {
    this.index.move(key, this.entries.get(key)?.facets, undefined);
    this.entries.delete(key);
  }
}
