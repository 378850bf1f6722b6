/** Writes to the API server: optimistic locking, generations, finalizers, a namespace that takes nothing new. */
import type { BackupItem, BackupItemProtection, BackupItemStatus } from '../../../../src/api/backup-item.gen.ts';
import type { ObjectMeta } from '../../../../src/api/meta.ts';
import { formatInstant } from '../../../../src/domain/time.ts';
import { forbidsIntent, forbidsStatus } from './life-cycle.ts';
import { type Kind, type ObjectOf, put, Refused, without, type World } from './world.ts';

/** What a write was decided on; undefined: a user's unconditional write. */
export interface Seen {
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
}

export function seen({ metadata }: { readonly metadata: ObjectMeta }): Seen {
  return { uid: metadata.uid, resourceVersion: metadata.resourceVersion };
}

export interface Written<K extends Kind> {
  readonly world: World;
  /** Undefined where the object is gone with this write. */
  readonly object: ObjectOf<K> | undefined;
}

export function read<K extends Kind>(world: World, kind: K, name: string): ObjectOf<K> {
  const object = world.api[kind][name];
  if (object === undefined) throw new Refused('NotFound', `${kind} ${name}`);
  return object as ObjectOf<K>;
}

/** Replaces an object; one that is terminating and has lost its last finalizer is gone. */
export function update<K extends Kind>(
  world: World,
  kind: K,
  { name, guard, change }: { name: string; guard?: Seen | undefined; change: (object: ObjectOf<K>) => ObjectOf<K> },
): Written<K> {
  const before = read(world, kind, name);
  if (guard !== undefined && guard.uid !== before.metadata.uid) throw new Refused('Conflict', `${name}: another uid`);
  if (guard !== undefined && guard.resourceVersion !== before.metadata.resourceVersion) {
    throw new Refused('Conflict', `${name}: changed`);
  }
  const changed = change(before);
  const metadata = { ...changed.metadata, resourceVersion: String(Number(before.metadata.resourceVersion) + 1) };
  const object = { ...changed, metadata } as ObjectOf<K>;
  if (metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).length === 0) {
    return { world: { ...world, api: without(world.api, kind, name) }, object: undefined };
  }
  return { world: { ...world, api: put(world.api, kind, object) }, object };
}

export function create<K extends Kind>(world: World, kind: K, object: ObjectOf<K>): Written<K> {
  const { name } = object.metadata;
  if (world.api.namespaceTerminating) throw new Refused('Forbidden', 'the namespace is being terminated');
  if (world.api[kind][name] !== undefined) throw new Refused('AlreadyExists', `${kind} ${name}`);
  const metadata: ObjectMeta = {
    ...object.metadata,
    uid: `u${world.created}`,
    resourceVersion: '1',
    generation: 1,
    creationTimestamp: formatInstant(world.now),
  };
  const stored = { ...object, metadata } as ObjectOf<K>;
  return { world: { ...world, created: world.created + 1, api: put(world.api, kind, stored) }, object: stored };
}

/** A DELETE: marks what has finalizers, removes what has none. It raises the generation, once. */
export function remove<K extends Kind>(world: World, kind: K, name: string, guard?: Seen): Written<K> {
  const now = formatInstant(world.now);
  return update(world, kind, {
    name,
    guard,
    change: (object) => {
      const { deletionTimestamp, generation = 0 } = object.metadata;
      if (deletionTimestamp !== undefined) return object;
      return { ...object, metadata: { ...object.metadata, deletionTimestamp: now, generation: generation + 1 } };
    },
  });
}

export function setFinalizer<K extends Kind>(
  world: World,
  kind: K,
  { name, guard, finalizer, present }: { name: string; guard?: Seen; finalizer: string; present: boolean },
): Written<K> {
  return update(world, kind, {
    name,
    guard,
    change: (object) => {
      const others = (object.metadata.finalizers ?? []).filter((one) => one !== finalizer);
      const adds = present && !(object.metadata.finalizers ?? []).includes(finalizer);
      if (adds && object.metadata.deletionTimestamp !== undefined) throw new Refused('Invalid', 'no finalizer now');
      return { ...object, metadata: { ...object.metadata, finalizers: present ? [...others, finalizer] : others } };
    },
  });
}

/** A user's edit of the intent. */
export function setIntent(world: World, name: string, protection: BackupItemProtection): World {
  return update(world, 'items', {
    name,
    change: (item) => {
      const refusal = forbidsIntent(item, protection);
      if (refusal !== undefined) throw new Refused('Invalid', refusal);
      const { generation = 0 } = item.metadata;
      const metadata = { ...item.metadata, generation: generation + (item.spec.protection === protection ? 0 : 1) };
      return { ...item, metadata, spec: { ...item.spec, protection } };
    },
  }).world;
}

export function writeItemStatus(
  world: World,
  { name, guard, status }: { name: string; guard: Seen | undefined; status: BackupItemStatus },
): Written<'items'> {
  return update(world, 'items', {
    name,
    guard,
    change: (item): BackupItem => {
      const refusal = forbidsStatus(item.status ?? {}, status);
      if (refusal !== undefined) throw new Refused('Invalid', refusal);
      return { ...item, status };
    },
  });
}
