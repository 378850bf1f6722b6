/** Decodes the answer to a list. */
import type { KubeObject, ResourceType } from '../../api/meta.ts';
import { KubeError, type ListPage } from '../../ports/kube.ts';

interface ListBody<T> {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items?: readonly T[] | null;
}

/**
 * Items of Kubernetes' own kinds come without kind and apiVersion; here every object has them.
 * @throws KubeError where it is no list, or has no resourceVersion
 */
export function pageOf<T extends KubeObject>(type: ResourceType, body: string): ListPage<T> {
  const list = JSON.parse(body) as ListBody<T>;
  const resourceVersion = list.metadata?.resourceVersion ?? '';
  const items = list.items ?? [];
  if (resourceVersion === '' || !Array.isArray(items)) {
    throw new KubeError(`kube: GET ${type.plural}: the answer is no list with a resourceVersion`, {
      code: 'Unavailable',
      status: 200,
    });
  }
  const apiVersion = type.group === '' ? type.version : `${type.group}/${type.version}`;
  const named = (items as readonly Partial<T>[]).map((item) => ({ apiVersion, kind: type.kind, ...item }) as T);
  const token = list.metadata?.continue ?? '';
  return { items: named, resourceVersion, continueToken: token === '' ? undefined : token };
}
