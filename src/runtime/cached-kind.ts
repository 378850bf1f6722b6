/** What a cache keeps of one kind, and how a cached object comes to be. */
import type { KubeObject, ResourceType } from '../api/meta.ts';
import { encode } from './cached-text.ts';
import { revisionOf, type Revision } from './resource-version.ts';
import type { IndexDefinitions } from './store-index.ts';

export interface CachedKind<T extends KubeObject, F> {
  readonly type: ResourceType;
  /** What to keep; pure. managedFields are dropped in any case. */
  trim(object: T): T;
  /** What scans and indexes need of the whole object, a small record that stays decoded; pure. Share repeated strings ({@link Interner}). */
  facets(object: T): F;
  /** How objects are found. */
  readonly indexes: IndexDefinitions<F>;
  /** Strings that one object says more than once, such as an id in labels, spec and status: they are kept once. Pure. */
  repeats?(object: T): readonly (string | undefined)[];
}

export interface CachedEntry<F> {
  readonly text: string;
  readonly facets: F;
  readonly revision: Revision;
}

export function entryOf<T extends KubeObject, F>(kind: CachedKind<T, F>, object: T): CachedEntry<F> {
  const kept = kind.trim(object);
  return {
    text: encode(kept, kind.repeats?.(kept)),
    facets: Object.freeze(kind.facets(object)),
    revision: revisionOf(object.metadata.resourceVersion ?? ''),
  };
}

/** `namespace/name` as one flat string: a template would keep both halves alive as a tree. */
export function cacheKeyOf({ metadata }: KubeObject): string {
  return [metadata.namespace ?? '', metadata.name].join('/');
}

/** One copy of each repeated string. It forgets all it knows when it gets too many to be repetitions. */
export class Interner {
  readonly #known = new Map<string, string>();
  readonly #limit: number;

  constructor(limit = 4_096) {
    this.#limit = limit;
  }

  of<S extends string>(text: S): S {
    const known = this.#known.get(text);
    if (known !== undefined) return known as S;
    if (this.#known.size >= this.#limit) this.#known.clear();
    this.#known.set(text, text);
    return text;
  }
}
