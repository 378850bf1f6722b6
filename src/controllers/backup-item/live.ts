/**
 * The live looks: quorum reads right before something irreversible, or before something is believed to be absent. Nothing
 * here may come from a cache (test/repo/layers.test.ts), and what can't be read is Unknown.
 */
import type { BackupItem } from '../../api/backup-item.gen.ts';
import type { BackupJob } from '../../api/backup-job.gen.ts';
import type { KubeObject } from '../../api/meta.ts';
import {
  BACKUP_ITEMS,
  BACKUP_JOBS,
  ITEM_ID_LABEL,
  NAMESPACES,
  RECOVERY_POINTS,
  SOURCE_LABEL,
  VAULTS,
} from '../../api/names.ts';
import type { RecoveryPoint } from '../../api/recovery-point.gen.ts';
import type { Vault as VaultObject } from '../../api/vault.gen.ts';
import { canonical } from '../../domain/canonical.ts';
import { decodeItem, decodeJob, decodePoint, decodeVault, isFinished } from '../../domain/backup-item/decode.ts';
import { onePerIdentity, pointsDigest } from '../../domain/backup-item/digest.ts';
import type {
  DestroyFacts,
  GateFacts,
  Item,
  Lookup,
  Origin,
  Point,
  Vault,
} from '../../domain/backup-item/observation.ts';
import { type Instant, instantOf } from '../../domain/time.ts';
import type { Engine } from '../../ports/engine.ts';
import { isNotFound, type KubeApi } from '../../ports/kube.ts';
import type { ServerClock } from '../../ports/clock.ts';
import { sourceLabel } from '../labels.ts';
import { enginePoint } from './engine-point.ts';

/** What a live look needs; no cache among it. */
export interface LiveParts {
  readonly kube: KubeApi;
  readonly engines: { readonly types: readonly string[]; byType(type: string): Engine | undefined };
  readonly serverClock: ServerClock;
  readonly leader: { leaseLeftMs(): number };
  readonly hash: (text: string) => string;
  readonly settings: { readonly suspendPurges: boolean };
}

/** The item as it is now. @throws KubeError NotFound where it, or the object of that uid, is gone */
export async function readItem({ kube }: LiveParts, item: Item): Promise<BackupItem> {
  return kube.get<BackupItem>(BACKUP_ITEMS, item);
}

export async function readVault({ kube }: LiveParts, item: Item): Promise<Lookup<Vault>> {
  try {
    return decodeVault(await kube.get<VaultObject>(VAULTS, { namespace: item.namespace, name: item.vaultName }));
  } catch (error) {
    if (isNotFound(error)) return 'Absent';
    throw error;
  }
}

export async function isNamespaceTerminating({ kube }: LiveParts, namespace: string): Promise<boolean | 'Unknown'> {
  try {
    const object = await kube.get<KubeObject>(NAMESPACES, { namespace: '', name: namespace });
    return object.metadata.deletionTimestamp !== undefined;
  } catch (error) {
    if (isNotFound(error)) return 'Unknown';
    throw error;
  }
}

async function readPoints({ kube }: LiveParts, item: Item, itemID: string): Promise<readonly RecoveryPoint[]> {
  return kube.list<RecoveryPoint>(RECOVERY_POINTS, {
    namespace: item.namespace,
    labelSelector: `${ITEM_ID_LABEL}=${itemID}`,
  });
}

async function readJobs({ kube }: LiveParts, item: Item, itemID: string): Promise<readonly BackupJob[]> {
  return kube.list<BackupJob>(BACKUP_JOBS, { namespace: item.namespace, labelSelector: `${ITEM_ID_LABEL}=${itemID}` });
}

/** Everything the gate decides from. The clocks are read last, so that the API server's time is fresh. */
export async function readGate(parts: LiveParts, observed: Item, rateFreeInMs: number): Promise<GateFacts> {
  const item = decodeItem(await readItem(parts, observed));
  const itemID = item.state.type === 'Known' ? item.state.record.itemID : '';
  const [vault, points, jobs] = [
    await readVault(parts, item),
    await readPoints(parts, item, itemID),
    await readJobs(parts, item, itemID),
  ];
  const retainUntil = await readHolds(parts, points);
  const restore = jobs
    .map(decodeJob)
    .find((job) => job.operation === 'Restore' && job.acknowledged && !isFinished(job));
  return {
    item,
    vault,
    points: onePerIdentity(points).map(decodePoint),
    digest: pointsDigest(points, parts.hash),
    retainUntil,
    pinnedByRestore: restore?.name,
    ...readings(parts, rateFreeInMs),
    suspended: parts.settings.suspendPurges,
  };
}

