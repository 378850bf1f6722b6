/**
 * A cached object as text. What its key and its kind say already is left out, and what all objects repeat is shortened; its uid
 * comes first, so that it can be compared without parsing. V8 keeps the result as one flat string, one byte per character for
 * ASCII.
 */
import { parseKey, type KubeObject, type ResourceType } from '../api/meta.ts';
import type { Revision } from './resource-version.ts';
import { WordTable } from './word-table.ts';

const UID_AT = 2;
const QUOTE = 0x22;
/** Begins a token for the n-th of the strings that an object repeats; see {@link WordTable} for why no text has it. */
const REPEATED = '\x1f';
/** What is worth a token, and can stand in JSON as it is. */
const PLAIN = /^[-\w:./]{8,}$/;
/** Tells them apart. None of these is in a {@link PLAIN} string: one that began with a mark could take another's token apart. */
const MARKS = '()*+,;<=>?';
/** One for all kinds of the process: they share most of their words. */
const words = new WordTable();

/**
 * `["uid","repeated",…,{…}]`, shortened.
 * @param repeats strings that may stand in the object more than once
 */
export function encode(object: KubeObject, repeats: readonly (string | undefined)[] = []): string {
  const { metadata } = object;
  const head = [metadata.uid ?? ''];
  let json = JSON.stringify({
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
  });
  for (const text of repeats) {
    if (text === undefined || !PLAIN.test(text) || head.length > MARKS.length) continue;
    json = json.replaceAll(text, REPEATED + MARKS.charAt(head.length - 1));
    head.push(text);
  }
  return words.shorten(`${JSON.stringify(head).slice(0, -1)},${json}]`);
}

/** A fresh copy each time: whoever changes it changes nothing else. */
export function decode(type: ResourceType, key: string, revision: Revision, text: string): KubeObject {
  const [uid, rest] = parts(words.restore(text));
  const { namespace, name } = parseKey(key);
  const place = namespace === '' ? { name } : { name, namespace };
  return {
    apiVersion: type.group === '' ? type.version : `${type.group}/${type.version}`,
    kind: type.kind,
    ...rest,
    metadata: { ...place, uid, resourceVersion: String(revision), ...rest.metadata },
  };
}

function parts(text: string): readonly [string, Partial<KubeObject>] {
  const start = text.indexOf(',{', text.indexOf('"', UID_AT));
  const [uid = '', ...repeats] = JSON.parse(`${text.slice(0, start)}]`) as readonly string[];
  let json = text.slice(start + 1, -1);
  for (const [index, repeated] of repeats.entries()) json = json.replaceAll(REPEATED + MARKS.charAt(index), repeated);
  return [uid, JSON.parse(json) as Partial<KubeObject>];
}

/** Whether two texts are of the same object. */
export function sameUid(a: string, b: string): boolean {
  const end = a.indexOf('"', UID_AT);
  return end >= 0 && b.startsWith(a.slice(0, end + 1));
}

export function hasUid(text: string, uid: string): boolean {
  return text.startsWith(uid, UID_AT) && text.charCodeAt(UID_AT + uid.length) === QUOTE;
}
