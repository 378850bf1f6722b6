/** Reads a whole list in pages of one snapshot, into a replacement of the store's content. */
import type { KubeObject, ResourceType } from '../api/meta.ts';
import { hasCode, type KubeWatchApi } from '../ports/kube.ts';
import type { Replacement } from './replacement.ts';
import type { Slice } from './slice.ts';
import type { Store } from './store.ts';

const PAGE = 500;
/** A snapshot that expires while it is being read is begun again; the third time it is asked for in one answer. */
const PAGED_ATTEMPTS = 2;

export interface ListRequest {
  readonly kube: KubeWatchApi;
  readonly type: ResourceType;
  readonly namespace: string | undefined;
  readonly signal: AbortSignal;
  readonly slice: Slice;
  /** Called for each page. */
  readonly onPage: () => void;
}

/** @throws KubeError */
export async function listInto<T extends KubeObject, F>(
  store: Store<T, F>,
  request: ListRequest,
): Promise<{ readonly replacement: Replacement<T, F>; readonly resourceVersion: string }> {
  for (let attempt = 1; attempt <= PAGED_ATTEMPTS; attempt += 1) {
    try {
      return await pages(store, request, PAGE);
    } catch (error) {
      if (!hasCode(error, 'Gone')) throw error;
    }
  }
  return await pages(store, request, 0);
}

async function pages<T extends KubeObject, F>(store: Store<T, F>, request: ListRequest, limit: number) {
  const { kube, type, namespace, signal, slice, onPage } = request;
  const replacement = store.beginReplacement();
  const where = namespace === undefined ? { type } : { type, namespace };
  let continueToken: string | undefined;
  let resourceVersion: string;
  do {
    const rest = continueToken === undefined ? {} : { continueToken };
    const page = await kube.listPage({ ...where, ...rest, limit, signal });
    onPage();
    for (const item of page.items) {
      replacement.put(item as T);
      if (slice.over) await slice.yield();
    }
    ({ continueToken, resourceVersion } = page);
  } while (continueToken !== undefined);
  return { replacement, resourceVersion };
}
