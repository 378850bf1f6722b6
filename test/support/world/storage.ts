/** What is really there: the files of the simulated engine, read past the operator. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** One disk of one point, as the storage has it. */
export interface StoredDisk {
  readonly handle: string;
  readonly itemID: string;
  readonly pointID: string;
  readonly content: string;
  readonly retainUntil?: string;
}

export class StoredData {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  /** All disks of an item, by handle; none where it was purged. */
  async of(itemID: string): Promise<readonly StoredDisk[]> {
    const root = path.join(this.directory, 'items', itemID);
    const files = await readdir(root, { recursive: true }).catch(() => []);
    const texts = files.filter((file) => file.endsWith('.json')).map((file) => readFile(path.join(root, file), 'utf8'));
    const disks = (await Promise.all(texts)).map((text) => JSON.parse(text) as StoredDisk);
    return disks.sort((a, b) => (a.handle < b.handle ? -1 : 1));
  }

  /** From now on a step answers this instead of doing anything, until it is `mended`. `step` as `hold` or `hold.POINT_ID`. */
  async breaks(step: string, answer: string): Promise<void> {
    await mkdir(path.join(this.directory, 'faults'), { recursive: true });
    await writeFile(path.join(this.directory, 'faults', step), answer);
  }

  async mended(step: string): Promise<void> {
    await rm(path.join(this.directory, 'faults', step), { force: true });
  }

  /** What the storage says of a source from now on: `{disks: [...]}` or `{absent: words}`. */
  async source(namespace: string, name: string, report: object): Promise<void> {
    await mkdir(path.join(this.directory, 'sources', namespace), { recursive: true });
    await writeFile(path.join(this.directory, 'sources', namespace, `${name}.json`), JSON.stringify(report));
  }
}
