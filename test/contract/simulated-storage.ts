/** The simulated engine's directory as tests see it: past the engine. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { SimulatedEngine } from '../../src/adapters/engines/simulated/engine.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { EnginePoint, EngineSource, Step } from '../../src/ports/engine.ts';

export const NOW = Date.parse('2030-01-02T03:04:05Z');

export const clock: Clock = {
  wallMs: () => NOW,
  monotonicMs: () => 0,
  after: () => () => undefined,
  yieldTurn: () => Promise.resolve(),
};

export interface Stored {
  readonly file: string;
  readonly handle: string;
}

export async function filesOf(root: string): Promise<readonly Stored[]> {
  const entries = await readdir(path.join(root, 'items'), { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  return Promise.all(
    files.map(async (file) => ({ file, ...(JSON.parse(await readFile(file, 'utf8')) as { readonly handle: string }) })),
  );
}

export async function put(file: string, content: unknown): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
}

export async function newRoot(): Promise<string> {
  const parent = await mkdtemp(path.join(tmpdir(), 'simulated-engine-'));
  onTestFinished(() => rm(parent, { recursive: true, force: true }));
  return path.join(parent, 'storage');
}

export const vm: EngineSource = {
  apiVersion: 'kubevirt.io/v1',
  kind: 'VirtualMachine',
  namespace: 'apps',
  name: 'web',
};
export const plan: EnginePoint = {
  itemID: '11111111-1111-4111-8111-111111111111',
  pointID: '22222222-2222-4222-8222-222222222222',
  source: vm,
  disks: [{ name: 'web-disk0' }],
};
export const file = path.join('items', plan.itemID, plan.pointID, 'web-disk0.json');

export async function opened(): Promise<{ root: string; engine: SimulatedEngine }> {
  const root = await newRoot();
  return { root, engine: await SimulatedEngine.open(root, clock) };
}

export function recordedAs(step: Step<{ readonly disks: EnginePoint['disks'] }>): EnginePoint {
  return { ...plan, disks: step.type === 'Done' ? step.value.disks : [] };
}
