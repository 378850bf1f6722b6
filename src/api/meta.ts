/**
 * The shapes every Kubernetes object has, as they are on the wire: plain JSON, times as RFC 3339 strings. Only the fields
 * that this code reads are named.
 */

/** Metadata of an object. `resourceVersion` is opaque but ordered (see runtime/store). */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly finalizers?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Any object of the API. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

/** Namespace and name: what a work queue holds. */
export interface ObjectKey {
  readonly namespace: string;
  readonly name: string;
}

export type ConditionStatus = 'True' | 'False' | 'Unknown';

/** metav1.Condition. `lastTransitionTime` changes with `status` only. */
export interface Condition {
  readonly type: string;
  readonly status: ConditionStatus;
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
  readonly observedGeneration?: number;
}

/** Where a kind is served. `namespaced: false` for kinds of the whole cluster. */
export interface ResourceType {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** `namespace/name`, the form in which queues, stores and logs name an object. */
export function keyOf(key: ObjectKey): string {
  return `${key.namespace}/${key.name}`;
}

/** The inverse of {@link keyOf}; a key without a slash has the empty namespace. */
export function parseKey(key: string): ObjectKey {
  const slash = key.indexOf('/');
  return slash < 0 ? { namespace: '', name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
