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
 */
import { randomUUID } from 'node:crypto';
import { link, mkdir, readdir, readFile, rename, rm, rmdir, stat, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { EngineDisk, EnginePoint } from '../../../ports/engine.ts';
import { decodeRecord, encodeRecord, type DiskRecord } from './record.ts';

const MARKER = '.reprieve-simulated-engine';
const TEMPORARY = 'tmp';

/** The storage can't be asked. Says why in one line. */
class StorageUnavailable extends Error {
  override readonly name = 'StorageUnavailable';
}

export class Storage {
  readonly #root: string;
  /** The first marker seen, as a file: another storage mounted in its place is not this one. */
  #identity: string | undefined;

  private constructor(root: string) {
    this.#root = root;
  }

  /**
   * Makes the directory, and the marker where the directory is empty. Never a marker into one that has something: it may be
   * the storage with its marker lost, or not the storage at all.
   * @throws Error of node:fs where the directory can't be made or read
   */
  static async open(root: string): Promise<Storage> {
    const storage = new Storage(root);
    await mkdir(root, { recursive: true });
    const entries = (await readdir(root)).filter((entry) => entry !== 'lost+found');
    if (entries.length === 0) await writeFile(storage.#at(MARKER), '', { flag: 'wx' }).catch(unless('EEXIST'));
    // What a crash left half-written. A writer in another process loses its file here, answers Unknown, and asks again.
    if (entries.includes(MARKER)) await rm(storage.#at(TEMPORARY), { recursive: true, force: true });
    return storage;
  }

  /** @throws StorageUnavailable where the marker isn't there or is another one */
  async requireMarker(): Promise<void> {
    const found = await stat(this.#at(MARKER)).catch(unless('ENOENT', 'ENOTDIR'));
    if (found === undefined) throw new StorageUnavailable(`${this.#at(MARKER)} is not there: is the storage mounted?`);
    const identity = `${found.dev}:${found.ino}`;
    this.#identity ??= identity;
    if (identity !== this.#identity) throw new StorageUnavailable(`${this.#at(MARKER)} is that of another storage`);
  }

  /** Where a disk of a point is, relative to the root. */
  fileOf(point: EnginePoint, disk: EngineDisk): string {
    return path.join('items', point.itemID, point.pointID, `${disk.name}.json`);
  }

  /** @throws UnreadableRecord */
  async read(file: string): Promise<DiskRecord | undefined> {
    const text = await this.text(file);
    return text === undefined ? undefined : decodeRecord(text, file);
  }

  /** Content of any file; undefined where there is none. */
  async text(file: string): Promise<string | undefined> {
    return readFile(this.#at(file), 'utf8').catch(unless('ENOENT', 'ENOTDIR'));
  }

  /** Puts a record where none is, whole or not at all. False: somebody was first, and nothing was changed. */
  async create(file: string, record: DiskRecord): Promise<boolean> {
    await mkdir(path.dirname(this.#at(file)), { recursive: true });
    const temporary = await this.#temporary(record);
    // A link fails where a rename would overwrite.
    const linked = await link(temporary, this.#at(file))
      .then(() => true)
      .catch(unless('EEXIST'));
    await unlink(temporary);
    return linked === true;
  }

  async replace(file: string, record: DiskRecord): Promise<void> {
    await rename(await this.#temporary(record), this.#at(file));
  }

  async remove(file: string): Promise<void> {
    await unlink(this.#at(file)).catch(unless('ENOENT'));
  }

  /** Removes the directories of a point and of its item as far as they are empty. */
  async prune(point: EnginePoint): Promise<void> {
    for (const folder of [path.join('items', point.itemID, point.pointID), path.join('items', point.itemID)]) {
      await rmdir(this.#at(folder)).catch(unless('ENOENT', 'ENOTEMPTY', 'EEXIST'));
    }
  }

  /** Names in a folder, sorted; none where there is no such folder. */
  async list(...folder: readonly string[]): Promise<readonly string[]> {
    const names = await readdir(this.#at(path.join(...folder))).catch(unless('ENOENT', 'ENOTDIR'));
    return (names ?? []).sort();
  }

  async #temporary(record: DiskRecord): Promise<string> {
    const temporary = this.#at(path.join(TEMPORARY, randomUUID()));
    const write = (): Promise<true> => writeFile(temporary, encodeRecord(record)).then(() => true);
    if ((await write().catch(unless('ENOENT'))) === true) return temporary;
    await mkdir(path.dirname(temporary), { recursive: true });
    await write();
    return temporary;
  }

  #at(relative: string): string {
    return path.join(this.#root, relative);
  }
}

/** A handler for `catch` that turns these codes into undefined and throws everything else on. */
function unless(...codes: readonly string[]): (error: NodeJS.ErrnoException) => undefined {
  return (error) => {
    if (!codes.includes(error.code ?? '')) throw error;
    return undefined;
  };
}
