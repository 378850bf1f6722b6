/** All contents of the cluster as a purge sees them: which are this point's, and which forbid it. Pure. */
import { ITEM_ID_LABEL, POINT_ID_LABEL } from '../../../api/names.ts';
import type { EngineDisk, EnginePoint } from '../../../ports/engine.ts';
import { belongs, handleOf, isOf } from './contents.ts';
import { isHeld } from './hold.ts';
import { snapshotPrefix } from './names.ts';
import type { SnapshotContent } from './objects.ts';
import { isProbe } from './prove.ts';

export interface Part {
  readonly disk: EngineDisk;
  /** Of this disk, driver and handle; undefined where there is none. */
  readonly content: SnapshotContent | undefined;
}

/** The parts to destroy, or one line on why nothing may be. */
export type Scene =
  { readonly type: 'Clear'; readonly parts: readonly Part[] } | { readonly type: 'Refused'; readonly words: string };

export function sceneOf(point: EnginePoint, contents: readonly SnapshotContent[]): Scene {
  const real = contents.filter((content) => !isProbe(content));
  const parts = point.disks.map((disk) => ({ disk, content: ownOf(real, point, disk) }));
  const own = new Set(parts.map(({ content }) => content));
  const others = real.filter((content) => !own.has(content));
  const words =
    parts.map(heldWords).find(isSaid) ??
    others.map((content) => aliasWords(content, point)).find(isSaid) ??
    others.map((content) => strangerWords(content, point)).find(isSaid);
  return words === undefined ? { type: 'Clear', parts } : { type: 'Refused', words };
}

/** One that stands before one that is leaving. Any other of the same handle is an alias, and forbids everything. */
function ownOf(contents: readonly SnapshotContent[], point: EnginePoint, disk: EngineDisk) {
  const own = contents.filter((content) => isOf(content, point, disk));
  return own.find(({ metadata }) => metadata.deletionTimestamp === undefined) ?? own[0];
}

function isSaid(words: string | undefined): words is string {
  return words !== undefined;
}

function heldWords({ content }: Part): string | undefined {
  if (content === undefined || !isHeld(content)) return undefined;
  return `content ${content.metadata.name} is held: release it first`;
}

/** Deleting one content of a handle destroys the bytes of every other, which goes on saying that it is ready. */
function aliasWords(content: SnapshotContent, point: EnginePoint): string | undefined {
  const { driver } = content.spec;
  const handles = new Set([content.status?.snapshotHandle, content.spec.source.snapshotHandle]);
  const disk = point.disks.find(
    (one) => one.handle !== undefined && handles.has(one.handle) && (one.driver ?? driver) === driver,
  );
  if (disk === undefined) return undefined;
  return `content ${content.metadata.name} stands for the same data (driver ${driver}, handle ${disk.handle ?? ''}) and is not this point's: remove it, with deletionPolicy Retain, if nobody needs it`;
}

/** Something of this point that its record doesn't name: destroying the rest would leave it to nobody. */
function strangerWords(content: SnapshotContent, point: EnginePoint): string | undefined {
  const { metadata, spec } = content;
  const isMarked =
    metadata.labels?.[ITEM_ID_LABEL] === point.itemID && metadata.labels[POINT_ID_LABEL] === point.pointID;
  const isCut = spec.volumeSnapshotRef.name?.startsWith(snapshotPrefix(point.itemID, point.pointID)) === true;
  if (!isMarked && !isCut) return undefined;
  const disk = point.disks.find((one) => belongs(content, point, one));
  const handle = handleOf(content) ?? 'none yet';
  if (disk !== undefined && disk.handle === undefined)
    return `content ${metadata.name} has data of disk ${disk.name} (handle ${handle}) that the record doesn't name: take it again first`;
  return `content ${metadata.name} is of this point and not in its record (handle ${handle})`;
}
