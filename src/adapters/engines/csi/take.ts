/** Cutting a point: all snapshots first, then waiting for each content, and when the record has them, tidying up. */
import {
  DISK_ANNOTATION,
  ITEM_ID_LABEL,
  MANAGER,
  POINT_ID_LABEL,
  STORAGE_CLASS_ANNOTATION,
  VOLUME_SNAPSHOTS,
} from '../../../api/names.ts';
import type { EngineDisk, EnginePoint, Step, TakenDisk } from '../../../ports/engine.ts';
import { hasCode, isNotFound } from '../../../ports/kube.ts';
import { belongs, find, isPurging, kept, ofPoint, readContent, rebuild, takenFrom } from './contents.ts';
import { dynamicContentName, snapshotName } from './names.ts';
import type { SnapshotContent, VolumeSnapshot } from './objects.ts';
import { overdue, type Parts } from './parts.ts';
import type { Prover } from './prove.ts';
import { absentOr, preflight } from './source.ts';
import { blocked, done, soon, together, unknown, waiting } from './steps.ts';

type Taken = Step<{ readonly disks: readonly TakenDisk[] }>;

export async function take(parts: Parts, prover: Prover, point: EnginePoint): Promise<Taken> {
  if (point.disks.length === 0) return blocked('the point names no disk');
  const recorded = point.disks.filter(({ handle }) => handle !== undefined);
  const isRecorded = recorded.length === point.disks.length;
  if (!isRecorded && recorded.length > 0)
    return blocked(`point ${point.pointID}: the record has the handles of some disks only`);
  const disks = isRecorded ? await tidied(parts, prover, point) : await cut(parts, point);
  return disks.type === 'Done' ? done({ disks: disks.value }) : disks;
}

interface Cut {
  readonly disk: EngineDisk;
  readonly snapshot: VolumeSnapshot | undefined;
  /** Only where the snapshot is gone already. */
  readonly content: SnapshotContent | undefined;
}

/** All missing snapshots are made before any is waited for: what is apart in time is not one point. */
async function cut(parts: Parts, point: EnginePoint): Promise<Step<readonly TakenDisk[]>> {
  const found = await lookAround(parts, point);
  const alien = found.find(({ disk, snapshot }) => snapshot !== undefined && !isOurs(snapshot, point, disk));
  if (alien !== undefined)
    return blocked(
      `VolumeSnapshot ${point.source.namespace}/${snapshotName(point, alien.disk)} is somebody else's: remove it`,
    );
  const missing = found.filter(({ snapshot, content }) => snapshot === undefined && content === undefined);
  if (missing.length > 0) {
    const checked = await preflight(
      parts,
      point.source,
      missing.map(({ disk }) => disk),
    );
    if (checked.type !== 'Done') return checked;
    return together(await Promise.all(checked.value.map((disk) => createSnapshot(parts, point, disk))));
  }
  return together(await Promise.all(found.map((one) => awaitCut(parts, point, one))));
}

async function lookAround(parts: Parts, point: EnginePoint): Promise<readonly Cut[]> {
  const { namespace } = point.source;
  const snapshots = await Promise.all(
    point.disks.map((disk) =>
      absentOr(() => parts.kube.get<VolumeSnapshot>(VOLUME_SNAPSHOTS, { namespace, name: snapshotName(point, disk) })),
    ),
  );
  const contents = snapshots.every((snapshot) => snapshot !== undefined) ? [] : await ofPoint(parts, point);
  return point.disks.map((disk, index) => {
    const snapshot = snapshots[index];
    const content = contents.find((one) => belongs(one, point, disk));
    return { disk, snapshot, content: snapshot === undefined ? content : undefined };
  });
}

function isOurs({ metadata, spec }: VolumeSnapshot, point: EnginePoint, disk: EngineDisk): boolean {
  return (
    metadata.labels?.[ITEM_ID_LABEL] === point.itemID &&
    metadata.labels[POINT_ID_LABEL] === point.pointID &&
    spec.source.persistentVolumeClaimName === disk.name
  );
}

async function createSnapshot(parts: Parts, point: EnginePoint, disk: EngineDisk): Promise<Step<never>> {
  const { storageClassName, snapshotClassName } = disk;
  const snapshot: VolumeSnapshot = {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshot',
    metadata: {
      name: snapshotName(point, disk),
      namespace: point.source.namespace,
      // Ours alone, and no owner: what copies a source's labels is pruned with it, what is owned dies with it.
      labels: { [ITEM_ID_LABEL]: point.itemID, [POINT_ID_LABEL]: point.pointID },
      annotations: {
        [DISK_ANNOTATION]: disk.name,
        ...(storageClassName === undefined ? {} : { [STORAGE_CLASS_ANNOTATION]: storageClassName }),
      },
    },
    spec: {
      source: { persistentVolumeClaimName: disk.name },
      ...(snapshotClassName === undefined ? {} : { volumeSnapshotClassName: snapshotClassName }),
    },
  };
  try {
    await parts.kube.create(VOLUME_SNAPSHOTS, snapshot, { fieldManager: MANAGER });
  } catch (error) {
    if (hasCode(error, 'NamespaceTerminating')) return blocked(`namespace ${point.source.namespace} is being deleted`);
    // A quota or a policy, whose words say more than ours could.
    if (hasCode(error, 'Forbidden', 'Invalid')) return blocked(error.message);
    if (!hasCode(error, 'AlreadyExists')) throw error;
    return soon();
  }
  return waiting();
}

