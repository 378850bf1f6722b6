import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

/** Files by their path in a volume or snapshot. */
export type Files = Readonly<Record<string, Buffer>>;

/** The volumes and snapshots of the driver as they are on disk; it need not run. */
export class CSIBytes {
  readonly #root: string;

  /** @param root where the driver keeps everything (layout: tools/csi-stack/driver/main.go) */
  constructor(root: string) {
    this.#root = root;
  }

  /** Handles of all volumes, in order. */
  volumes(): Promise<readonly string[]> {
    return this.#handles('volumes');
  }

  /** Handles of all snapshots, in order. */
  snapshots(): Promise<readonly string[]> {
    return this.#handles('snapshots');
  }

  /** What a volume holds; undefined when there is none with this handle. */
  volumeFiles(handle: string): Promise<Files | undefined> {
    return filesIn(join(this.#root, 'volumes', handle, 'data'));
  }

  /** What a snapshot holds; undefined when there is none with this handle. */
  snapshotFiles(handle: string): Promise<Files | undefined> {
    return filesIn(join(this.#root, 'snapshots', handle, 'data'));
  }

  /** Writes a file into a volume, as a workload would. */
  async write(volume: string, path: string, data: string | Uint8Array): Promise<void> {
    const file = join(this.#root, 'volumes', volume, 'data', path);
    // Only below a volume that is there: nothing that was deleted comes back by this.
    await readdir(join(this.#root, 'volumes', volume, 'data'));
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, data);
  }

  async #handles(kind: string): Promise<readonly string[]> {
    return (await readdir(join(this.#root, kind))).sort();
  }
}

async function filesIn(directory: string): Promise<Files | undefined> {
  try {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    const read = paths.map(async (path) => [relative(directory, path), await readFile(path)] as const);
    return Object.fromEntries(await Promise.all(read));
  } catch (error) {
    // Removed, be it between the list and the reading.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
