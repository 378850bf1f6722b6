/**
 * What one file of the simulated storage says. Pure: text to record and back, and whether a record is the one that is meant.
 */
import { createHash } from 'node:crypto';
import type { EngineDisk, EnginePoint, EngineSource } from '../../../ports/engine.ts';

/** One disk of one point: identity, hold and bytes. Times are RFC 3339. */
export interface DiskRecord {
  readonly handle: string;
  readonly itemID: string;
  readonly pointID: string;
  readonly disk: string;
  readonly source: EngineSource;
  readonly sizeBytes: number;
  readonly takenAt: string;
  /** A hold stands while this is here, past or not. */
  readonly retainUntil?: string;
  readonly content: string;
}

/** The file can't be read as a record. It may be anybody's bytes, so nothing may be concluded from it. */
class UnreadableRecord extends Error {
  override readonly name = 'UnreadableRecord';
}

const TEXT_FIELDS = ['handle', 'itemID', 'pointID', 'disk', 'takenAt', 'content'] as const;

/** @throws UnreadableRecord, naming the file and the field */
export function decodeRecord(text: string, file: string): DiskRecord {
  const value = parseObject(text, file);
  const missing = TEXT_FIELDS.find((field) => typeof value[field] !== 'string');
  if (missing !== undefined) throw new UnreadableRecord(`${file}: ${missing} is missing`);
  const until = value['retainUntil'];
  // A hold that can't be read must not count as none.
  if (until !== undefined && (typeof until !== 'string' || Number.isNaN(Date.parse(until)))) {
    throw new UnreadableRecord(`${file}: retainUntil is not a time`);
  }
  return value as unknown as DiskRecord;
}

function parseObject(text: string, file: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new UnreadableRecord(`${file}: is not JSON`);
  }
  if (typeof value !== 'object' || value === null) throw new UnreadableRecord(`${file}: is not an object`);
  return value as Record<string, unknown>;
}

export function encodeRecord(record: DiskRecord): string {
  return `${JSON.stringify(record, null, 2)}\n`;
}

/** Whether the record is of this item, point and disk, whatever its handle. */
export function isOf(record: DiskRecord, point: EnginePoint, disk: EngineDisk): boolean {
  return record.itemID === point.itemID && record.pointID === point.pointID && record.disk === disk.name;
}

/** When the hold ends, in ms since the epoch; undefined where there is none. */
export function retainUntilMs(record: DiskRecord): number | undefined {
  return record.retainUntil === undefined ? undefined : Date.parse(record.retainUntil);
}

/** The same record, held until at least `untilMs` (rounded up to what a file can say); never shorter than before. */
export function heldUntil(record: DiskRecord, untilMs: number): DiskRecord {
  const until = Math.max(Math.ceil(untilMs), retainUntilMs(record) ?? -Infinity);
  return { ...record, retainUntil: new Date(until).toISOString() };
}

export function withoutHold({ retainUntil: _, ...rest }: DiskRecord): DiskRecord {
  return rest;
}

const ID = /^[A-Za-z0-9][-A-Za-z0-9]{0,62}$/;
const NAME = /^[a-z0-9](?:[-a-z0-9]|\.(?!\.))*[a-z0-9]$|^[a-z0-9]$/;
/** Room for the longest name of an object (253) with something added to it; nothing real is longer. */
const MAX_NAME = 300;
/** With `.json` within the 255 bytes that file systems take. */
const MAX_FILE_NAME = 240;

/** Why these can't be names of files; undefined where they can. No name that passes leaves its directory. */
export function badName(point: EnginePoint): string | undefined {
  const badID = [point.itemID, point.pointID].find((id) => !ID.test(id));
  const badDisk = point.disks.find(({ name }) => !isName(name))?.name;
  const bad = badID ?? badDisk;
  return bad === undefined ? undefined : `${JSON.stringify(bad)} can't be the name of a file here`;
}

export function isID(id: string): boolean {
  return ID.test(id);
}

export function isName(name: string): boolean {
  return name.length <= MAX_NAME && NAME.test(name);
}

/**
 * A name as a file has it, without the ending: itself, or where that is too long its beginning, `~` and a hash of the whole. No
 * name has a `~`, so a shortened one is never that of another.
 */
export function fileName(name: string): string {
  if (name.length <= MAX_FILE_NAME) return name;
  const mark = `~${createHash('sha256').update(name).digest('hex')}`;
  return `${name.slice(0, MAX_FILE_NAME - mark.length)}${mark}`;
}
