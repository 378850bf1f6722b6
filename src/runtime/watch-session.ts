/** One watch: applies its events to the store until it ends or something in it says that it can't go on. */
import type { KubeObject } from '../api/meta.ts';
import type { WatchEvent } from '../ports/kube.ts';
import type { Replacement } from './replacement.ts';
import { compareRevisions, revisionOf } from './resource-version.ts';
import type { Store } from './store.ts';

/** What an event asks of the reflector; most ask nothing. */
export type Verdict =
  /** The initial events are complete: the replacement is the content as of this version. */
  | { readonly type: 'Synced'; readonly resourceVersion: string }
  /** Only a new list helps: history is gone, or the server went back in time. */
  | { readonly type: 'Relist'; readonly cause: string; readonly message: string }
  /** The server refuses to go on now; the position stays good. */
  | { readonly type: 'Retry'; readonly cause: string; readonly message: string };

export class WatchSession<T extends KubeObject, F> {
  readonly #store: Store<T, F>;
  readonly #onStale: () => void;
  #replacement: Replacement<T, F> | undefined;
  #complete = true;
  #position: string | undefined;
  #events = 0;

  /**
   * @param start where it begins: at a version, or with the initial events going into a replacement
   * @param onStale called for each event that is not news
   */
  constructor(
    store: Store<T, F>,
    start: { readonly position: string } | { readonly replacement: Replacement<T, F> },
    onStale: () => void,
  ) {
    this.#store = store;
    this.#onStale = onStale;
    if ('position' in start) this.#position = start.position;
    else {
      this.#replacement = start.replacement;
      this.#complete = false;
    }
  }

  /** Where a later watch may go on; undefined before the initial events are complete. */
  get position(): string | undefined {
    return this.#position;
  }

  /** Objects and bookmarks so far. */
  get events(): number {
    return this.#events;
  }

  /** Hands out the complete initial content, once. @throws Error where there is none */
  take(): Replacement<T, F> {
    const replacement = this.#replacement;
    if (replacement === undefined || !this.#complete) throw new Error('watch: there is no complete initial content');
    this.#replacement = undefined;
    return replacement;
  }

  apply(event: WatchEvent): Verdict | undefined {
    if (event.type === 'ERROR') return refusal(event);
    this.#events += 1;
    if (this.#replacement !== undefined && !this.#complete) return this.#stage(this.#replacement, event);
    const order = compareRevisions(revisionOf(event.resourceVersion), revisionOf(this.#position ?? '')) ?? 1;
    if (event.type === 'BOOKMARK') return this.#bookmark(event.resourceVersion, order);
    if (order <= 0) {
      // Events of one watch have ascending versions: this one was told before, or comes from a server that is behind.
      this.#onStale();
      return undefined;
    }
    const object = event.object as T;
    if (event.type === 'DELETED') {
      const { uid = '' } = object.metadata;
      this.#store.forget(keyOfEvent(object), { uid, resourceVersion: event.resourceVersion });
    } else this.#store.upsert(object);
    this.#advance(event.resourceVersion);
    return undefined;
  }

  #bookmark(resourceVersion: string, order: number): Verdict | undefined {
    if (order < 0) {
      const message = `a bookmark at ${resourceVersion}, after ${this.#position ?? ''}`;
      return { type: 'Relist', cause: 'WentBack', message };
    }
    this.#advance(resourceVersion);
    return undefined;
  }

  /** Initial events are in the order of keys, not of versions: they move no position. */
  #stage(replacement: Replacement<T, F>, event: Exclude<WatchEvent, { readonly type: 'ERROR' }>): Verdict | undefined {
    if (event.type === 'BOOKMARK') {
      if (!event.initialEventsEnd) return undefined;
      this.#complete = true;
      this.#position = event.resourceVersion;
      return { type: 'Synced', resourceVersion: event.resourceVersion };
    }
    if (event.type === 'DELETED') replacement.remove(keyOfEvent(event.object));
    else replacement.put(event.object as T);
    return undefined;
  }

  #advance(resourceVersion: string): void {
    this.#position = resourceVersion;
    this.#store.progress(resourceVersion);
  }
}

function keyOfEvent({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

function refusal({ code, reason, message }: Extract<WatchEvent, { readonly type: 'ERROR' }>): Verdict {
  const words = `${code} ${reason}: ${message}`;
  if (code === 410) return { type: 'Relist', cause: 'Expired', message: words };
  if (code === 429 || code >= 500) return { type: 'Retry', cause: 'ServerError', message: words };
  return { type: 'Relist', cause: 'Refused', message: words };
}
