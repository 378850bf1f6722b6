/**
 * The cases of test/crds/<kind>/, one or a few files each. Every document is a merge patch (RFC 7386): the first one of a
 * case is applied to `base.yaml` and created, the others are sent to the API server as they are. Of each document the spec
 * goes to the object and the status to its status subresource.
 *
 * - `<case>.yaml`: is created. Accepted, or refused with the lines of `<case>.err`.
 * - `<case>.pre.yaml`, `<case>.post.yaml`: how the object comes to be as it is (each document accepted; without the file:
 *   base.yaml is created), and what happens to it then. Accepted, or refused with the lines of `<case>.tx_err`.
 *
 * A line of a refusal is `field: words`, as kubectl prints it, without the value that was wrong.
 */
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseAllDocuments } from 'yaml';

export type Json = Readonly<Record<string, unknown>>;

/** One request. `patch` and `patchStatus` carry a merge patch, `create` a whole object without status. */
export interface Write {
  readonly how: 'create' | 'patch' | 'patchStatus';
  readonly body: Json;
}

export interface Case {
  /** Plural of the kind, also the name of the folder. */
  readonly kind: string;
  readonly name: string;
  /** All of them are accepted. */
  readonly before: readonly Write[];
  readonly last: Write;
  /** Sorted; empty where the last write is accepted. */
  readonly refusals: readonly string[];
}

/** @throws Error naming the file that belongs to no case, or says nothing. */
export function readCases(root: string): readonly Case[] {
  return globSync('*/base.yaml', { cwd: root }).flatMap((base) => readKind(root, path.dirname(base)));
}

function readKind(root: string, kind: string): readonly Case[] {
  const folder = path.join(root, kind);
  const names = new Set<string>();
  for (const file of readdirSync(folder)) {
    const match = /^([a-z0-9-]+)(\.yaml|\.pre\.yaml|\.post\.yaml|\.err|\.tx_err)$/.exec(file);
    if (match?.[1] === undefined) throw new Error(`${folder}/${file}: no file of a case: see test/crds/fixtures.ts`);
    if (file !== 'base.yaml') names.add(match[1]);
  }
  return [...names].sort().map((name) => readCase(folder, kind, name));
}

function readCase(folder: string, kind: string, name: string): Case {
  const file = (suffix: string) => path.join(folder, name + suffix);
  const base = documents(path.join(folder, 'base.yaml'));
  const isCreation = existsSync(file('.yaml'));
  const [first, ...more] = isCreation ? documents(file('.yaml')) : preparation(file('.pre.yaml'));
  const rest = isCreation ? more : [...more, ...documents(file('.post.yaml'))];
  const object = merged(base[0], first) as Json;
  const writes = [...created(object), ...rest.flatMap(patches)];
  const last = writes.at(-1);
  if (last === undefined) throw new Error(`${folder}/${name}: nothing to send: write a document`);
  const words = file(isCreation ? '.err' : '.tx_err');
  const refusals = existsSync(words) ? readFileSync(words, 'utf8').trimEnd().split('\n').sort() : [];
  return { kind, name, before: writes.slice(0, -1), last, refusals };
}

function preparation(file: string): readonly Json[] {
  return existsSync(file) ? documents(file) : [{}];
}

function documents(file: string): readonly Json[] {
  const parsed = parseAllDocuments(readFileSync(file, 'utf8'));
  if (!Array.isArray(parsed) || parsed.length === 0) throw new Error(`${file}: no document: write one, or remove it`);
  return parsed.map((document) => {
    const [problem] = document.errors;
    if (problem !== undefined) throw new Error(`${file}: ${problem.message}`);
    return (document.toJS() ?? {}) as Json;
  });
}

function created({ status, ...object }: Json): readonly Write[] {
  const creation: Write = { how: 'create', body: object };
  return status === undefined ? [creation] : [creation, { how: 'patchStatus', body: { status } }];
}

function patches({ status, ...rest }: Json): readonly Write[] {
  const main: readonly Write[] = Object.keys(rest).length === 0 ? [] : [{ how: 'patch', body: rest }];
  return status === undefined ? main : [...main, { how: 'patchStatus', body: { status } }];
}

/** RFC 7386. */
function merged(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(result, key);
    else result[key] = merged(result[key], value);
  }
  return result;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
