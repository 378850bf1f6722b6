/** What lies in the directory of a simulated engine, read past the engine. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

export interface Disk {
  readonly itemID: string;
  readonly pointID: string;
  readonly handle: string;
  readonly retainUntil?: string;
  readonly content: string;
}

/** Every file under `items`, or under that one item. What vanishes while it is read was not there. */
export async function readDisks(storage: string, itemID?: string): Promise<readonly Disk[]> {
  const disks: Disk[] = [];
  const root = path.join(storage, 'items');
  for (const item of itemID === undefined ? await names(root) : [itemID]) {
    for (const point of await names(path.join(root, item)))
      disks.push(...(await readPoint(path.join(root, item, point))));
  }
  return disks;
}

async function readPoint(folder: string): Promise<readonly Disk[]> {
  const disks: Disk[] = [];
  for (const file of await names(folder)) {
    const text = await readFile(path.join(folder, file), 'utf8').catch(() => undefined);
    if (text !== undefined) disks.push(JSON.parse(text) as Disk);
  }
  return disks;
}

async function names(folder: string): Promise<readonly string[]> {
  const found = await readdir(folder).catch(() => []);
  return found.sort();
}
