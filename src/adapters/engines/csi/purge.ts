/**
 * DANGER: destroys data. Exactly the recorded handles; every write and delete by uid and version; the driver
 * may be told more than once, the outcome is one: a content that our finalizer keeps until its end has been read as proof, and a
 * driver that no longer lists the handle.
 */
import {
  EVENTS,
  PROBE_LABEL,
  PURGE_FINALIZER,
  PURGE_MANAGER,
  PURGING_LABEL,
  VOLUME_SNAPSHOT_CONTENTS,
  VOLUME_SNAPSHOTS,
} from '../../../api/names.ts';
import type { EngineDisk, EnginePoint, PurgeEvidence, Step } from '../../../ports/engine.ts';
import { isNotFound } from '../../../ports/kube.ts';
import { isPurging, ofPoint, patchContent, rebuild } from './contents.ts';
import { BEING_DELETED_ANNOTATION, BOUND_FINALIZER, snapshotName } from './names.ts';
import type { NotedEvent, SnapshotContent, VolumeSnapshot } from './objects.ts';
import { overdue, type Parts } from './parts.ts';
import type { Prover } from './prove.ts';
import { type Part, type Scene, sceneOf } from './scene.ts';
import { absentOr } from './source.ts';
import { blocked, done, soon, together, waiting } from './steps.ts';
import { removeSnapshot } from './take.ts';

export async function purge(parts: Parts, prover: Prover, point: EnginePoint): Promise<Step<PurgeEvidence>> {
  const scene = await look(parts, point);
  if (scene.type === 'Refused') return blocked(scene.words);
  const uncut = await firstUncut(parts, point);
  if (uncut !== undefined) return uncut;
  const run = { parts, prover, point };
  // One after the other: whoever asks for a hold goes the same way, and the first disk decides.
  const marked: Part[] = [];
  for (const part of scene.parts) {
    const step = await mark(run, part);
    if (step.type !== 'Done') return step;
    marked.push(step.value);
  }
  const lines = together(await Promise.all(marked.map((part) => destroy(run, part))));
  if (lines.type !== 'Done') return lines;
  for (const { content } of marked) if (content !== undefined) await letGo(parts, content);
  // The answers stood until now, so that one disk's did not have to wait for another's again.
  const after = await parts.kube.list<SnapshotContent>(VOLUME_SNAPSHOT_CONTENTS, {
    labelSelector: `${PROBE_LABEL}=true`,
  });
  await prover.sweep(after.filter((content) => isAskedFor(content, point)));
  return done({ lines: lines.value });
}

/**
 * All contents of the cluster: each of them may forbid it. Where each disk's is on its way already, that was asked before it was
 * marked, and nothing more will be destroyed: then the point's own will do, as the others may be a hundred thousand.
 */
async function look(parts: Parts, point: EnginePoint): Promise<Scene> {
  const own = sceneOf(point, await ofPoint(parts, point));
  const taken = own.type === 'Clear' ? own.parts.filter(({ disk }) => disk.handle !== undefined) : [];
  const isUnderWay = taken.length > 0 && taken.every(({ content }) => content !== undefined && isLeaving(content));
  return isUnderWay ? own : sceneOf(point, await parts.kube.list<SnapshotContent>(VOLUME_SNAPSHOT_CONTENTS));
}

function isLeaving(content: SnapshotContent): boolean {
  return isMarked(content) && content.metadata.deletionTimestamp !== undefined;
}

/** Also by a process that ended meanwhile. */
function isAskedFor({ spec }: SnapshotContent, { disks }: EnginePoint): boolean {
  const asked = spec.source.snapshotHandle;
  return (
    asked !== undefined && disks.some(({ handle, driver = spec.driver }) => handle === asked && driver === spec.driver)
  );
}

interface Run {
  readonly parts: Parts;
  readonly prover: Prover;
  readonly point: EnginePoint;
}

