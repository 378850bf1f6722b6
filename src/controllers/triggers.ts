/**
 * A change of X means looking at Y: which keys go into which queue. Level-triggered: what changed is compared only to leave out
 * what can't matter, never to decide.
 */
import { parseKey } from '../api/meta.ts';
import type { Change } from '../runtime/store.ts';
import type { ItemFacets, JobFacets, NamespaceFacets, SpecFacets, Stores } from './cached-kinds.ts';
import { pointKey } from './recovery-point/controller.ts';

export interface Queue {
  add(key: string): void;
  /** An earlier deadline that stands already holds. */
  addAfter(key: string, ms: number): void;
}

export interface Queues {
  readonly items: Queue;
  readonly vaults: Queue;
  readonly policies: Queue;
  readonly points: Queue;
  readonly jobs: Queue;
}

/** Counts of vaults and policies follow at this distance, so that a mass change writes them once a second, not each time. */
const COALESCE_MS = 1_000;

/** Subscribes all queues to all caches. Called once, before the controllers start. */
export function connectTriggers(stores: Stores, queues: Queues): void {
  onItems(stores, queues);
  onPoints(stores, queues);
  onJobs(stores, queues);
  onVaultsAndPolicies(stores, queues);
  onNamespaces(stores, queues);
}

function onItems(stores: Stores, queues: Queues): void {
  stores.items.subscribe(({ key, old, now }) => {
    queues.items.add(key);
    const facets = now ?? old;
    if (facets === undefined) return;
    const { namespace } = parseKey(key);
    queues.vaults.addAfter(`${namespace}/${facets.vault}`, COALESCE_MS);
    tellPolicies(stores, queues, { old, now }, namespace);
    tellRivals(stores, queues, { key, old, now });
    if (now === undefined || now.deleteState === 'Purged') tellJobs(stores, queues, namespace, facets);
  });
}

/** The first use is told at once: until the policy is held, anybody could delete it. */
function tellPolicies(
  { policies }: Stores,
  queues: Queues,
  { old, now }: Pick<Change<ItemFacets>, 'old' | 'now'>,
  namespace: string,
): void {
  if (old?.effectivePolicy === now?.effectivePolicy) return;
  for (const name of [old?.effectivePolicy, now?.effectivePolicy]) {
    if (name === undefined) continue;
    const policy = `${namespace}/${name}`;
    if (name === now?.effectivePolicy && policies.facets(policy)?.held === false) queues.policies.add(policy);
    else queues.policies.addAfter(policy, COALESCE_MS);
  }
}

/** Who comes first may have changed for the others that want the same source. */
function tellRivals({ items }: Stores, queues: Queues, { key, old, now }: Change<ItemFacets>): void {
  if (old?.deleteState === now?.deleteState && old?.itemID === now?.itemID) return;
  for (const rival of items.indexed('source', (now ?? old)?.source ?? '')) if (rival !== key) queues.items.add(rival);
}

/** With its item, the reason to keep a record may be gone. */
function tellJobs({ jobs }: Stores, queues: Queues, namespace: string, { itemID }: ItemFacets): void {
  if (itemID === undefined) return;
  for (const job of jobs.indexed('itemID', `${namespace}/${itemID}`)) queues.jobs.add(job);
}

function onPoints({ items, points }: Stores, queues: Queues): void {
  points.subscribe(({ key, old, now }) => {
    queues.points.add(pointKey(key, now ?? old));
    const facets = now ?? old;
    if (facets === undefined) return;
    const { namespace } = parseKey(key);
    for (const item of items.indexed('itemID', `${namespace}/${facets.itemID}`)) queues.items.add(item);
    if (old?.purged !== now?.purged) queues.vaults.addAfter(`${namespace}/${facets.vault}`, COALESCE_MS);
    // A stand-in that goes may leave a point to look at once more.
    if (now === undefined && points.facets(key) !== undefined) queues.points.add(key);
  });
}

function onJobs({ items, jobs }: Stores, queues: Queues): void {
  jobs.subscribe(({ key, old, now }) => {
    queues.jobs.add(key);
    const facets = now ?? old;
    if (facets === undefined) return;
    const { namespace } = parseKey(key);
    if (bindsItem(old, now)) {
      queues.items.add(`${namespace}/${facets.itemName}`);
      if (facets.keeps !== undefined) queues.items.add(`${namespace}/${facets.keeps.name}`);
      for (const item of items.indexed('itemID', `${namespace}/${facets.itemID ?? ''}`)) queues.items.add(item);
    }
    const { vault } = facets;
    if (vault !== undefined && old?.finished !== now?.finished) {
      queues.vaults.addAfter(`${namespace}/${vault}`, COALESCE_MS);
    }
  });
}

/** History that comes and goes doesn't concern the item; what is open, or has just ended, does. */
function bindsItem(old: JobFacets | undefined, now: JobFacets | undefined): boolean {
  return old?.finished === false || now?.finished === false;
}

function changed(old: SpecFacets | undefined, now: SpecFacets | undefined): boolean {
  return old?.generation !== now?.generation || old?.terminating !== now?.terminating || old?.held !== now?.held;
}

/** What we write there ourselves counts as one more change: at once, each write of counts in a storm would call for the next. */
function onVaultsAndPolicies({ items, vaults, policies }: Stores, queues: Queues): void {
  vaults.subscribe(({ key, old, now }) => {
    if (!changed(old, now)) return queues.vaults.addAfter(key, COALESCE_MS);
    queues.vaults.add(key);
    for (const item of items.indexed('vault', key)) queues.items.add(item);
  });
  policies.subscribe(({ key, old, now }) => {
    if (!changed(old, now)) return queues.policies.addAfter(key, COALESCE_MS);
    queues.policies.add(key);
    for (const item of items.indexed('policy', key)) queues.items.add(item);
  });
}

function onNamespaces({ items, points, namespaces }: Stores, queues: Queues): void {
  namespaces.subscribe(({ key, old, now }) => {
    if (!namespaceMatters(old, now)) return;
    const { name } = parseKey(key);
    for (const [item, { source }] of items.entries()) {
      if (item.startsWith(`${name}/`) || source.includes(`/${name}/`)) queues.items.add(item);
    }
    for (const point of points.keys()) if (point.startsWith(`${name}/`)) queues.points.add(point);
  });
}

function namespaceMatters(old: NamespaceFacets | undefined, now: NamespaceFacets | undefined): boolean {
  return old?.terminating !== now?.terminating || JSON.stringify(old?.labels) !== JSON.stringify(now?.labels);
}

/** Every key there is to look at when a controller starts, names of records without an item among them. */
export function initialItemKeys({ items, jobs }: Stores): Iterable<string> {
  const keys = new Set(items.keys());
  for (const [key, { keeps }] of jobs.entries()) {
    if (keeps !== undefined) keys.add(`${parseKey(key).namespace}/${keeps.name}`);
  }
  return keys;
}

export function initialPointKeys({ points }: Stores): Iterable<string> {
  const keys = new Set<string>();
  for (const [key, facets] of points.entries()) keys.add(pointKey(key, facets));
  return keys;
}
