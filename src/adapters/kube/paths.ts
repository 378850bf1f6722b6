/** URLs of the API. A wrong one is a wrong target, so names are checked here, before anything is sent. */
import type { ObjectKey, ResourceType } from '../../api/meta.ts';

/** Path of a kind's collection: in one namespace, or over all of them. */
export function collectionPath(type: ResourceType, namespace?: string): string {
  const root = type.group === '' ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
  return namespace === undefined || !type.namespaced
    ? `${root}/${type.plural}`
    : `${root}/namespaces/${segment(namespace, type, 'namespace')}/${type.plural}`;
}

/** Path of one object. An empty name would make a DELETE of it a DELETE of the whole collection. */
export function objectPath(type: ResourceType, key: ObjectKey): string {
  return `${collectionPath(type, key.namespace)}/${segment(key.name, type, 'name')}`;
}

/** @returns `?a=b&c=d` without the undefined ones, or the empty string. */
export function queryOf(parameters: Readonly<Record<string, string | undefined>>): string {
  const pairs = Object.entries(parameters)
    .filter((pair): pair is [string, string] => pair[1] !== undefined)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

/** As ValidatePathSegmentName of apimachinery: not empty, not `.` or `..`, without `/` and `%`. */
function segment(value: string, type: ResourceType, what: string): string {
  if (value === '' || value === '.' || value === '..' || /[/%]/.test(value)) {
    throw new TypeError(`kube: ${what} '${value}' of a ${type.kind} cannot be part of a path; name one object`);
  }
  return encodeURIComponent(value);
}
