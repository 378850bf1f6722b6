/** One store and one reflector per kind. */
import type { KubeObject } from '../api/meta.ts';
import type { Clock, Random } from '../ports/clock.ts';
import type { KubeWatchApi } from '../ports/kube.ts';
import type { Log } from '../ports/log.ts';
import type { Metrics } from '../ports/metrics.ts';
import type { Cache } from '../runtime/manager.ts';
import { Reflector } from '../runtime/reflector.ts';
import { type CachedKind, Store } from '../runtime/store.ts';
import {
  cachedItems,
  cachedJobs,
  cachedNamespaces,
  cachedPoints,
  cachedPolicies,
  cachedVaults,
  type Stores,
} from './cached-kinds.ts';

interface CacheParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface Caches {
  readonly stores: Stores;
  /** By plural. */
  readonly caches: Readonly<Record<string, Cache>>;
}

/** @param namespaces with exactly one, only that one is watched; with several, all are, and the controllers choose */
export function buildCaches(kube: KubeWatchApi, parts: CacheParts, namespaces: readonly string[]): Caches {
  const caches: Record<string, Cache> = {};
  const [only] = namespaces.length === 1 ? namespaces : [];
  const store = <T extends KubeObject, F>(kind: CachedKind<T, F>): Store<T, F> => {
    const content = new Store(kind, parts);
    const scope = only === undefined || !kind.type.namespaced ? {} : { namespace: only };
    caches[kind.type.plural] = new Reflector(kind.type, content, { kube, ...parts }, scope);
    return content;
  };
  return {
    caches,
    stores: {
      items: store(cachedItems),
      points: store(cachedPoints),
      jobs: store(cachedJobs),
      vaults: store(cachedVaults),
      policies: store(cachedPolicies),
      namespaces: store(cachedNamespaces),
    },
  };
}
