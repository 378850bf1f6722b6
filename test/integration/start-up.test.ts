/** What a real cluster can lack when the operator starts in it: it ends with 2 and one line for each kind of problem. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ControlPlane, startControlPlane } from '../support/control-plane/control-plane.ts';
import { installManifests, must } from '../support/operator/identity.ts';
import { startOperator } from '../support/operator/process.ts';
import { until } from '../support/operator/until.ts';

let plane: ControlPlane;

beforeAll(async () => {
  plane = await startControlPlane();
  await installManifests(plane, 'overlays/development');
});

afterAll(() => plane.stop());

async function problems(storage: string, dayLength = '1h'): Promise<readonly unknown[]> {
  const operator = await startOperator(plane, { storage, dayLength, args: ['--log-level=error'] });
  expect(await operator.exited).toBe(2);
  return operator.lines.map((line) => line['problem']);
}

/** The API server's authorizer hears of changes a moment later. */
async function mayRead(): Promise<boolean> {
  const as = '--as=system:serviceaccount:reprieve-system:reprieve';
  const name = 'customresourcedefinitions/vaults.reprieve.dev';
  return (await plane.kubectl(['auth', 'can-i', 'get', name, as])).code === 0;
}

test('a simulated engine where nothing can be made', async () => {
  expect(await problems('/proc/nope')).toEqual([
    expect.stringMatching(/^--simulated-engine \/proc\/nope: ENOENT.*; name a directory that can be written$/),
  ]);
});

test('a simulated engine in a directory of somebody else', async () => {
  const storage = path.join(plane.dir, 'foreign');
  await mkdir(storage);
  await writeFile(path.join(storage, 'letter'), '');
  expect(await problems(storage)).toEqual([
    `--simulated-engine ${storage}: not empty and no storage of ours: name an empty directory`,
  ]);
});

test('no right to look at the definitions, then none of them there', async () => {
  const storage = path.join(plane.dir, 'storage');
  const binding = ['clusterrolebinding', 'reprieve'];
  const saved = await must(plane, ['get', ...binding, '-o', 'json']);
  await must(plane, ['delete', ...binding]);
  await until('the right is gone', async () => !(await mayRead()));
  expect(await problems(storage)).toEqual([
    expect.stringMatching(/^customresourcedefinitions (\S+, ){4}\S+ can not be read \(403 Forbidden\): grant/),
  ]);
  await must(plane, ['create', '-f', '-'], saved);
  await until('the right is back', mayRead);
  await must(plane, ['delete', 'crd', '--all']);
  expect(await problems(storage)).toEqual([
    expect.stringMatching(/^customresourcedefinitions (\S+, ){4}\S+ not found: install them \(kubectl apply -k/),
  ]);
});
