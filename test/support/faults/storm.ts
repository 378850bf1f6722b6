/** Fifty items through their whole lives, whoever the operator is at the moment. */
import type { BackupItem } from '../../../src/api/backup-item.gen.ts';
import { BACKUP_ITEMS } from '../../../src/api/names.ts';
import { hasCode, isNotFound } from '../../../src/ports/kube.ts';
import { until } from '../operator/until.ts';
import type { Place } from './place.ts';

/** What becomes of an item in the end. */
export type Fate = 'Purged' | 'HandedOverAndGone' | 'Undeleted' | 'Resumed' | 'Kept';

const fates: readonly Fate[] = ['Purged', 'HandedOverAndGone', 'Undeleted', 'Resumed', 'Kept'];
const PATIENCE = { withinMs: 180_000, everyMs: 250 };

export interface Storm {
  readonly fates: ReadonlyMap<string, Fate>;
  /** Bytes by itemID as they were before anything was deleted. */
  readonly bytes: ReadonlyMap<string, string>;
  readonly itemIDs: ReadonlyMap<string, string>;
}

/** Protects `count` items and deletes them as their fates have it. Resolves when all of it was asked for. */
export async function beginStorm(place: Place, count: number): Promise<Storm> {
  const names = Array.from({ length: count }, (_, index) => `vm-${index}`);
  await Promise.all(names.map((name) => place.protect(name)));
  const isProtected = ({ status }: BackupItem): boolean => (status?.recoveryPoints?.count ?? 0) > 0;
  const items = await until(
    'all are protected',
    async () => {
      const seen = await place.items();
      return seen.length === count && seen.every(isProtected) && seen;
    },
    PATIENCE,
  );
  const itemIDs = new Map(items.map(({ metadata, status }) => [metadata.name, status?.itemID ?? '']));
  const bytes = new Map((await place.disks()).map(({ itemID, content }) => [itemID, content]));
  const all = new Map(names.map((name, index) => [name, fates[index % fates.length] ?? 'Kept']));
  await Promise.all([...all].map(([name, fate]) => ask(place, name, fate)));
  return { fates: all, bytes, itemIDs };
}

async function ask(place: Place, name: string, fate: Fate): Promise<void> {
  if (fate === 'Kept') return;
  if (fate === 'HandedOverAndGone') {
    await place.remove(BACKUP_ITEMS, name);
    return;
  }
  await place.setProtection(name, 'StopDeleteData');
  if (fate === 'Purged') return;
  await place.itemIs(name, 'is ToBeDeleted', ({ status }) => status?.deleteState === 'ToBeDeleted', PATIENCE);
  await place.setProtection(name, 'StopRetainData');
  if (fate === 'Undeleted') return;
  await place.itemIs(name, 'is undeleted', ({ status }) => status?.deleteState === 'NotDeleted', PATIENCE);
  await until(`${name} is resumed`, () => resume(place, name), PATIENCE);
}

async function resume(place: Place, name: string): Promise<boolean> {
  try {
    const { metadata } = await place.item(name);
    const patch = { metadata: { uid: metadata.uid ?? '' }, spec: { protection: 'Active' } };
    await place.admin.patch(BACKUP_ITEMS, { namespace: place.namespace, name }, patch, { fieldManager: 'kubectl' });
    return true;
  } catch (error) {
    if (hasCode(error, 'Invalid', 'Conflict')) return false;
    throw error;
  }
}

/** What each item is now, in the words of its fate; where it isn't there yet, what it is instead. */
export async function fatesNow(place: Place, storm: Storm): Promise<ReadonlyMap<string, string>> {
  const now = new Map<string, string>();
  for (const name of storm.fates.keys()) now.set(name, await fateNow(place, name));
  return now;
}

async function fateNow(place: Place, name: string): Promise<string> {
  try {
    const { spec, status } = await place.item(name);
    if (status?.deleteState === 'Purged') return 'Purged';
    if (status?.deleteState !== 'NotDeleted') return `still ${String(status?.deleteState)}`;
    if (spec.protection === 'StopRetainData') return 'Undeleted';
    return status.protectionState === 'Protected' ? 'Protected' : `still ${String(status.protectionState)}`;
  } catch (error) {
    if (isNotFound(error)) return 'HandedOverAndGone';
    throw error;
  }
}

/** Kept and resumed look the same from outside: both are protected. */
export function expectedOf(storm: Storm): ReadonlyMap<string, string> {
  const seen = (fate: Fate): string => (fate === 'Kept' || fate === 'Resumed' ? 'Protected' : fate);
  return new Map([...storm.fates].map(([name, fate]) => [name, seen(fate)]));
}

/** The bytes that must still be there: of everything that was not purged, and nothing else. */
export function expectedBytes(storm: Storm): readonly string[] {
  const kept: string[] = [];
  for (const [name, fate] of storm.fates) {
    if (fate === 'Purged' || fate === 'HandedOverAndGone') continue;
    kept.push(storm.bytes.get(storm.itemIDs.get(name) ?? '') ?? `no bytes of ${name}`);
  }
  return kept.sort();
}
