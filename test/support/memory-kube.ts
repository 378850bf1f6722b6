/** An API server in memory for tests that need to stop time inside a call; real ones are in test/integration. */
import type { KubeObject, ObjectKey, ResourceType } from '../../src/api/meta.ts';
import { keyOf } from '../../src/api/meta.ts';
import { KubeError } from '../../src/ports/kube.ts';
import type { CallOptions, GuardedPatch, KubeApi, KubeErrorCode, Written } from '../../src/ports/kube.ts';

export type Verb = 'get' | 'list' | 'create' | 'patch' | 'patchStatus' | 'replace' | 'delete';

const STATUS: Partial<Record<KubeErrorCode, number>> = {
  NotFound: 404,
  AlreadyExists: 409,
  Conflict: 409,
  Timeout: 504,
};

export function kubeError(code: KubeErrorCode, ambiguous = false): KubeError {
  return new KubeError(`${code}: by the test's API server`, { code, status: STATUS[code] ?? 500, ambiguous });
}

/** The stored objects, shared by all clients made from it. One counter of resourceVersions, conflicts as the real one has. */
export class MemoryKube {
  readonly #objects = new Map<string, KubeObject>();
  #version = 0;
  /** Every request that was carried out, in order: the state of the world as the server saw it change. */
  readonly log: { readonly client: string; readonly verb: Verb; readonly object: string }[] = [];

  /**
   * A client. `travel` is awaited before a request arrives, `answer` before its answer does; either may reject. An aborted
   * signal ends the wait with an ambiguous Timeout, but a request that has arrived is carried out all the same.
   */
  client(
    name: string,
    network: { travel?: (verb: Verb) => Promise<void>; answer?: (verb: Verb) => Promise<void> } = {},
  ): KubeApi {
    const call = async <R>(verb: Verb, object: string, options: CallOptions | undefined, act: () => R): Promise<R> => {
      await abortable(network.travel?.(verb), options?.signal);
      const result = act();
      this.log.push({ client: name, verb, object });
      await abortable(network.answer?.(verb), options?.signal);
      return result;
    };
    const idOf = (type: ResourceType, key: ObjectKey): string => `${type.plural}/${keyOf(key)}`;
    const keyIn = (object: KubeObject): ObjectKey => ({
      namespace: object.metadata.namespace ?? '',
      name: object.metadata.name,
    });
    const patch = <T extends KubeObject>(verb: Verb, type: ResourceType, key: ObjectKey, change: GuardedPatch) =>
      call(verb, idOf(type, key), undefined, () => this.#patch<T>(idOf(type, key), change));
    return {
      get: <T extends KubeObject>(type: ResourceType, key: ObjectKey, options?: CallOptions) =>
        call('get', idOf(type, key), options, () => this.#get(idOf(type, key)) as T),
      list: <T extends KubeObject>(type: ResourceType) =>
        call('list', type.plural, undefined, () => this.all(type) as readonly T[]),
      create: (type, object, options) =>
        call('create', idOf(type, keyIn(object)), options, () => this.#create(idOf(type, keyIn(object)), object)),
      patch: (type, key, change) => patch('patch', type, key, change),
      patchStatus: (type, key, change) => patch('patchStatus', type, key, change),
      replace: (type, object, options) =>
        call('replace', idOf(type, keyIn(object)), options, () => this.#replace(idOf(type, keyIn(object)), object)),
      delete: (type, key, options) =>
        call('delete', idOf(type, key), options, () => {
          this.#get(idOf(type, key));
          this.remove(type, key);
        }),
    };
  }

  all(type: ResourceType): readonly KubeObject[] {
    return [...this.#objects].filter(([id]) => id.startsWith(`${type.plural}/`)).map(([, object]) => object);
  }

  find(type: ResourceType, key: ObjectKey): KubeObject | undefined {
    return this.#objects.get(`${type.plural}/${keyOf(key)}`);
  }

  remove(type: ResourceType, key: ObjectKey): void {
    this.#objects.delete(`${type.plural}/${keyOf(key)}`);
  }

  #get(id: string): KubeObject {
    const object = this.#objects.get(id);
    if (object === undefined) throw kubeError('NotFound');
    return structuredClone(object);
  }

  #create<T extends KubeObject>(id: string, object: T): Written<T> {
    if (this.#objects.has(id)) throw kubeError('AlreadyExists');
    return this.#store(id, { ...object, metadata: { ...object.metadata, uid: `uid-${this.#version + 1}` } });
  }

  #replace<T extends KubeObject>(id: string, object: T): Written<T> {
    this.#guard(this.#get(id), object.metadata);
    return this.#store(id, object);
  }

  #patch<T extends KubeObject>(id: string, patch: GuardedPatch): Written<T> {
    const current = this.#get(id);
    this.#guard(current, patch.metadata);
    const metadata = { ...current.metadata, ...(patch.metadata as object) };
    return this.#store(id, { ...current, ...(patch as object), metadata } as T);
  }

  #guard(
    current: KubeObject,
    guard: { readonly uid?: string | undefined; readonly resourceVersion?: string | undefined },
  ): void {
    const { uid, resourceVersion } = current.metadata;
    const sameVersion = guard.resourceVersion === undefined || guard.resourceVersion === resourceVersion;
    if (!sameVersion || (guard.uid !== undefined && guard.uid !== uid)) throw kubeError('Conflict');
  }

  #store<T extends KubeObject>(id: string, object: T): Written<T> {
    this.#version += 1;
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: `${this.#version}` } };
    this.#objects.set(id, stored);
    return { object: structuredClone(stored), serverTimeMs: undefined };
  }
}

async function abortable(wait: Promise<void> | undefined, signal: AbortSignal | undefined): Promise<void> {
  if (wait === undefined) return;
  const aborted = new Promise<never>((_, reject) => {
    const end = (): void => reject(kubeError('Timeout', true));
    if (signal?.aborted === true) end();
    else signal?.addEventListener('abort', end, { once: true });
  });
  await Promise.race([wait, aborted]);
}
