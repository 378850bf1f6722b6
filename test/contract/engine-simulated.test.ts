import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as passing } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SimulatedEngine } from '../../src/adapters/engines/simulated/engine.ts';
import type { EngineSource } from '../../src/ports/engine.ts';
import { engineContract } from './engine.ts';
import { type EngineWorld } from './engine-world.ts';
import { clock, filesOf, newRoot, NOW, plan, put, recordedAs } from './simulated-storage.ts';

async function makeWorld(): Promise<EngineWorld> {
  const root = await newRoot();
  const away = `${root}.away`;
  let sources = 0;
  return {
    engine: await SimulatedEngine.open(root, clock),
    another: () => SimulatedEngine.open(root, clock),
    async newSource(): Promise<EngineSource> {
      sources += 1;
      const name = `vm-${sources}`;
      await put(path.join(root, 'sources/apps', `${name}.json`), { disks: [`${name}-root`, `${name}-data`] });
      return { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', namespace: 'apps', name };
    },
    removeSource: ({ namespace, name }) =>
      put(path.join(root, 'sources', namespace, `${name}.json`), { absent: `no VirtualMachine ${name}` }),
    async disconnect() {
      await rename(root, away);
      // A storage without its marker: no new start takes it for a new one.
      await mkdir(path.join(root, 'items'), { recursive: true });
    },
    async reconnect() {
      await rm(root, { recursive: true });
      await rename(away, root);
    },
    stored: async () => (await filesOf(root)).map(({ handle }) => handle),
    async lose(handle) {
      for (const stored of await filesOf(root)) if (stored.handle === handle) await rm(stored.file);
    },
    async plantForeign({ itemID, pointID, source, disks }) {
      const disk = disks[0]?.name ?? '';
      const handle = `sim-${randomUUID()}`;
      const ids = { itemID: randomUUID(), pointID: randomUUID() };
      const record = { handle, ...ids, disk, source, sizeBytes: 3, takenAt: '2029-01-01T00:00:00Z', content: 'abc' };
      await put(path.join(root, 'items', itemID, pointID, `${disk}.json`), record);
      return handle;
    },
    moved: (ms) => passing(ms),
    close: () => Promise.resolve(),
  };
}

engineContract('SimulatedEngine', makeWorld);

/** What a history of steps must leave behind, told without files. */
interface Model {
  handle: string | undefined;
  held: boolean;
  untilMs: number;
}

type Act = 'take' | 'hold' | 'release' | 'purge' | 'crash';

test('after any history: held data is there, the hold never shrank, and a handle never returns', async () => {
  const acts = fc.array(
    fc.record({ act: fc.constantFrom<Act>('take', 'hold', 'release', 'purge', 'crash'), hours: fc.nat({ max: 9 }) }),
    { maxLength: 12 },
  );
  await fc.assert(
    fc.asyncProperty(acts, async (history) => {
      const root = await mkdtemp(path.join(tmpdir(), 'simulated-engine-'));
      let engine = await SimulatedEngine.open(root, clock);
      const used = new Set<string>();
      const model: Model = { handle: undefined, held: false, untilMs: 0 };
      for (const { act, hours } of history) {
        if (act === 'crash') engine = await SimulatedEngine.open(root, clock);
        else await play(engine, act, { model, used, untilMs: NOW + hours * 3_600_000 });
        expect((await filesOf(root)).map(({ handle }) => handle)).toEqual(
          model.handle === undefined ? [] : [model.handle],
        );
      }
      await rm(root, { recursive: true });
    }),
    { numRuns: 60 },
  );
});

interface Play {
  readonly model: Model;
  readonly used: Set<string>;
  readonly untilMs: number;
}

async function play(
  engine: SimulatedEngine,
  act: Exclude<Act, 'crash'>,
  { model, used, untilMs }: Play,
): Promise<void> {
  const point = {
    ...plan,
    disks: plan.disks.map((disk) => (model.handle === undefined ? disk : { ...disk, handle: model.handle })),
  };
  if (act === 'take') {
    const handle = recordedAs(await engine.take(point)).disks[0]?.handle ?? '';
    if (model.handle === undefined) expect(used).not.toContain(handle);
    else expect(handle).toBe(model.handle);
    used.add(handle);
    model.handle = handle;
  }
  if (act === 'hold') {
    const step = await engine.hold(point, untilMs);
    expect(step.type).toBe(model.handle === undefined ? 'Blocked' : 'Done');
    if (model.handle === undefined) return;
    model.untilMs = model.held ? Math.max(model.untilMs, untilMs) : untilMs;
    model.held = true;
    expect(step).toEqual({ type: 'Done', value: { retainUntilMs: model.untilMs } });
  }
  if (act === 'release') {
    expect(await engine.release(point)).toEqual({ type: 'Done', value: { released: model.held } });
    model.held = false;
  }
  if (act === 'purge') {
    expect((await engine.purge(point)).type).toBe(model.held ? 'Blocked' : 'Done');
    if (!model.held) model.handle = undefined;
  }
}
