/** Contents: which one stands for a disk of a point, what a new one looks like, and keeping it kept. */
import {
  DISK_ANNOTATION,
  ITEM_ID_LABEL,
  MANAGER,
  POINT_ID_LABEL,
  PURGING_LABEL,
  STORAGE_CLASS_ANNOTATION,
  VOLUME_SNAPSHOT_CONTENTS,
} from '../../../api/names.ts';
import type { EngineDisk, EnginePoint, Step, TakenDisk } from '../../../ports/engine.ts';
import { hasCode, type GuardedPatch } from '../../../ports/kube.ts';
import {
  BEING_DELETED_ANNOTATION,
  BOUND_FINALIZER,
  SECRET_NAME_ANNOTATION,
  SECRET_NAMESPACE_ANNOTATION,
  snapshotName,
} from './names.ts';
import type { SnapshotContent } from './objects.ts';
import type { Parts } from './parts.ts';
import { absentOr } from './source.ts';
import { blocked, done, soon } from './steps.ts';

/** The storage's identity of the bytes, as far as this content says it. */
export function handleOf({ spec, status }: SnapshotContent): string | undefined {
  return status?.snapshotHandle ?? spec.source.snapshotHandle;
}

/** Whether the content is the one that this disk's record means: by whose it says it is, by driver, and by handle. */
export function isOf(content: SnapshotContent, point: EnginePoint, disk: EngineDisk): boolean {
  if (!belongs(content, point, disk) || disk.handle === undefined) return false;
  const handle = handleOf(content);
  // Cleared by the driver's helper once the bytes are gone; it was compared before the content was marked.
  return handle === disk.handle || (handle === undefined && isPurging(content));
}

/**
 * As {@link isOf}, whatever the handle: all marks are the disk's, or some of them were taken off the very content that the record
 * names. One mark of somebody else's is enough not to be.
 */
export function belongs({ metadata, spec }: SnapshotContent, point: EnginePoint, disk: EngineDisk): boolean {
  const { labels = {}, annotations = {}, uid } = metadata;
  const marks = [
    { is: labels[ITEM_ID_LABEL], expected: point.itemID },
    { is: labels[POINT_ID_LABEL], expected: point.pointID },
    { is: annotations[DISK_ANNOTATION], expected: disk.name },
  ];
  if (marks.some(({ is, expected }) => is !== undefined && is !== expected)) return false;
  if (disk.driver !== undefined && disk.driver !== spec.driver) return false;
  return marks.every(({ is }) => is !== undefined) || (uid !== undefined && uid === disk.contentUID);
}

export interface Found {
  readonly disk: EngineDisk;
  /** Of this disk, and not on its way out; undefined where there is none. */
  readonly content: SnapshotContent | undefined;
  /** Of this disk, and being deleted by somebody. */
  readonly leaving: SnapshotContent | undefined;
}

/** What stands for a recorded disk now. */
export async function find(parts: Parts, point: EnginePoint, disk: EngineDisk): Promise<Found> {
  const candidates: SnapshotContent[] = [];
  for (const name of new Set([disk.contentName, snapshotName(point, disk)])) {
    if (name === undefined || candidates.some(isStaying)) continue;
    const content = await readContent(parts, name);
    if (content !== undefined && isOf(content, point, disk)) candidates.push(content);
  }
  if (disk.contentName === undefined && !candidates.some(isStaying))
    candidates.push(...(await ofPoint(parts, point)).filter((content) => isOf(content, point, disk)));
  return { disk, content: candidates.find(isStaying), leaving: candidates.find((one) => !isStaying(one)) };
}

function isStaying({ metadata }: SnapshotContent): boolean {
  return metadata.deletionTimestamp === undefined;
}

export function readContent({ kube }: Parts, name: string): Promise<SnapshotContent | undefined> {
  return absentOr(() => kube.get<SnapshotContent>(VOLUME_SNAPSHOT_CONTENTS, { namespace: '', name }));
}

/** Everything that bears the labels of this point. */
export async function ofPoint({ kube }: Parts, point: EnginePoint): Promise<readonly SnapshotContent[]> {
  return kube.list<SnapshotContent>(VOLUME_SNAPSHOT_CONTENTS, {
    labelSelector: `${ITEM_ID_LABEL}=${point.itemID},${POINT_ID_LABEL}=${point.pointID}`,
  });
}

export function isPurging({ metadata }: SnapshotContent): boolean {
  return metadata.labels?.[PURGING_LABEL] !== undefined;
}

/** Everything of a disk that its content says, for the record. */
export function takenFrom(content: SnapshotContent, disk: EngineDisk, handle: string): TakenDisk {
  const { metadata, spec, status } = content;
  const annotations = metadata.annotations ?? {};
  const [name, namespace] = [annotations[SECRET_NAME_ANNOTATION], annotations[SECRET_NAMESPACE_ANNOTATION]];
  const storageClassName = annotations[STORAGE_CLASS_ANNOTATION] ?? disk.storageClassName;
  return {
    ...disk,
    handle,
    driver: spec.driver,
    contentName: disk.contentName ?? metadata.name,
    ...optional('contentUID', disk.contentUID ?? metadata.uid),
    ...optional('snapshotClassName', disk.snapshotClassName ?? spec.volumeSnapshotClassName),
    ...optional('volumeMode', spec.sourceVolumeMode ?? disk.volumeMode),
    ...optional('storageClassName', storageClassName),
    ...optional('sizeBytes', disk.sizeBytes ?? status?.restoreSize),
    ...(name === undefined || namespace === undefined ? {} : { deletionSecret: { name, namespace } }),
  };
}

function optional<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]?: V });
}

