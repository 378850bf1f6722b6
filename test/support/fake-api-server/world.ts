/** What the fake API server stores: objects of one kind, one revision per write, and the events that watches replay. */
import { keyOf, type KubeObject, type ObjectMeta } from '../../../src/api/meta.ts';

export type StoredObject = KubeObject & { readonly metadata: Required<Pick<ObjectMeta, 'uid' | 'resourceVersion'>> };

export interface StoredEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: StoredObject;
  readonly revision: number;
}

/** An object as a test writes it. */
export interface Draft {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly spec?: unknown;
  readonly status?: unknown;
}

export class World {
  readonly objects = new Map<string, StoredObject>();
  events: StoredEvent[] = [];
  revision: number;
  /** Watches and continue tokens from before are gone. */
  compactedTo = 0;
  readonly #listeners = new Set<(event: StoredEvent) => void>();
  #uids = 0;

  constructor(revision = 100) {
    this.revision = revision;
  }

  /** Creates the object, or changes it where it exists. */
  put(draft: Draft): StoredObject {
    const key = keyOf({ namespace: draft.namespace ?? '', name: draft.name });
    const before = this.objects.get(key);
    const { name, namespace, uid, ...content } = draft;
    return this.store({
      ...before,
      apiVersion: 'test.dev/v1',
      kind: 'Thing',
      ...content,
      metadata: {
        ...before?.metadata,
        name,
        ...(namespace === undefined ? {} : { namespace }),
        uid: uid ?? before?.metadata.uid ?? this.newUid(),
      },
    });
  }

  /** Stores this object under a new revision. */
  store(object: KubeObject): StoredObject {
    const key = keyOf({ namespace: object.metadata.namespace ?? '', name: object.metadata.name });
    const type = this.objects.has(key) ? 'MODIFIED' : 'ADDED';
    this.revision += 1;
    const uid = object.metadata.uid ?? this.newUid();
    const stored = { ...object, metadata: { ...object.metadata, uid, resourceVersion: String(this.revision) } };
    this.objects.set(key, stored);
    this.#publish({ type, object: stored, revision: this.revision });
    return stored;
  }

  remove(key: string): void {
    const object = this.objects.get(key);
    if (object === undefined) return;
    this.objects.delete(key);
    this.revision += 1;
    const gone = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.revision) } };
    this.#publish({ type: 'DELETED', object: gone, revision: this.revision });
  }

  /** Forgets how it came to this: older watches and tokens answer 410. */
  compact(): void {
    this.compactedTo = this.revision;
    this.events = [];
  }

  /** As after an etcd restore: this content at that older revision, without a history. */
  restore(objects: readonly StoredObject[], revision: number): void {
    this.objects.clear();
    for (const object of objects) {
      this.objects.set(keyOf({ namespace: object.metadata.namespace ?? '', name: object.metadata.name }), object);
    }
    this.revision = revision;
    this.compactedTo = 0;
    this.events = [];
  }

  /** Calls back for every later event, until the function returned is called. */
  subscribe(listener: (event: StoredEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  sorted(): StoredObject[] {
    const entries = [...this.objects.entries()];
    return entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
  }

  newUid(): string {
    this.#uids += 1;
    return `00000000-0000-4000-8000-${String(this.#uids).padStart(12, '0')}`;
  }

  #publish(event: StoredEvent): void {
    this.events.push(event);
    for (const listener of this.#listeners) listener(event);
  }
}
