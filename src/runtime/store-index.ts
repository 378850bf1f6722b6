/** Keys by value, for each index of a kind. Most values have one key: that is kept bare, without an array around it. */

export interface IndexDefinition<F> {
  /** Whether a value is looked up in one namespace, as `namespace/value`, or in all. */
  readonly scope: 'Namespace' | 'Everywhere';
  /** Where an object is found, from its facets. Strings of the facets themselves cost the index nothing. */
  readonly values: (facets: F) => readonly string[];
}

export type IndexDefinitions<F> = Readonly<Record<string, IndexDefinition<F>>>;

type Posting = string | string[];

export class StoreIndex<F> {
  readonly #definitions: IndexDefinitions<F>;
  readonly #names: readonly string[];
  readonly #postings: Readonly<Record<string, Map<string, Posting>>>;

  constructor(definitions: IndexDefinitions<F>) {
    this.#definitions = definitions;
    this.#names = Object.keys(definitions);
    this.#postings = Object.fromEntries(this.#names.map((name) => [name, new Map<string, Posting>()]));
  }

  /** Moves a key from where its old facets put it to where the new ones do. */
  move(key: string, old: F | undefined, now: F | undefined): void {
    for (const name of this.#names) {
      const before = this.#valuesOf(name, old);
      const after = this.#valuesOf(name, now);
      for (const value of before) if (!after.includes(value)) this.#remove(name, value, key);
      for (const value of after) if (!before.includes(value)) this.#add(name, value, key);
    }
  }

  /**
   * Sorted keys; a copy.
   * @param value `namespace/value` where the index is one of each namespace
   * @throws TypeError for an index that the kind does not have
   */
  lookup(name: string, value: string): readonly string[] {
    const postings = this.#postings[name];
    if (postings === undefined) {
      throw new TypeError(`store: there is no index '${name}'; the kind has ${this.#names.join(', ') || 'none'}`);
    }
    if (this.#definitions[name]?.scope === 'Everywhere') return all(postings.get(value));
    const slash = value.indexOf('/');
    return within(postings.get(value.slice(slash + 1)), value.slice(0, slash));
  }

  #valuesOf(name: string, facets: F | undefined): readonly string[] {
    return facets === undefined ? NONE : (this.#definitions[name]?.values(facets) ?? NONE);
  }

  #add(name: string, value: string, key: string): void {
    const postings = this.#postings[name];
    const posting = postings?.get(value);
    if (posting === undefined) postings?.set(value, key);
    else if (typeof posting === 'string') {
      if (posting !== key) postings?.set(value, posting < key ? [posting, key] : [key, posting]);
    } else insertSorted(posting, key);
  }

  #remove(name: string, value: string, key: string): void {
    const postings = this.#postings[name];
    const posting = postings?.get(value);
    if (posting === key) postings?.delete(value);
    else if (Array.isArray(posting)) {
      const at = position(posting, key);
      if (posting[at] === key) posting.splice(at, 1);
      const [only] = posting;
      if (posting.length === 1 && only !== undefined) postings?.set(value, only);
    }
  }
}

const NONE: readonly string[] = [];
/** The character after the slash: what begins with `namespace/` lies between the two. */
const AFTER_SLASH = '0';

function all(posting: Posting | undefined): readonly string[] {
  if (posting === undefined) return NONE;
  return typeof posting === 'string' ? [posting] : posting.slice();
}

/** The keys of one namespace lie side by side. */
function within(posting: Posting | undefined, namespace: string): readonly string[] {
  if (posting === undefined) return NONE;
  if (typeof posting === 'string') return posting.startsWith(`${namespace}/`) ? [posting] : NONE;
  return posting.slice(position(posting, `${namespace}/`), position(posting, `${namespace}${AFTER_SLASH}`));
}

/** Lists and initial events come in the order of keys: nearly every insertion is an append. */
function insertSorted(keys: string[], key: string): void {
  const last = keys.at(-1);
  if (last === undefined || last < key) keys.push(key);
  else {
    const at = position(keys, key);
    if (keys[at] !== key) keys.splice(at, 0, key);
  }
}

/** Where the key is, or would be inserted. */
function position(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] ?? '') < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