/** A snapshot of a disk without recorded handle may become data at any moment. */
async function firstUncut({ kube }: Parts, point: EnginePoint): Promise<Step<never> | undefined> {
  const { namespace } = point.source;
  for (const disk of point.disks) {
    if (disk.handle !== undefined) continue;
    const name = snapshotName(point, disk);
    const snapshot = await absentOr(() => kube.get<VolumeSnapshot>(VOLUME_SNAPSHOTS, { namespace, name }));
    if (snapshot === undefined) continue;
    return blocked(
      `VolumeSnapshot ${namespace}/${name} of disk ${disk.name} is there, and the record has no handle: take it again first, or remove it`,
    );
  }
  return undefined;
}

/**
 * The point of no return of one disk: policy Delete, and everything without which csi-snapshotter would drop the content and leave
 * the bytes. Guarded by the version that was judged: a hold in between makes it a conflict.
 */
async function mark({ parts }: Run, part: Part): Promise<Step<Part>> {
  const { content, disk } = part;
  if (content === undefined || isEnded(content)) return done(part);
  const refusal = unmarkable(content);
  if (refusal !== undefined) return blocked(refusal);
  if (content.status?.snapshotHandle === undefined || isMarked(content)) return done(part);
  const { finalizers = [], deletionTimestamp } = content.metadata;
  const change = {
    metadata: {
      // A label: snapshot-controller writes all annotations back as it knows them when it notes that a snapshot goes.
      labels: { [PURGING_LABEL]: 'true' },
      annotations: { [BEING_DELETED_ANNOTATION]: 'yes' },
      // None may be added to what is being deleted.
      ...(deletionTimestamp === undefined
        ? { finalizers: [...new Set([...finalizers, BOUND_FINALIZER, PURGE_FINALIZER])] }
        : {}),
    },
    spec: { deletionPolicy: 'Delete' },
  };
  return done({ disk, content: await patchContent(parts, content, change, PURGE_MANAGER) });
}

function isMarked(content: SnapshotContent): boolean {
  const { metadata, spec } = content;
  const isBeingDeleted = metadata.annotations?.[BEING_DELETED_ANNOTATION] !== undefined;
  return isPurging(content) && isBeingDeleted && spec.deletionPolicy === 'Delete';
}

/** Why its driver would not be told to delete the data, though the content would go. */
function unmarkable(content: SnapshotContent): string | undefined {
  const { metadata, spec, status } = content;
  if (status?.volumeGroupSnapshotHandle !== undefined)
    return `content ${metadata.name} is one of a group: its driver is never asked to delete it alone`;
  // Cleared where the driver has just deleted it, as this engine had asked.
  const isWithout = status?.snapshotHandle === undefined && spec.source.snapshotHandle === undefined;
  if (isWithout && !isPurging(content))
    return `content ${metadata.name} has no handle in its status: deleted now, the data would stay behind`;
  return undefined;
}

async function destroy(run: Run, { disk, content }: Part): Promise<Step<string>> {
  const { parts, point } = run;
  if (disk.handle === undefined) return done(`${disk.name}: never taken`);
  if (content === undefined) return proveGone(run, disk);
  const known = { ...disk, driver: content.spec.driver };
  if (isEnded(content)) return proveDestroyed(run, known, content);
  if (content.metadata.deletionTimestamp !== undefined) return awaitDriver(parts, known, content);
  if (content.status?.snapshotHandle === undefined) return proveEmpty(run, known, content);
  await removeSnapshot(parts, point, disk, content);
  await deleteContent(parts, content);
  return waiting();
}

/** No content stands for it. Then the driver must say that it isn't there; if it is, a content is made to destroy it by. */
async function proveGone({ parts, prover, point }: Run, disk: EngineDisk): Promise<Step<string>> {
  const proof = await prover.ask(point.pointID, disk, 'destroyed');
  if (proof.type !== 'Done') return proof;
  if (proof.value.proof === 'Absent') return done(`${of(disk)} was gone already: ListSnapshots does not find it`);
  await prover.sweep(proof.value.questions);
  return rebuild(parts, point, { disk, content: undefined, leaving: undefined });
}

