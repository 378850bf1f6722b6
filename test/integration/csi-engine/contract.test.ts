/** The CSI engine keeps what every engine promises, on real controllers and real bytes. */
import { afterAll, beforeAll } from 'vitest';
import { engineContract } from '../../contract/engine.ts';
import { CSIStorage } from '../../support/csi-engine/storage.ts';
import { worldOn } from '../../support/csi-engine/world.ts';

let storage: CSIStorage;

beforeAll(async () => {
  storage = await CSIStorage.start();
});

afterAll(() => storage.stop());

engineContract('CSIEngine', () => worldOn(storage));