function readings(
  { serverClock, leader }: LiveParts,
  rateFreeInMs: number,
): Pick<GateFacts, 'clocks' | 'leaseLeftMs' | 'rateFreeAt'> {
  const reading = serverClock.reading();
  return {
    rateFreeAt: instantOf((reading.serverMs ?? reading.wallMs) + rateFreeInMs),
    clocks: {
      wall: instantOf(reading.wallMs),
      server: reading.serverMs === undefined ? undefined : instantOf(reading.serverMs),
      verdict: reading.verdict,
    },
    leaseLeftMs: leader.leaseLeftMs(),
  };
}

/** The latest retain-until that any point's storage reports. */
async function readHolds(parts: LiveParts, points: readonly RecoveryPoint[]): Promise<GateFacts['retainUntil']> {
  let latest: Instant | undefined;
  for (const object of onePerIdentity(points)) {
    if (object.status?.state === 'Purged') continue;
    const engine = parts.engines.byType(object.spec.engine);
    const report = await engine?.probe(enginePoint(object));
    if (report?.type !== 'Done') return 'Unknown';
    const until = report.value.retainUntilMs;
    if (until !== undefined && (latest === undefined || until > latest)) latest = instantOf(until);
  }
  return latest;
}

/** Right before one point is destroyed. */
export async function readBeforeDestroy(parts: LiveParts, observed: Item, point: Point): Promise<DestroyFacts> {
  const item = decodeItem(await readItem(parts, observed));
  const vault = await readVault(parts, item);
  return {
    pointName: point.name,
    item,
    vault,
    point: await readPoint(parts, item.namespace, point),
    leaseLeftMs: parts.leader.leaseLeftMs(),
    suspended: parts.settings.suspendPurges,
  };
}

async function readPoint({ kube }: LiveParts, namespace: string, { name }: Point): Promise<Lookup<Point>> {
  try {
    return decodePoint(await kube.get<RecoveryPoint>(RECOVERY_POINTS, { namespace, name }));
  } catch (error) {
    if (isNotFound(error)) return 'Absent';
    throw error;
  }
}

/** Points, open backups and bytes that bear the item's identity. */
export async function readLeftovers(
  parts: LiveParts,
  item: Item,
  itemID: string,
): Promise<readonly string[] | 'Unknown'> {
  const points = onePerIdentity(await readPoints(parts, item, itemID));
  const held = points
    .filter((point) => point.status?.state !== 'Purged')
    .map((point) => `point ${point.metadata.name}`);
  if (held.length > 0) return held;
  // Whatever this operator has, not just the vault's: the vault may be gone, and its engine may have been another one before.
  const engines = new Set([...points.map((point) => point.spec.engine as string), ...parts.engines.types]);
  const found: string[] = [];
  for (const type of engines) {
    const answer = await parts.engines.byType(type)?.leftovers(itemID);
    if (answer?.type !== 'Done') return 'Unknown';
    found.push(...answer.value);
  }
  return found;
}

/**
 * Jobs and points of this vault and source. They bear a label over both, so that a namespace of ten thousand items isn't read
 * for each; what the label finds is compared by name.
 *
 * @param isCarried whether another item has this itemID. It may come from a cache: whoever has it keeps it, and an item whose
 *   status was written since can't have been without one in the same cache
 */
export async function readOrigin(
  { kube, hash }: LiveParts,
  item: Item,
  isCarried: (itemID: string) => boolean,
): Promise<Origin> {
  const { namespace } = item;
  const selected = { namespace, labelSelector: `${SOURCE_LABEL}=${sourceLabel(item, hash)}` };
  const wanted = canonical([item.vaultName, item.source]);
  const jobs = (await kube.list<BackupJob>(BACKUP_JOBS, selected)).map(decodeJob);
  const points = (await kube.list<RecoveryPoint>(RECOVERY_POINTS, selected)).filter(({ spec }) =>
    matches(spec, wanted),
  );
  const ids = [...jobs.flatMap((job) => job.itemID ?? []), ...points.map(({ spec }) => spec.itemID)];
  return {
    jobs: jobs.filter((job) => job.record === undefined || matches(job.record.spec, wanted)),
    points: onePerIdentity(points).map(decodePoint),
    taken: new Set(ids.filter(isCarried)),
  };
}

function matches(
  spec: { readonly vaultRef: { readonly name: string }; readonly source: unknown },
  wanted: string,
): boolean {
  return canonical([spec.vaultRef.name, spec.source]) === wanted;
}

export async function readJob({ kube }: LiveParts, namespace: string, name: string): Promise<BackupJob> {
  return kube.get<BackupJob>(BACKUP_JOBS, { namespace, name });
}
