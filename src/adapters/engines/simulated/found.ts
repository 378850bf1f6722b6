/** The disks of a point next to what is stored under their names, and what follows from that. Pure. */
import type { EngineDisk, EnginePoint, Step, TakenDisk } from '../../../ports/engine.ts';
import { isOf, retainUntilMs, type DiskRecord } from './record.ts';

export interface Found {
  readonly disk: EngineDisk;
  /** Relative to the storage. */
  readonly file: string;
  /** Undefined where nothing is stored. */
  readonly record: DiskRecord | undefined;
}

interface Stored extends Found {
  readonly record: DiskRecord;
}

type Refusal = Extract<Step<never>, { readonly type: 'Blocked' }>;

export function done<T>(value: T): Step<T> {
  return { type: 'Done', value };
}

export function blocked(words: string): Refusal {
  return { type: 'Blocked', words };
}

/**
 * Refuses where a name has data that the point doesn't mean: another item's, another point's, or another handle's.
 * @param handles `UnlessUnrecorded` lets a disk pass whose handle the point doesn't know yet, as while it is being taken
 */
export function firstAlien(
  point: EnginePoint,
  found: readonly Found[],
  handles: 'Strictly' | 'UnlessUnrecorded',
): Refusal | undefined {
  for (const { disk, file, record } of found) {
    if (record === undefined) continue;
    if (!isOf(record, point, disk)) return blocked(`${file}: belongs to another point`);
    if (disk.handle === undefined && handles === 'UnlessUnrecorded') continue;
    if (disk.handle === undefined)
      return blocked(`${file}: has data whose handle the point doesn't name; take it again first`);
    if (record.handle !== disk.handle) return blocked(`${file}: belongs to another point (handle ${record.handle})`);
  }
  return undefined;
}

/** Every disk with its record, or what is missing of them. */
export function storedOf(point: EnginePoint, found: readonly Found[]): readonly Stored[] | Refusal {
  const alien = firstAlien(point, found, 'Strictly');
  if (alien !== undefined) return alien;
  const stored = found.flatMap(({ record, ...rest }) => (record === undefined ? [] : [{ ...rest, record }]));
  const missing = found.find(({ record }) => record === undefined);
  if (missing !== undefined) return blocked(`${missing.file}: is not there`);
  return stored.length > 0 ? stored : blocked('the point names no disk');
}

/** What is held as a whole is held as long as the disk that is held shortest; undefined where one isn't held at all. */
export function holdOf(found: readonly Found[]): number | undefined {
  const untils = found.map(({ record }) => (record === undefined ? undefined : retainUntilMs(record)));
  const held = untils.filter((until) => until !== undefined);
  return held.length === untils.length && held.length > 0 ? Math.min(...held) : undefined;
}

/** The answer of a take: what is stored by now, whoever stored it. */
export function takenOf(point: EnginePoint, found: readonly Found[]): Step<{ readonly disks: readonly TakenDisk[] }> {
  const alien = firstAlien(point, found, 'UnlessUnrecorded');
  if (alien !== undefined) return alien;
  const disks = found.flatMap(({ disk: { name }, record }) =>
    record === undefined ? [] : [{ name, handle: record.handle, sizeBytes: record.sizeBytes }],
  );
  if (disks.length === found.length) return done({ disks });
  return { type: 'Unknown', words: `point ${point.pointID}: what was taken can't be read back` };
}

/** One line of proof for a disk whose directory was read back without it. */
export function evidenceOf({ disk, file, record }: Found): string {
  if (record !== undefined) return `${file}: handle ${record.handle} removed, read back as gone`;
  return `${file}: ${disk.handle === undefined ? 'never taken' : `handle ${disk.handle} was gone already`}`;
}