/** Pre-provisioned, and the driver has not found it yet. */
async function proveEmpty(
  { parts, prover, point }: Run,
  disk: EngineDisk,
  content: SnapshotContent,
): Promise<Step<string>> {
  const proof = await prover.ask(point.pointID, disk, 'destroyed');
  if (proof.type !== 'Done') return proof;
  if (proof.value.proof !== 'Absent') return waiting();
  await deleteContent(parts, content);
  return soon();
}

/** The driver has confirmed; then it must not list it either. */
async function proveDestroyed(
  { parts, prover, point }: Run,
  disk: EngineDisk,
  content: SnapshotContent,
): Promise<Step<string>> {
  if (content.status?.snapshotHandle !== undefined) {
    // The content went without the driver being asked: somebody had changed the policy. Another is made where the bytes are there.
    await letGo(parts, content);
    return soon();
  }
  const proof = await prover.ask(point.pointID, disk, 'destroyed');
  if (proof.type !== 'Done') return proof;
  if (proof.value.proof === 'Absent') return done(`${of(disk)} removed: ListSnapshots no longer finds it`);
  if (proof.value.proof === 'Unprovable')
    return done(`${of(disk)} removed: DeleteSnapshot succeeded; the driver can't list snapshots`);
  // Asked anew: it may need a moment.
  await prover.sweep(proof.value.questions);
  return overdue(parts, content.metadata.deletionTimestamp)
    ? blocked(`${of(disk)}: DeleteSnapshot succeeded, and ListSnapshots still finds it`)
    : soon();
}

/** DeleteSnapshot fails without a word in the status: how long it takes is all there is to go by, and what the Events say. */
async function awaitDriver(parts: Parts, disk: EngineDisk, content: SnapshotContent): Promise<Step<string>> {
  if (!overdue(parts, content.metadata.deletionTimestamp)) return waiting();
  const { name, uid = '', deletionTimestamp = '' } = content.metadata;
  const events = await parts.kube.list<NotedEvent>(EVENTS, {
    // Events of objects that are in no namespace are in this one.
    namespace: 'default',
    fieldSelector: `regarding.uid=${uid},type=Warning`,
  });
  const said = [...new Set(events.map(({ reason = '', note = '' }) => `${reason}: ${note}`))].join('; ');
  const words = said === '' ? 'nobody says why: look at the log of its csi-snapshotter' : said;
  return blocked(`${of(disk)} is not deleted since ${deletionTimestamp} (content ${name}): ${words}`);
}

function of({ name, driver = '', handle = '' }: EngineDisk): string {
  return `${name}: driver ${driver}, handle ${handle}`;
}

/** Only our finalizer is left: the driver's helper has done what it was going to do. */
function isEnded({ metadata }: SnapshotContent): boolean {
  const { deletionTimestamp, finalizers = [] } = metadata;
  return (
    deletionTimestamp !== undefined && finalizers.includes(PURGE_FINALIZER) && !finalizers.includes(BOUND_FINALIZER)
  );
}

async function deleteContent({ kube }: Parts, { metadata }: SnapshotContent): Promise<void> {
  const { name, uid = '', resourceVersion = '' } = metadata;
  try {
    await kube.delete(VOLUME_SNAPSHOT_CONTENTS, { namespace: '', name }, { uid, resourceVersion });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** Our finalizer goes, and with it the content. */
async function letGo(parts: Parts, content: SnapshotContent): Promise<void> {
  const { finalizers = [] } = content.metadata;
  if (!finalizers.includes(PURGE_FINALIZER)) return;
  const rest = finalizers.filter((one) => one !== PURGE_FINALIZER);
  try {
    await patchContent(parts, content, { metadata: { finalizers: rest } }, PURGE_MANAGER);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
