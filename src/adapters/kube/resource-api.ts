/**
 * {@link KubeApi} over the transport: what each call is on the wire, and how often it may be sent. The API server is the
 * authority on the shape of its answers; they are not checked here.
 */
import { keyOf, type KubeObject, type ObjectKey, type ResourceType } from '../../api/meta.ts';
import {
  hasCode,
  type CallOptions,
  type DeleteOptions,
  type GuardedPatch,
  type KubeApi,
  type ListOptions,
  type ListPage,
  type WriteOptions,
  type Written,
} from '../../ports/kube.ts';
import { pageOf } from './list-page.ts';
import { collectionPath, objectPath, queryOf } from './paths.ts';
import type { PoolName } from './pools.ts';
import type { RetryClass } from './retry.ts';
import type { Call, Replied, Transport } from './transport.ts';

const MERGE_PATCH = 'application/merge-patch+json';
const JSON_BODY = 'application/json';
const PAGE = 500;
/** A snapshot that expires this often is too slow to be read in pages. */
const MAX_PAGED_ATTEMPTS = 3;

type Details = Partial<Pick<Call, 'body' | 'contentType' | 'signal' | 'mayStillSend' | 'retry'>>;

export class ResourceApi implements KubeApi {
  readonly #transport: Transport;
  readonly #pool: PoolName;
  readonly #timeoutMs: number;

  constructor(transport: Transport, pool: PoolName, timeoutMs: number) {
    this.#transport = transport;
    this.#pool = pool;
    this.#timeoutMs = timeoutMs;
  }

  async get<T extends KubeObject>(type: ResourceType, key: ObjectKey, options: CallOptions = {}): Promise<T> {
    const { body } = await this.#one('GET', type, key, { retry: 'Read', signal: options.signal });
    return JSON.parse(body) as T;
  }

  async list<T extends KubeObject>(type: ResourceType, options: ListOptions = {}): Promise<readonly T[]> {
    for (let attempt = 1; attempt < MAX_PAGED_ATTEMPTS; attempt += 1) {
      try {
        return await this.#pages<T>(type, options, PAGE);
      } catch (error) {
        if (!hasCode(error, 'Gone')) throw error;
      }
    }
    return await this.#pages<T>(type, options, 0);
  }

