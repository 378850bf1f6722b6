/**
 * The directory of the simulated engine. Layout:
 *
 *     .reprieve-simulated-engine          marker, made once
 *     items/<itemID>/<pointID>/<disk>.json
 *     sources/<namespace>/<name>.json     optional: what inspect says of a source
 *     faults/<step>[.<id>]                optional: what a step answers instead of doing anything
 *     tmp/                                files on their way to a rename
 *
 * A directory without marker is a mount that went away: an empty one proves nothing, so nobody may conclude from it.
 *
 * Most calls block: these are files of a few hundred bytes, nearly always in memory, and a trip through the thread pool costs
 * ten times what the call itself does. A rename over a file may wait for the disk, where the storage is on one.
 */
import { randomUUID } from 'node:crypto';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  statfsSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { EngineDisk, EnginePoint } from '../../../ports/engine.ts';
import { decodeRecord, encodeRecord, fileName, type DiskRecord } from './record.ts';

const MARKER = '.reprieve-simulated-engine';
const ITEMS = 'items';
const TEMPORARY = 'tmp';
/** What statfs(2) says of tmpfs. */
const TMPFS = 0x01021994;

/** The storage can't be asked. Says why in one line. */
class StorageUnavailable extends Error {
  override readonly name = 'StorageUnavailable';
}

export class Storage {
  readonly #root: string;
  readonly #inMemory: boolean;
  /** The first marker seen, as a file: another storage mounted in its place is not this one. */
  #identity: string | undefined;

  private constructor(root: string) {
    this.#root = root;
    this.#inMemory = statfsSync(root).type === TMPFS;
  }

  /**
   * Makes the directory, and the marker where the directory is empty. Never a marker into one that has something: it may be
   * the storage with its marker lost, which opens and answers Unknown until the marker is back, or not the storage at all.
   * @throws Error of node:fs where the directory can't be made or read; StorageUnavailable where it has something and nothing of
   * ours
   */
  static async open(root: string): Promise<Storage> {
    await makeDirectory(path.resolve(root));
    const storage = new Storage(root);
    const entries = (await readdir(root)).filter((entry) => entry !== 'lost+found');
    if (entries.length > 0 && ![MARKER, ITEMS].some((ours) => entries.includes(ours)))
      throw new StorageUnavailable('not empty and no storage of ours: name an empty directory');
    if (entries.length === 0)
      await writeFile(storage.#at(MARKER), '', { flag: 'wx' }).catch((error: unknown) => tolerate(error, ['EEXIST']));
    // What a crash left half-written. A writer in another process loses its file here, answers Unknown, and asks again.
    if (entries.includes(MARKER)) await rm(storage.#at(TEMPORARY), { recursive: true, force: true });
    return storage;
  }

  /** @throws StorageUnavailable where the marker isn't there or is another one */
  requireMarker(): void {
    const found = unless(['ENOTDIR'], () => statSync(this.#at(MARKER), { throwIfNoEntry: false }));
    if (found === undefined) throw new StorageUnavailable(`${this.#at(MARKER)} is not there: is the storage mounted?`);
    const identity = `${found.dev}:${found.ino}`;
    this.#identity ??= identity;
    if (identity !== this.#identity) throw new StorageUnavailable(`${this.#at(MARKER)} is that of another storage`);
  }

  /** Where a disk of a point is, relative to the root. */
  fileOf(point: EnginePoint, disk: EngineDisk): string {
    return path.join(ITEMS, point.itemID, point.pointID, `${fileName(disk.name)}.json`);
  }

  /** @throws UnreadableRecord */
  read(file: string): DiskRecord | undefined {
    const text = this.text(file);
    return text === undefined ? undefined : decodeRecord(text, file);
  }

  /** Content of any file; undefined where there is none. */
  text(file: string): string | undefined {
    return unless(['ENOENT', 'ENOTDIR'], () => readFileSync(this.#at(file), 'utf8'));
  }

  /** Puts a record where none is, whole or not at all. False: somebody was first, and nothing was changed. */
  create(file: string, record: DiskRecord): boolean {
    mkdirSync(path.dirname(this.#at(file)), { recursive: true });
    const temporary = this.#temporary(record);
    // A link fails where a rename would overwrite.
    const linked = unless(['EEXIST'], () => {
      linkSync(temporary, this.#at(file));
      return true;
    });
    unlinkSync(temporary);
    return linked === true;
  }

  async replace(file: string, record: DiskRecord): Promise<void> {
    const temporary = this.#temporary(record);
    if (this.#inMemory) renameSync(temporary, this.#at(file));
    else await rename(temporary, this.#at(file));
  }

  remove(file: string): void {
    unless(['ENOENT'], () => unlinkSync(this.#at(file)));
  }

  /** Removes the directories of a point and of its item as far as they are empty. */
  prune(point: EnginePoint): void {
    for (const folder of [path.join(ITEMS, point.itemID, point.pointID), path.join(ITEMS, point.itemID)]) {
      unless(['ENOENT', 'ENOTEMPTY', 'EEXIST'], () => rmdirSync(this.#at(folder)));
    }
  }

  /** Names in a folder, sorted; none where there is no such folder. */
  list(...folder: readonly string[]): readonly string[] {
    const directory = this.#at(path.join(...folder));
    // Most storages have no faults: asking first spares each step an exception.
    if (!existsSync(directory)) return [];
    return (unless(['ENOENT', 'ENOTDIR'], () => readdirSync(directory)) ?? []).sort();
  }

  #temporary(record: DiskRecord): string {
    const temporary = this.#at(path.join(TEMPORARY, randomUUID()));
    const write = (): true => {
      writeFileSync(temporary, encodeRecord(record));
      return true;
    };
    if (unless(['ENOENT'], write) === true) return temporary;
    mkdirSync(path.dirname(temporary), { recursive: true });
    write();
    return temporary;
  }

  #at(relative: string): string {
    return path.join(this.#root, relative);
  }
}

/**
 * As mkdir with `recursive`, which never ends where a file system says ENOENT to every new name, as /proc does.
 * @throws Error of node:fs
 */
async function makeDirectory(directory: string): Promise<void> {
  if (await isDirectory(directory)) return;
  const parent = path.dirname(directory);
  if (parent !== directory) await makeDirectory(parent);
  await mkdir(directory).catch(async (error: unknown) => {
    // Another process that starts on the same directory may have been first.
    if (!(await isDirectory(directory))) throw error;
  });
}

async function isDirectory(name: string): Promise<boolean> {
  const found = await stat(name).catch(() => undefined);
  return found?.isDirectory() === true;
}

/** What the call returns; undefined where it fails with one of these codes. Everything else is thrown on. */
function unless<T>(codes: readonly string[], call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    tolerate(error, codes);
    return undefined;
  }
}

function tolerate(error: unknown, codes: readonly string[]): void {
  if (!codes.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
}