/** Labels and annotations by which a content is known to be that of a disk, in two places at once with the record. */
function marksOf(point: EnginePoint, disk: EngineDisk) {
  return {
    labels: { [ITEM_ID_LABEL]: point.itemID, [POINT_ID_LABEL]: point.pointID },
    annotations: {
      [DISK_ANNOTATION]: disk.name,
      ...(disk.storageClassName === undefined ? {} : { [STORAGE_CLASS_ANNOTATION]: disk.storageClassName }),
    },
  };
}

/** Policy Retain and our marks, written where they are missing. Blocked where it is being destroyed: nothing keeps it then. */
export async function kept(
  parts: Parts,
  point: EnginePoint,
  { disk, content }: { readonly disk: EngineDisk; readonly content: SnapshotContent },
): Promise<Step<SnapshotContent>> {
  if (isPurging(content)) return blocked(`content ${content.metadata.name} of disk ${disk.name} is being destroyed`);
  const marks = marksOf(point, disk);
  if (content.spec.deletionPolicy === 'Retain' && hasMarks(content, marks)) return done(content);
  return done(await patchContent(parts, content, { metadata: marks, spec: { deletionPolicy: 'Retain' } }, MANAGER));
}

function hasMarks({ metadata }: SnapshotContent, { labels, annotations }: ReturnType<typeof marksOf>): boolean {
  const covers = (has: Readonly<Record<string, string>> = {}, wanted: Readonly<Record<string, string>>) =>
    Object.entries(wanted).every(([key, value]) => has[key] === value);
  return covers(metadata.labels, labels) && covers(metadata.annotations, annotations);
}

/** A patch of exactly the version that was read. */
export async function patchContent(
  { kube }: Parts,
  content: SnapshotContent,
  change: { readonly metadata?: Readonly<Record<string, unknown>>; readonly spec?: Readonly<Record<string, unknown>> },
  fieldManager: string,
): Promise<SnapshotContent> {
  const { name, uid = '', resourceVersion = '' } = content.metadata;
  const patch: GuardedPatch = { ...change, metadata: { ...change.metadata, uid, resourceVersion } };
  const key = { namespace: '', name };
  return (await kube.patch<SnapshotContent>(VOLUME_SNAPSHOT_CONTENTS, key, patch, { fieldManager })).object;
}

/**
 * A content for bytes whose content is gone, with policy Retain. It asks the driver for the handle, so it is its own proof.
 * One that is on its way out is made to go without the bytes first.
 */
export async function rebuild(parts: Parts, point: EnginePoint, { disk, leaving }: Found): Promise<Step<never>> {
  const { driver, handle } = disk;
  if (driver === undefined || handle === undefined)
    return blocked(`disk ${disk.name}: its content is gone, and the record doesn't name the driver that has the data`);
  if (leaving !== undefined) {
    await letGo(parts, leaving);
    if (leaving.metadata.name === snapshotName(point, disk)) return soon();
  }
  const { labels, annotations } = marksOf(point, disk);
  const secret = disk.deletionSecret;
  const content = await newContent(parts, { driver, handle, name: snapshotName(point, disk), disk });
  const wanted: SnapshotContent = {
    ...content,
    metadata: {
      ...content.metadata,
      labels,
      annotations: {
        ...annotations,
        ...(secret && { [SECRET_NAME_ANNOTATION]: secret.name, [SECRET_NAMESPACE_ANNOTATION]: secret.namespace }),
      },
      finalizers: [BOUND_FINALIZER],
    },
  };
  await createContent(parts, wanted);
  return soon();
}

/** False: one of that name is there already. */
export async function createContent({ kube }: Parts, content: SnapshotContent): Promise<boolean> {
  try {
    await kube.create(VOLUME_SNAPSHOT_CONTENTS, content, { fieldManager: MANAGER });
    return true;
  } catch (error) {
    if (hasCode(error, 'AlreadyExists')) return false;
    throw error;
  }
}

/** With policy Retain and the mark that lets csi-snapshotter finish, a deleted content goes and the bytes stay. */
async function letGo(parts: Parts, content: SnapshotContent): Promise<void> {
  const isLetGo =
    content.spec.deletionPolicy === 'Retain' && content.metadata.annotations?.[BEING_DELETED_ANNOTATION] !== undefined;
  if (isLetGo || isPurging(content)) return;
  const annotations = { [BEING_DELETED_ANNOTATION]: 'yes' };
  await patchContent(parts, content, { metadata: { annotations }, spec: { deletionPolicy: 'Retain' } }, MANAGER);
}

export interface Handle {
  readonly driver: string;
  readonly handle: string;
  readonly name: string;
  readonly disk: EngineDisk;
}

/** Pre-provisioned, with policy Retain, pointing at a snapshot that nobody is to make. */
export async function newContent(parts: Parts, { driver, handle, name, disk }: Handle): Promise<SnapshotContent> {
  // A class that is gone would keep the driver from being asked; it is named only where its Secret is needed for that.
  const { snapshotClassName } = disk;
  const isNeeded = snapshotClassName !== undefined && (await parts.needsListSecret(snapshotClassName));
  return {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshotContent',
    metadata: { name },
    spec: {
      deletionPolicy: 'Retain',
      driver,
      source: { snapshotHandle: handle },
      volumeSnapshotRef: {
        apiVersion: 'snapshot.storage.k8s.io/v1',
        kind: 'VolumeSnapshot',
        namespace: parts.namespace,
        name,
      },
      ...(disk.volumeMode === undefined ? {} : { sourceVolumeMode: disk.volumeMode }),
      ...(isNeeded ? { volumeSnapshotClassName: snapshotClassName } : {}),
    },
  };
}