  async create<T extends KubeObject>(type: ResourceType, object: T, options: WriteOptions): Promise<Written<T>> {
    const namespace = object.metadata.namespace;
    return await this.#write<T>({
      ...this.#base('POST', 'create', type, `${namespace ?? ''}/${object.metadata.name}`),
      path: collectionPath(type, type.namespaced ? (namespace ?? '') : undefined) + managerQuery(options),
      body: JSON.stringify(object),
      contentType: JSON_BODY,
      signal: options.signal,
      mayStillSend: options.mayStillSend,
    });
  }

  patch<T extends KubeObject>(
    type: ResourceType,
    key: ObjectKey,
    patch: GuardedPatch,
    options: WriteOptions,
  ): Promise<Written<T>> {
    return this.#patch(type, key, patch, { ...options, subresource: '' });
  }

  async patchStatus<T extends KubeObject>(
    type: ResourceType,
    key: ObjectKey,
    patch: GuardedPatch,
    options: WriteOptions,
  ): Promise<Written<T>> {
    if (!isSet(patch.metadata.resourceVersion)) {
      throw unguarded(type, key, 'a status patch needs metadata.resourceVersion');
    }
    return await this.#patch(type, key, patch, { ...options, subresource: '/status' });
  }

  async replace<T extends KubeObject>(type: ResourceType, object: T, options: WriteOptions): Promise<Written<T>> {
    const { namespace = '', name, resourceVersion } = object.metadata;
    const key = { namespace, name };
    if (!isSet(resourceVersion)) throw unguarded(type, key, 'a replace needs metadata.resourceVersion');
    return await this.#write<T>({
      ...this.#base('PUT', 'replace', type, keyOf(key)),
      path: objectPath(type, key) + managerQuery(options),
      retry: 'Guarded',
      body: JSON.stringify(object),
      contentType: JSON_BODY,
      signal: options.signal,
      mayStillSend: options.mayStillSend,
    });
  }

  async delete(type: ResourceType, key: ObjectKey, options: DeleteOptions): Promise<void> {
    if (!isSet(options.uid)) throw unguarded(type, key, 'a delete needs the uid of what it means');
    const { uid, resourceVersion } = options;
    const body = JSON.stringify({
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      preconditions: { uid, resourceVersion },
      propagationPolicy: 'Background',
    });
    await this.#one('DELETE', type, key, {
      retry: 'Guarded',
      body,
      contentType: JSON_BODY,
      signal: options.signal,
      mayStillSend: options.mayStillSend,
    });
  }

  async #patch<T extends KubeObject>(
    type: ResourceType,
    key: ObjectKey,
    patch: GuardedPatch,
    options: WriteOptions & { readonly subresource: string },
  ): Promise<Written<T>> {
    const versioned = isSet(patch.metadata.resourceVersion);
    if (!versioned && !isSet(patch.metadata.uid)) {
      throw unguarded(type, key, 'a patch needs metadata.resourceVersion or metadata.uid');
    }
    return await this.#write<T>({
      ...this.#base('PATCH', 'patch', type, keyOf(key)),
      path: objectPath(type, key) + options.subresource + managerQuery(options),
      // A uid says which object, not which version of it: sent twice it could undo somebody's change in between.
      retry: versioned ? 'Guarded' : 'Once',
      body: JSON.stringify(patch),
      contentType: MERGE_PATCH,
      signal: options.signal,
      mayStillSend: options.mayStillSend,
    });
  }

  async #write<T extends KubeObject>(call: Call): Promise<Written<T>> {
    const { body, serverTimeMs } = await this.#transport.call(call);
    return { object: JSON.parse(body) as T, serverTimeMs };
  }

  async #pages<T extends KubeObject>(type: ResourceType, options: ListOptions, limit: number): Promise<readonly T[]> {
    const found: T[] = [];
    let continueToken: string | undefined;
    do {
      const { namespace, labelSelector, fieldSelector, signal } = options;
      const page: ListPage<T> = await this.#page<T>(type, namespace, signal, {
        limit: limit === 0 ? undefined : String(limit),
        continue: continueToken,
        labelSelector,
        fieldSelector,
      });
      found.push(...page.items);
      continueToken = page.continueToken;
    } while (continueToken !== undefined);
    return found;
  }

  async #page<T extends KubeObject>(
    type: ResourceType,
    namespace: string | undefined,
    signal: AbortSignal | undefined,
    query: Readonly<Record<string, string | undefined>>,
  ): Promise<ListPage<T>> {
    const { body } = await this.#transport.call({
      ...this.#base('GET', 'list', type, namespace ?? 'everywhere'),
      path: collectionPath(type, namespace) + queryOf(query),
      retry: 'Read',
      signal,
    });
    return pageOf<T>(type, body);
  }

  #one(method: 'GET' | 'DELETE', type: ResourceType, key: ObjectKey, details: Details): Promise<Replied> {
    const base = this.#base(method, method.toLowerCase(), type, keyOf(key));
    return this.#transport.call({ ...base, path: objectPath(type, key), ...details });
  }

  #base(method: Call['method'], verb: string, type: ResourceType, what: string) {
    const retry: RetryClass = 'Once';
    // Objects of the whole cluster have a key without a namespace.
    const subject = `${type.plural} ${what.replace(/^\//, '')}`;
    return { method, verb, resource: type.plural, subject, pool: this.#pool, timeoutMs: this.#timeoutMs, retry };
  }
}

function managerQuery(options: WriteOptions): string {
  return queryOf({ fieldManager: options.fieldManager });
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '';
}

function unguarded(type: ResourceType, key: ObjectKey, rule: string): TypeError {
  return new TypeError(`kube: ${type.plural} ${keyOf(key)}: ${rule}; it would hit whoever has the name`);
}
