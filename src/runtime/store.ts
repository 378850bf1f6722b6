/**
 * The cache of one kind: what the API server holds as far as list, watch and our own writes have told. Objects are kept as
 * text (see cached-text.ts): less than 1 KB each for ours, nothing for the garbage collector to trace, and every reader gets
 * a copy that is its own. Scans and indexes work on facets.
 *
 * Which of two versions is later is told by their resource versions alone, never by the order in which they arrive: the
 * answers to our own writes come in between the events of the watch.
 */
import type { KubeObject } from '../api/meta.ts';
import type { Cancel, Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { Counter, Metrics } from '../ports/metrics.ts';
import { cacheKeyOf, entryOf, type CachedEntry, type CachedKind } from './cached-kind.ts';
import { decode, hasUid, sameUid } from './cached-text.ts';
import { errorFields } from './error-fields.ts';
import { Replacement } from './replacement.ts';
import { compareRevisions, isLater, revisionOf, supersedes, type Revision } from './resource-version.ts';
import { StoreIndex } from './store-index.ts';
import { Tombstones } from './tombstones.ts';

export { Interner, type CachedKind } from './cached-kind.ts';
export type { IndexDefinition } from './store-index.ts';

/** `old` undefined: it is new. `now` undefined: it is gone. An object under a name of another is told as both, in turn. */
export interface Change<F> {
  readonly key: string;
  readonly old: F | undefined;
  readonly now: F | undefined;
}

/** What controllers get. Keys are `namespace/name` (`/name` for kinds of the whole cluster). */
export interface StoreView<T, F> {
  /** Whether the whole list has arrived once. */
  readonly synced: boolean;
  readonly size: number;
  /** A fresh copy. */
  get(key: string): T | undefined;
  facets(key: string): F | undefined;
  keys(): Iterable<string>;
  /** Keys, sorted. @throws TypeError for an index that the kind does not have */
  indexed(index: string, value: string): readonly string[];
  entries(): Iterable<readonly [string, F]>;
}

export interface StoreParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

export class Store<T extends KubeObject, F> implements StoreView<T, F> {
  readonly #kind: CachedKind<T, F>;
  readonly #log: Log;
  readonly #handlerErrors: Counter;
  readonly #tombstones: Tombstones;
  readonly #handlers = new Set<(change: Change<F>) => void>();
  #entries = new Map<string, CachedEntry<F>>();
  #index: StoreIndex<F>;
  /** The server's state up to here has been told; what is not in the cache and not later is gone. */
  #told: Revision | undefined;
  #synced = false;

  constructor(kind: CachedKind<T, F>, { clock, log, metrics }: StoreParts) {
    this.#kind = kind;
    this.#log = log;
    this.#index = new StoreIndex(kind.indexes);
    this.#tombstones = new Tombstones(clock);
    const labels = ['resource'];
    this.#handlerErrors = metrics.counter({
      name: 'reprieve_cache_handler_errors_total',
      help: 'Changes of cached objects that a subscriber failed on, by resource.',
      labels,
    });
    metrics.observedGauge(
      { name: 'reprieve_cache_objects', help: 'Objects in the cache, by resource.', labels },
      () => this.#entries.size,
      { resource: kind.type.plural },
    );
  }

  get synced(): boolean {
    return this.#synced;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): T | undefined {
    const entry = this.#entries.get(key);
    // It was encoded from a T.
    return entry === undefined ? undefined : (decode(this.#kind.type, key, entry.revision, entry.text) as T);
  }

  facets(key: string): F | undefined {
    return this.#entries.get(key)?.facets;
  }

  keys(): Iterable<string> {
    return this.#entries.keys();
  }

  indexed(index: string, value: string): readonly string[] {
    return this.#index.lookup(index, value);
  }

  *entries(): Iterable<readonly [string, F]> {
    for (const [key, entry] of this.#entries) yield [key, entry.facets];
  }

  /** An event, or the answer to a write of ours. @returns whether it was news */
  upsert(object: T): boolean {
    const key = cacheKeyOf(object);
    const uid = object.metadata.uid ?? '';
    const revision = revisionOf(object.metadata.resourceVersion ?? '');
    const before = this.#entries.get(key);
    const bar = before?.revision ?? this.#told;
    if (bar !== undefined && !supersedes(revision, bar)) return false;
    if (!this.#tombstones.admits(key, revision, (gone) => gone === uid)) return false;
    const now = entryOf(this.#kind, object);
    this.#entries.set(key, now);
    this.#index.move(key, before?.facets, now.facets);
    for (const change of changesOf(key, before, now)) this.publish(change);
    return true;
  }

  /** It is gone for certain: a DELETED event, or a delete of ours that left nothing. */
  forget(key: string, gone: { readonly uid: string; readonly resourceVersion?: string | undefined }): void {
    const entry = this.#entries.get(key);
    const revision = gone.resourceVersion === undefined ? undefined : revisionOf(gone.resourceVersion);
    this.#tombstones.add(key, gone.uid, revision ?? entry?.revision);
    if (entry === undefined) return;
    const sameObject = hasUid(entry.text, gone.uid);
    // A successor of that name is not touched by the late news of its predecessor's end.
    if (!sameObject && !(revision !== undefined && isLater(revision, entry.revision))) return;
    this.#entries.delete(key);
    this.#index.move(key, entry.facets, undefined);
    this.publish({ key, old: entry.facets, now: undefined });
  }

  /** All that the watch had to say up to this version has been applied. */
  progress(resourceVersion: string): void {
    const revision = revisionOf(resourceVersion);
    if (this.#told === undefined || supersedes(revision, this.#told)) this.#told = revision;
  }

  /** Begins to read a list beside the live content. */
  beginReplacement(): Replacement<T, F> {
    return new Replacement(this.#kind);
  }

  /**
   * Takes the list's content in one step. What we wrote after the list was made is kept; a list *older* than what we were
   * told before means that the server's storage was restored, and then nothing of ours is.
   *
   * @returns what changed, for {@link publish}: telling tens of thousands of changes takes long enough to pause in between
   */
  commit(replacement: Replacement<T, F>, listResourceVersion: string): readonly Change<F>[] {
    const listed = revisionOf(listResourceVersion);
    const restored = this.#told !== undefined && (compareRevisions(listed, this.#told) ?? 0) < 0;
    if (restored) {
      this.#log.warn('the API server went back in time, its storage was probably restored; the cache starts anew', {
        resource: this.#kind.type.plural,
        listResourceVersion,
      });
      this.#tombstones.clear();
    } else this.#keepLater(replacement, listed);
    const changes = this.#differences(replacement.entries);
    this.#entries = replacement.entries;
    this.#index = replacement.index;
    this.#told = listed;
    this.#synced = true;
    return changes;
  }

  /** As begin, put each, commit and publish at once. For lists that are small or in tests. */
  replace(objects: Iterable<T>, listResourceVersion: string): void {
    const replacement = this.beginReplacement();
    for (const object of objects) replacement.put(object);
    for (const change of this.commit(replacement, listResourceVersion)) this.publish(change);
  }

  /** @param handler called for every change after it is in the cache; what it throws is logged and counted */
  subscribe(handler: (change: Change<F>) => void): Cancel {
    this.#handlers.add(handler);
    return () => void this.#handlers.delete(handler);
  }

  publish(change: Change<F>): void {
    for (const handler of this.#handlers) {
      try {
        handler(change);
      } catch (error) {
        this.#handlerErrors.add({ resource: this.#kind.type.plural });
        this.#log.error('a subscriber of the cache failed', { key: change.key, ...errorFields(error) });
      }
    }
  }

  #keepLater(replacement: Replacement<T, F>, listed: Revision): void {
    for (const [key, live] of this.#entries) {
      const bar = replacement.entries.get(key)?.revision ?? listed;
      if (isLater(live.revision, bar)) replacement.set(key, live);
    }
    if (this.#tombstones.size === 0) return;
    for (const [key, { text, revision }] of replacement.entries) {
      if (!this.#tombstones.admits(key, revision, (gone) => hasUid(text, gone))) replacement.remove(key);
    }
  }

  #differences(next: ReadonlyMap<string, CachedEntry<F>>): readonly Change<F>[] {
    const changes: Change<F>[] = [];
    for (const [key, { facets }] of this.#entries) {
      if (!next.has(key)) changes.push({ key, old: facets, now: undefined });
    }
    for (const [key, now] of next) {
      const before = this.#entries.get(key);
      if (before === undefined) changes.push({ key, old: undefined, now: now.facets });
      else if (before.revision !== now.revision) changes.push(...changesOf(key, before, now));
    }
    return changes;
  }
}

function changesOf<F>(key: string, before: CachedEntry<F> | undefined, now: CachedEntry<F>): readonly Change<F>[] {
  if (before === undefined || sameUid(before.text, now.text)) {
    return [{ key, old: before?.facets, now: now.facets }];
  }
  return [
    { key, old: before.facets, now: undefined },
    { key, old: undefined, now: now.facets },
  ];
}