async function awaitCut(parts: Parts, point: EnginePoint, one: Cut): Promise<Step<TakenDisk>> {
  const { snapshot } = one;
  if (snapshot === undefined) return one.content === undefined ? soon() : awaitContent(parts, point, one, one.content);
  const { uid = '' } = snapshot.metadata;
  const name = snapshot.status?.boundVolumeSnapshotContentName ?? dynamicContentName(uid);
  const content = await readContent(parts, name);
  if (content === undefined) {
    const words = snapshot.status?.error?.message;
    return stillCutting(parts, one.disk, snapshot, { words, helper: 'snapshot-controller' });
  }
  if (content.spec.volumeSnapshotRef.uid !== uid)
    return blocked(`disk ${one.disk.name}: VolumeSnapshot and content ${name} don't point at each other`);
  const storageClassName = snapshot.metadata.annotations?.[STORAGE_CLASS_ANNOTATION];
  const disk = storageClassName === undefined ? one.disk : { ...one.disk, storageClassName };
  return awaitContent(parts, point, { ...one, disk }, content);
}

/** The policy is seen to first, whatever the driver does meanwhile: until then a deleted namespace takes the data along. */
async function awaitContent(
  parts: Parts,
  point: EnginePoint,
  { disk, snapshot }: Cut,
  found: SnapshotContent,
): Promise<Step<TakenDisk>> {
  const safe = await kept(parts, point, { disk, content: found });
  if (safe.type !== 'Done') return safe;
  const content = safe.value;
  const { snapshotHandle, creationTime, readyToUse, volumeGroupSnapshotHandle } = content.status ?? {};
  if (content.spec.deletionPolicy !== 'Retain') return soon();
  if (volumeGroupSnapshotHandle !== undefined)
    return blocked(`disk ${disk.name}: was cut as one of a group; this engine can't destroy such snapshots one by one`);
  if (snapshotHandle === undefined || creationTime === undefined || readyToUse !== true) {
    const helper = snapshotHandle === undefined ? `the csi-snapshotter of ${content.spec.driver}` : undefined;
    return stillCutting(parts, disk, content, { words: content.status?.error?.message, helper });
  }
  if (snapshot !== undefined && snapshot.status?.boundVolumeSnapshotContentName !== content.metadata.name)
    return waiting();
  return done(takenFrom(content, disk, snapshotHandle));
}

/**
 * Helpers note errors that the next try mends, so they count only when it has taken long. A snapshot that is cut may take hours to
 * be ready: that is no silence.
 */
function stillCutting(
  parts: Parts,
  disk: EngineDisk,
  since: VolumeSnapshot | SnapshotContent,
  { words = '', helper }: { readonly words: string | undefined; readonly helper: string | undefined },
): Step<never> {
  if (!overdue(parts, since.metadata.creationTimestamp)) return waiting();
  if (words !== '') return blocked(`disk ${disk.name}: ${words}`);
  const { kind, metadata } = since;
  if (helper === undefined) return waiting();
  return unknown(`disk ${disk.name}: ${kind} ${metadata.name} waits for ${helper}, which says nothing; does it run?`);
}

/** The record has the handles: contents stand, the data is there, and the snapshots have done their work. */
async function tidied(parts: Parts, prover: Prover, point: EnginePoint): Promise<Step<readonly TakenDisk[]>> {
  const standing = together(await Promise.all(point.disks.map((disk) => standingOf(parts, point, disk))));
  if (standing.type !== 'Done') return standing;
  const proven = await prover.recently(
    point.pointID,
    standing.value.map(({ disk }) => disk),
  );
  if (proven.type !== 'Done') return proven;
  await Promise.all(standing.value.map(({ disk, content }) => removeSnapshot(parts, point, disk, content)));
  return done(standing.value.map(({ disk, content }) => takenFrom(content, disk, disk.handle ?? '')));
}

export interface Standing {
  /** As recorded, with the driver that its content names. */
  readonly disk: EngineDisk;
  readonly content: SnapshotContent;
}

/** The content of a recorded disk, kept; made anew where it was lost. */
export async function standingOf(parts: Parts, point: EnginePoint, disk: EngineDisk): Promise<Step<Standing>> {
  if (disk.handle === undefined) return blocked(`disk ${disk.name} was never taken`);
  const found = await find(parts, point, disk);
  if (found.leaving !== undefined && isPurging(found.leaving))
    return blocked(`content ${found.leaving.metadata.name} of disk ${disk.name} is being destroyed`);
  if (found.content === undefined) return rebuild(parts, point, found);
  const safe = await kept(parts, point, { disk, content: found.content });
  if (safe.type !== 'Done') return safe;
  return done({ disk: { ...disk, driver: safe.value.spec.driver }, content: safe.value });
}

/** By uid: of that name there may be another by now. */
export async function removeSnapshot(
  { kube }: Parts,
  point: EnginePoint,
  disk: EngineDisk,
  { spec }: SnapshotContent,
): Promise<void> {
  const { name = '', namespace = '', uid = '' } = spec.volumeSnapshotRef;
  if (uid === '' || name !== snapshotName(point, disk)) return;
  try {
    await kube.delete(VOLUME_SNAPSHOTS, { namespace, name }, { uid });
  } catch (error) {
    // Conflict: another uid.
    if (!isNotFound(error) && !hasCode(error, 'Conflict')) throw error;
  }
}
