/** The CSI stack as the contract suite sees a storage. */
import { setTimeout as passing } from 'node:timers/promises';
import type { EngineWorld } from '../../contract/engine-world.ts';
import { snapshotName } from '../../../src/adapters/engines/csi/names.ts';
import type { CSIStorage } from './storage.ts';

/** One test's view: what was in the storage before is not in it. */
export async function worldOn(storage: CSIStorage): Promise<EngineWorld> {
  const before = new Set(await storage.stack.bytes.snapshots());
  const engine = await storage.engine();
  const news = new News();
  engine.subscribe(() => news.arrived());
  return {
    engine,
    another: () => storage.engine(),
    newSource: () => storage.newVM(),
    removeSource: (source) => storage.removeVM(source),
    disconnect: () => storage.plane.parts.apiServer.kill(),
    reconnect: () => storage.plane.parts.apiServer.start(),
    stored: async () => (await storage.stack.bytes.snapshots()).filter((handle) => !before.has(handle)),
    lose: (handle) => storage.lose(handle),
    plantForeign: (point) => {
      const [disk = { name: '' }] = point.disks;
      return storage.foreignSnapshot(snapshotName(point, disk), disk.name);
    },
    moved: (ms) => news.next(ms),
    close: () => storage.closeEngines(),
  };
}

/** What the subscription called. */
class News {
  readonly #waiting = new Set<() => void>();

  arrived(): void {
    for (const wake of this.#waiting) wake();
  }

  /** A call that came before somebody waited isn't known here: asked again within a second. */
  async next(atLatestMs: number): Promise<void> {
    const stop = new AbortController();
    const called = new Promise<void>((resolve) => {
      this.#waiting.add(resolve);
      stop.signal.addEventListener('abort', () => void this.#waiting.delete(resolve));
    });
    const late = passing(Math.min(atLatestMs, 1_000), undefined, { signal: stop.signal }).catch(() => undefined);
    await Promise.race([called, late]);
    stop.abort();
  }
}
