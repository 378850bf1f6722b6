/** Single objects of the fake API server: reads, and writes under the guards that the client promises to send. */
import type { ServerResponse } from 'node:http';
import type { KubeObject, ObjectMeta } from '../../../src/api/meta.ts';
import type { Incoming } from './server.ts';
import { sendJson, sendStatus } from './status.ts';
import type { StoredObject, World } from './world.ts';

type Json = Readonly<Record<string, unknown>>;

export function answerWrite(world: World, incoming: Incoming, pathname: string): void {
  const { response, verb } = incoming;
  if (verb === 'create') {
    create(world, response, JSON.parse(incoming.body) as KubeObject);
    return;
  }
  const [, namespace = '', name = ''] = /namespaces\/([^/]+)\/things\/([^/]+)/.exec(pathname) ?? [];
  const key = `${decodeURIComponent(namespace)}/${decodeURIComponent(name)}`;
  const object = world.objects.get(key);
  if (object === undefined) {
    const details = { name, group: 'test.dev', kind: 'things' };
    sendStatus(response, 404, { reason: 'NotFound', message: `things.test.dev "${name}" not found`, details });
    return;
  }
  if (verb === 'get') sendJson(response, 200, object);
  else change(world, incoming, { key, object });
}

function create(world: World, response: ServerResponse, object: KubeObject): void {
  const { name, namespace = '' } = object.metadata;
  if (world.objects.has(`${namespace}/${name}`)) {
    const message = `things.test.dev "${name}" already exists`;
    sendStatus(response, 409, { reason: 'AlreadyExists', message, details: { name } });
  } else sendJson(response, 201, world.store(object));
}

function change(
  world: World,
  { response, verb, body }: Incoming,
  { key, object }: { readonly key: string; readonly object: StoredObject },
): void {
  const sent = JSON.parse(body) as { metadata?: Partial<ObjectMeta>; preconditions?: Partial<ObjectMeta> };
  const refusal = conflict(verb === 'delete' ? sent.preconditions : sent.metadata, object);
  if (refusal !== undefined) {
    sendStatus(response, 409, { reason: 'Conflict', message: refusal });
    return;
  }
  if (verb === 'delete') {
    world.remove(key);
    sendStatus(response, 200, { message: 'deleted' });
    return;
  }
  const next = verb === 'patch' ? merge(object as unknown as Json, sent) : (sent as Json);
  sendJson(response, 200, world.store(next as unknown as KubeObject));
}

function conflict(guard: Partial<ObjectMeta> | undefined, { metadata }: StoredObject): string | undefined {
  if (guard?.uid !== undefined && guard.uid !== metadata.uid) return 'Precondition failed: the UID does not match';
  const stale = guard?.resourceVersion !== undefined && guard.resourceVersion !== metadata.resourceVersion;
  return stale ? 'Operation cannot be fulfilled: the object has been modified' : undefined;
}

/** RFC 7386. */
function merge(target: Json, patch: Json): Json {
  const merged: Record<string, unknown> = { ...target };
  for (const [name, value] of Object.entries(patch)) {
    const before = merged[name];
    if (value === null) Reflect.deleteProperty(merged, name);
    else merged[name] = isObject(value) ? merge(isObject(before) ? before : {}, value) : value;
  }
  return merged;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
