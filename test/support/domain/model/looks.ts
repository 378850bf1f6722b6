/** Live reads, as controllers/backup-item/live.ts makes them: from the world, never from a cache. */
import type { BackupItem } from '../../../../src/api/backup-item.gen.ts';
import type { Action } from '../../../../src/domain/backup-item/actions.ts';
import { decodeItem, decodeJob, decodePoint, decodeVault } from '../../../../src/domain/backup-item/decode.ts';
import { pointsDigest } from '../../../../src/domain/backup-item/digest.ts';
import type {
  DestroyFacts,
  GateFacts,
  LiveFacts,
  Lookup,
  Origin,
  Point,
  Vault,
} from '../../../../src/domain/backup-item/observation.ts';
import { canonical } from '../../../../src/domain/canonical.ts';
import { instantOf } from '../../../../src/domain/time.ts';
import { quickHash, VAULT } from '../names.ts';
import { read } from './api-server.ts';
import type { Api, World } from './world.ts';

type Look = Extract<Action, { type: `Look${string}` | 'ReadBackJob' }>;

export function isLook(action: Action): action is Look {
  return action.type.startsWith('Look') || action.type === 'ReadBackJob';
}

/** @throws Refused NotFound where the item is gone */
export function look(world: World, name: string, action: Look): LiveFacts {
  switch (action.type) {
    case 'LookForOrigin':
      return { origin: origin(world.api, read(world, 'items', name)) };
    case 'LookAtVault':
      return { vault: vaultOf(world.api) };
    case 'LookAtNamespace':
      return { namespaceTerminating: world.api.namespaceTerminating };
    case 'LookForLeftovers':
      return { leftovers: leftovers(world, itemIDOf(world.api.items[name])) };
    case 'LookThroughGate':
      return { gate: gateOf(world, read(world, 'items', name)) };
    case 'LookBeforeDestroy':
      return { destroy: beforeDestroy(world, name, action.point) };
    case 'ReadBackJob': {
      const { status } = read(world, 'jobs', action.job.name);
      return { readBack: { jobName: action.job.name, record: status?.record } };
    }
  }
}

function itemIDOf(item: BackupItem | undefined): string {
  return item?.status?.itemID ?? '';
}

function vaultOf(api: Api): Lookup<Vault> {
  const vault = api.vaults[VAULT];
  return vault === undefined ? 'Absent' : decodeVault(vault);
}

function origin({ jobs, points, items }: Api, item: BackupItem): Origin {
  const wanted = canonical([item.spec.vaultRef.name, item.spec.source]);
  const fits = (spec: { vaultRef: { name: string }; source: unknown } | undefined) =>
    spec !== undefined && canonical([spec.vaultRef.name, spec.source]) === wanted;
  return {
    jobs: Object.values(jobs)
      .map(decodeJob)
      .filter((job) => job.itemName === item.metadata.name || fits(job.record?.spec)),
    points: Object.values(points)
      .filter(({ spec }) => fits(spec))
      .map(decodePoint),
    taken: new Set(
      Object.values(items)
        .filter((other) => other.metadata.uid !== item.metadata.uid)
        .flatMap((other) => other.status?.itemID ?? []),
    ),
  };
}

function pointsOf(api: Api, itemID: string) {
  return Object.values(api.points).filter((point) => point.spec.itemID === itemID);
}

function leftovers({ api, storage }: World, itemID: string): readonly string[] {
  const points = pointsOf(api, itemID).filter(({ status }) => status?.state !== 'Purged');
  if (points.length > 0) return points.map(({ metadata }) => `point ${metadata.name}`);
  return Object.entries(storage).flatMap(([pointID, data]) => (data.itemID === itemID ? [pointID] : []));
}

/** What the gate would see if it looked into `api`: the world's, or for a mutant a cache. */
export function gateOf(world: World, item: BackupItem, api: Api = world.api): GateFacts {
  const points = pointsOf(api, itemIDOf(item));
  const holds = points.flatMap(({ spec }) => world.storage[spec.pointID]?.until ?? []);
  return {
    item: decodeItem(item),
    vault: vaultOf(api),
    points: points.map(decodePoint),
    digest: pointsDigest(points, quickHash),
    retainUntil: holds.length === 0 ? undefined : instantOf(Math.max(...holds)),
    pinnedByRestore: undefined,
    clocks: { wall: world.now, server: world.now, verdict: 'Trusted' },
    leaseLeftMs: 15_000,
    suspended: false,
    rateFreeAt: instantOf(0),
  };
}

export function beforeDestroy(world: World, name: string, { name: pointName }: Point): DestroyFacts {
  const point = world.api.points[pointName];
  return {
    pointName,
    item: decodeItem(read(world, 'items', name)),
    vault: vaultOf(world.api),
    point: point === undefined ? 'Absent' : decodePoint(point),
    leaseLeftMs: 15_000,
    suspended: false,
  };
}
