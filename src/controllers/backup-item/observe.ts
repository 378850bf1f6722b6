/** Gathers an Observation from the caches. The only reader of them on the way to a decision about an item. */
import type { ObjectKey } from '../../api/meta.ts';
import { keyOf, parseKey } from '../../api/meta.ts';
import type { RecoveryPoint } from '../../api/recovery-point.gen.ts';
import { decodeItem, decodeJob, decodePoint, decodeVault } from '../../domain/backup-item/decode.ts';
import type { Item, Job, Lookup, Observation, OtherItem, Policy } from '../../domain/backup-item/observation.ts';
import { onePerIdentity, pointsDigest } from '../../domain/backup-item/digest.ts';
import { instantOf, plus } from '../../domain/time.ts';
import { sourceKey, type Stores } from '../cached-kinds.ts';
import { type Context, nowOf } from '../context.ts';
import { allowsSource } from '../source-allowed.ts';
import type { Pass } from './pass.ts';
import type { PurgeRate } from './purge-rate.ts';

/** @returns undefined where there is no such item in the cache */
export function observe(context: Context, key: ObjectKey, pass: Pass, rate: PurgeRate): Observation | undefined {
  const { stores } = context;
  const object = pass.read(stores.items, keyOf(key));
  if (object === undefined) return undefined;
  const item = decodeItem(object);
  // Read once: an observation is of one moment.
  const now = nowOf(context);
  const itemID = item.state.type === 'Known' ? item.state.record.itemID : undefined;
  const source = sourceKey(item.namespace, item.vaultName, item.source);
  const objects = pointObjects(stores, pass, item.namespace, itemID);
  const points = objects.map(decodePoint);
  const vault = pass.read(stores.vaults, keyOf({ namespace: item.namespace, name: item.vaultName }));
  return {
    item,
    vault: vault === undefined ? 'Absent' : decodeVault(vault),
    policy: policyOf(stores, pass, item),
    sourceAllowed: allowsSource(context, item),
    points,
    digest: () => pointsDigest(objects, context.hash),
    jobs: jobsOf(stores, pass, item, itemID),
    rivals: rivalsOf(context, item, source),
    handOvers: handOversOf(stores, pass, item, source),
    orphanPoints: orphans(context, item, source),
    namespaceTerminating: context.stores.namespaces.facets(`/${item.namespace}`)?.terminating ?? false,
    live: pass.live,
    answers: pass.answers,
    now,
    rateFreeAt: plus(now, rate.freeInMs()),
    settings: {
      marginMs: context.settings.marginMs,
      jitterMs: context.settings.jitterMs,
      dayLengthMs: context.settings.dayLengthMs,
      spread: spreadOf(context, itemID ?? item.uid),
      engine: context.engines.forVault(vault?.spec.engine?.type ?? 'CSISnapshot')?.type,
    },
    freshID: pass.freshID,
    hash: context.hash,
  };
}

/** The same share of the jitter each time an item is looked at. */
function spreadOf(context: Context, id: string): number {
  return Number.parseInt(context.hash(`jitter/${id}`).slice(0, 8), 16) / 0x1_0000_0000;
}

function policyOf(stores: Stores, pass: Pass, item: Item): Lookup<Policy> | undefined {
  if (item.policyName === undefined) return undefined;
  const object = pass.read(stores.policies, keyOf({ namespace: item.namespace, name: item.policyName }));
  if (object === undefined) return 'Absent';
  return {
    name: item.policyName,
    terminating: object.metadata.deletionTimestamp !== undefined,
    firstBackup: object.spec.schedule?.firstBackup ?? 'Immediately',
  };
}

function pointObjects(
  stores: Stores,
  pass: Pass,
  namespace: string,
  itemID: string | undefined,
): readonly RecoveryPoint[] {
  if (itemID === undefined) return [];
  const objects: RecoveryPoint[] = [];
  for (const key of stores.points.indexed('itemID', `${namespace}/${itemID}`)) {
    const object = pass.read(stores.points, key);
    if (object !== undefined) objects.push(object);
  }
  return onePerIdentity(objects);
}

function jobsOf(stores: Stores, pass: Pass, item: Item, itemID: string | undefined): readonly Job[] {
  const keys = new Set(stores.jobs.indexed('item', `${item.namespace}/${item.name}`));
  if (itemID !== undefined)
    for (const key of stores.jobs.indexed('itemID', `${item.namespace}/${itemID}`)) keys.add(key);
  const jobs: Job[] = [];
  for (const key of keys) {
    const object = pass.read(stores.jobs, key);
    if (object !== undefined) jobs.push(decodeJob(object));
  }
  return jobs.sort((a, b) => a.createdAt - b.createdAt || (a.name < b.name ? -1 : 1));
}

function rivalsOf({ stores }: Context, item: Item, source: string): readonly OtherItem[] {
  const rivals: OtherItem[] = [];
  for (const key of stores.items.indexed('source', source)) {
    const facets = stores.items.facets(key);
    if (facets === undefined || facets.uid === item.uid) continue;
    rivals.push({
      name: parseKey(key).name,
      uid: facets.uid,
      itemID: facets.itemID,
      deleteState: facets.deleteState,
      dataHeldSince: facets.dataHeldSince,
      createdAt: facets.createdAt ?? instantOf(0),
      terminating: facets.terminating,
    });
  }
  return rivals;
}

function handOversOf(stores: Stores, pass: Pass, item: Item, source: string): readonly Job[] {
  const keys = new Set([
    ...stores.jobs.indexed('keepsSource', source),
    ...stores.jobs.indexed('keepsName', `${item.namespace}/${item.name}`),
  ]);
  const jobs: Job[] = [];
  for (const key of keys) {
    const object = pass.read(stores.jobs, key);
    if (object !== undefined) jobs.push(decodeJob(object));
  }
  return jobs;
}

function orphans({ stores }: Context, item: Item, source: string): number {
  if (item.state.type !== 'None') return 0;
  return stores.points.indexed('source', source).filter((key) => {
    const itemID = stores.points.facets(key)?.itemID ?? '';
    return stores.items.indexed('itemID', `${item.namespace}/${itemID}`).length === 0;
  }).length;
}
