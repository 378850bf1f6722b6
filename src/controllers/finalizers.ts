/** Adds or removes one finalizer of ours, guarded by resourceVersion, and keeps the cache in step. */
import type { KubeObject, ResourceType } from '../api/meta.ts';
import { keyOf } from '../api/meta.ts';
import { MANAGER } from '../api/names.ts';
import { isNotFound, type KubeApi } from '../ports/kube.ts';

interface WritableCache<T> {
  upsert(object: T): boolean;
  forget(key: string, gone: { readonly uid: string }): void;
}

interface Change<T> {
  readonly type: ResourceType;
  /** As the decision saw it: its whole list of finalizers is what is patched. */
  readonly object: T;
  readonly finalizer: string;
  readonly present: boolean;
}

export async function patchFinalizers<T extends KubeObject>(
  kube: KubeApi,
  cache: WritableCache<T>,
  { type, object, finalizer, present }: Change<T>,
): Promise<void> {
  const { metadata } = object;
  const key = { namespace: metadata.namespace ?? '', name: metadata.name };
  const uid = metadata.uid ?? '';
  const others = (metadata.finalizers ?? []).filter((name) => name !== finalizer);
  const finalizers = present ? [...others, finalizer] : others;
  try {
    const written = await kube.patch<T>(
      type,
      key,
      { metadata: { resourceVersion: metadata.resourceVersion ?? '', uid, finalizers } },
      { fieldManager: MANAGER },
    );
    // A terminating object without finalizers is gone; the answer was its last state.
    const gone = metadata.deletionTimestamp !== undefined && finalizers.length === 0;
    if (gone) cache.forget(keyOf(key), { uid });
    else cache.upsert(written.object);
  } catch (error) {
    if (!isNotFound(error) || present) throw error;
    cache.forget(keyOf(key), { uid });
  }
}
