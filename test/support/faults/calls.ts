/** Calls of an operator as values, so that a test can stand between them and the world. */
import { keyOf, type ObjectKey, type ResourceType } from '../../../src/api/meta.ts';
import type { Engine, EnginePoint } from '../../../src/ports/engine.ts';
import type { GuardedPatch, KubeApi } from '../../../src/ports/kube.ts';

export interface ApiCall {
  readonly target: 'Api';
  readonly verb: 'get' | 'list' | 'create' | 'patch' | 'patchStatus' | 'replace' | 'delete';
  readonly type: ResourceType;
  /** `namespace/name`; of a list the namespace. */
  readonly key: string;
  /** Of a write: what is sent. */
  readonly body: unknown;
}

export interface EngineCall {
  readonly target: 'Engine';
  readonly verb: 'inspect' | 'take' | 'hold' | 'release' | 'probe' | 'purge' | 'leftovers';
  readonly point: EnginePoint | undefined;
}

export type OperatorCall = ApiCall | EngineCall;

/** Decides what becomes of a call: `send` carries it out; what this returns or throws is its answer. */
export type Around = (call: OperatorCall, send: () => Promise<unknown>) => Promise<unknown>;

/** `patch backupitems/status team-a/db`, `engine.hold`: for messages. */
export function describeCall(call: OperatorCall): string {
  if (call.target === 'Engine') return `engine.${call.verb}`;
  const status = call.verb === 'patchStatus' ? '/status' : '';
  return `${call.verb === 'patchStatus' ? 'patch' : call.verb} ${call.type.plural}${status} ${call.key}`;
}

export function isWrite(call: OperatorCall): boolean {
  return call.target === 'Api' && call.verb !== 'get' && call.verb !== 'list';
}

/** The same API with `around` about every call. */
export function aroundApi(api: KubeApi, around: Around): KubeApi {
  const about = <T>(
    verb: ApiCall['verb'],
    [type, key, body]: readonly [ResourceType, string, unknown],
    send: () => Promise<T>,
  ): Promise<T> => around({ target: 'Api', verb, type, key, body }, send) as Promise<T>;
  const ofObject = (metadata: { readonly namespace?: string; readonly name: string }): string =>
    keyOf({ namespace: metadata.namespace ?? '', name: metadata.name });
  const ofKey = (key: ObjectKey): string => keyOf({ namespace: key.namespace, name: key.name });
  return {
    get: (type, key, options) => about('get', [type, ofKey(key), undefined], () => api.get(type, key, options)),
    list: (type, options) => about('list', [type, options?.namespace ?? '', undefined], () => api.list(type, options)),
    create: (type, object, options) =>
      about('create', [type, ofObject(object.metadata), object], () => api.create(type, object, options)),
    patch: (type, key, patch: GuardedPatch, options) =>
      about('patch', [type, ofKey(key), patch], () => api.patch(type, key, patch, options)),
    patchStatus: (type, key, patch: GuardedPatch, options) =>
      about('patchStatus', [type, ofKey(key), patch], () => api.patchStatus(type, key, patch, options)),
    replace: (type, object, options) =>
      about('replace', [type, ofObject(object.metadata), object], () => api.replace(type, object, options)),
    delete: (type, key, options) => about('delete', [type, ofKey(key), options], () => api.delete(type, key, options)),
  };
}

/** The same engine with `around` about every call. */
export function aroundEngine(engine: Engine, around: Around): Engine {
  const about = <T>(verb: EngineCall['verb'], point: EnginePoint | undefined, send: () => Promise<T>): Promise<T> =>
    around({ target: 'Engine', verb, point }, send) as Promise<T>;
  return {
    type: engine.type,
    inspect: (source) => about('inspect', undefined, () => engine.inspect(source)),
    take: (point) => about('take', point, () => engine.take(point)),
    hold: (point, untilMs) => about('hold', point, () => engine.hold(point, untilMs)),
    release: (point) => about('release', point, () => engine.release(point)),
    probe: (point) => about('probe', point, () => engine.probe(point)),
    purge: (point) => about('purge', point, () => engine.purge(point)),
    leftovers: (itemID) => about('leftovers', undefined, () => engine.leftovers(itemID)),
    subscribe: (changed) => engine.subscribe(changed),
    close: () => engine.close(),
  };
}

/** Several, the first one outermost. */
export function chain(...layers: readonly Around[]): Around {
  return layers.reduceRight<Around>(
    (inner, outer) => (call, send) => outer(call, () => inner(call, send)),
    (_call, send) => send(),
  );
}
