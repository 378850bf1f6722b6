/** What makes a directory a storage of the simulated engine, and which names its files can have. */
import { renameSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { SimulatedEngine } from '../../src/adapters/engines/simulated/engine.ts';
import type { Step } from '../../src/ports/engine.ts';
import { clock, file, filesOf, newRoot, opened, plan, put, recordedAs, vm } from '../contract/simulated-storage.ts';

describe('the marker', () => {
  const MARKER = '.reprieve-simulated-engine';
  const steps = (engine: SimulatedEngine): readonly Promise<Step<unknown>>[] => [
    engine.inspect(vm),
    engine.take(plan),
    engine.probe(plan),
    engine.purge(plan),
    engine.leftovers(plan.itemID),
  ];

  test('is made in a new directory and in an empty one, and kept by a second start', async () => {
    const root = await newRoot();
    await mkdir(path.join(root, 'lost+found'), { recursive: true });
    await SimulatedEngine.open(root, clock);
    const first = await readFile(path.join(root, MARKER), 'utf8');
    await SimulatedEngine.open(root, clock);
    expect(await readFile(path.join(root, MARKER), 'utf8')).toBe(first);
  });

  test('is never made in a directory that has something', async () => {
    const root = await newRoot();
    await put(path.join(root, 'stray'), '');
    await expect(SimulatedEngine.open(root, clock)).rejects.toThrow(
      'not empty and no storage of ours: name an empty directory',
    );
    expect(await readdir(root)).toEqual(['stray']);
  });

  test('is not made anew for data that lost it: the storage opens and nothing is believed', async () => {
    const root = await newRoot();
    await put(path.join(root, file), '{}');
    const engine = await SimulatedEngine.open(root, clock);
    for (const step of steps(engine)) expect(await step).toMatchObject({ type: 'Unknown' });
    expect(await readdir(root)).toEqual(['items']);
  });

  test.for(['marker lost', 'directory empty', 'directory gone', 'another storage'])('%s: unknown', async (how) => {
    const { root, engine } = await opened();
    await engine.take(plan);
    if (how === 'marker lost') await rm(path.join(root, MARKER));
    else await rename(root, `${root}.away`);
    if (how === 'directory empty') await mkdir(root);
    if (how === 'another storage') await SimulatedEngine.open(root, clock);
    const before = how === 'directory gone' ? [] : await readdir(root, { recursive: true });
    for (const step of steps(engine)) expect(await step).toMatchObject({ type: 'Unknown' });
    expect(how === 'directory gone' ? [] : await readdir(root, { recursive: true })).toEqual(before);
  });

  test('a storage that goes away in the middle of a purge proves nothing', async () => {
    const { root, engine } = await opened();
    const { disks, ...rest } = recordedAs(await engine.take(plan));
    let looks = 0;
    const point = {
      ...rest,
      get disks() {
        // The first look is at the names, the second comes when the marker has been seen and the files are about to be read.
        if ((looks += 1) === 2) renameSync(root, `${root}.away`);
        return disks;
      },
    };
    expect(await engine.purge(point)).toMatchObject({ type: 'Unknown' });
    expect(await filesOf(`${root}.away`)).toHaveLength(1);
  });

  test('a start on something that is no directory fails', async () => {
    const root = await newRoot();
    await writeFile(root, '');
    await expect(SimulatedEngine.open(root, clock)).rejects.toThrow('EEXIST');
  });

  test.runIf(process.platform === 'linux').for(['/proc/nope', '/proc/nope/deeper'])(
    'a start on %s, where nothing can be made, fails',
    async (root) => {
      await expect(SimulatedEngine.open(root, clock)).rejects.toThrow(
        "ENOENT: no such file or directory, mkdir '/proc",
      );
    },
  );

  test('starts at the same time on the same new directory make one storage', async () => {
    const root = path.join(await newRoot(), 'deep', 'down');
    const [first, second] = await Promise.all([SimulatedEngine.open(root, clock), SimulatedEngine.open(root, clock)]);
    expect(await first.take(plan)).toMatchObject({ type: 'Done' });
    expect(await second.purge(recordedAs(await second.take(plan)))).toMatchObject({ type: 'Done' });
  });
});

describe('names', () => {
  test.for([240, 241, 253, 259])(
    'a source and a disk of %i characters, whose record tells the whole name',
    async (length) => {
      const { root, engine } = await opened();
      const source = { ...vm, name: 'x'.repeat(length) };
      const disks = ['a', 'b'].map((end) => ({ name: `${'x'.repeat(length - 1)}${end}` }));
      expect(await engine.inspect(source)).toEqual({
        type: 'Done',
        value: { type: 'Present', disks: [`${source.name}-disk0`] },
      });
      const point = recordedAs(await engine.take({ ...plan, source, disks }));
      expect(point.disks.map(({ name }) => name)).toEqual(disks.map(({ name }) => name));
      const stored = await filesOf(root);
      const records = await Promise.all(
        stored.map(async (one) => JSON.parse(await readFile(one.file, 'utf8')) as unknown),
      );
      expect(records).toEqual(
        expect.arrayContaining(disks.map(({ name }) => expect.objectContaining({ disk: name, source }) as unknown)),
      );
      expect(await engine.leftovers(plan.itemID)).toMatchObject({ type: 'Done', value: { length: 2 } });
      expect(await engine.purge(point)).toMatchObject({ type: 'Done' });
      expect(await filesOf(root)).toEqual([]);
    },
  );
});
