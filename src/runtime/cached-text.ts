/**
 * A cached object as text. What its key and its kind say already is left out; its uid comes first, so that it can be
 * compared without parsing. V8 keeps the result as one flat string, one byte per character for ASCII.
 */
import { parseKey, type KubeObject, type ResourceType } from '../api/meta.ts';
import type { Revision } from './resource-version.ts';

const UID_AT = 2;
const QUOTE = 0x22;

/** `["uid",{…}]`. */
export function encode(object: KubeObject): string {
  const { metadata } = object;
  return JSON.stringify([
    metadata.uid ?? '',
    {
      ...object,
      apiVersion: undefined,
      kind: undefined,
      metadata: {
        ...metadata,
        name: undefined,
        namespace: undefined,
        uid: undefined,
        resourceVersion: undefined,
        managedFields: undefined,
      },
    },
  ]);
}

/** A fresh copy each time: whoever changes it changes nothing else. */
export function decode(type: ResourceType, key: string, revision: Revision, text: string): KubeObject {
  const [uid, rest] = JSON.parse(text) as [string, Partial<KubeObject>];
  const { namespace, name } = parseKey(key);
  const place = namespace === '' ? { name } : { name, namespace };
  return {
    apiVersion: type.group === '' ? type.version : `${type.group}/${type.version}`,
    kind: type.kind,
    ...rest,
    metadata: { ...place, uid, resourceVersion: String(revision), ...rest.metadata },
  };
}

/** Whether two texts are of the same object. */
export function sameUid(a: string, b: string): boolean {
  const end = a.indexOf('"', UID_AT);
  return end >= 0 && b.startsWith(a.slice(0, end + 1));
}

export function hasUid(text: string, uid: string): boolean {
  return text.startsWith(uid, UID_AT) && text.charCodeAt(UID_AT + uid.length) === QUOTE;
}
