/** What the simulated engine promises beyond the contract of engines: its files and its faults. */
import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { file, filesOf, NOW, opened, plan, put, recordedAs, vm } from '../contract/simulated-storage.ts';

describe('sources', () => {
  test.for([
    { kind: 'VirtualMachine', name: 'web', want: { type: 'Done', value: { type: 'Present', disks: ['web-disk0'] } } },
    {
      kind: 'PersistentVolumeClaim',
      name: 'data',
      want: { type: 'Done', value: { type: 'Present', disks: ['data'] } },
    },
    { kind: 'Pod', name: 'web', want: { type: 'Blocked', words: 'a Pod is nothing this engine can back up' } },
    {
      kind: 'VirtualMachine',
      name: '../../etc',
      want: { type: 'Blocked', words: "apps/../../etc can't be the name of a file here" },
    },
  ])('a $kind called $name', async ({ kind, name, want }) => {
    const { engine } = await opened();
    expect(await engine.inspect({ ...vm, kind, name })).toEqual(want);
  });

  test.for([
    { content: { disks: ['a', 'b'] }, want: { type: 'Done', value: { type: 'Present', disks: ['a', 'b'] } } },
    { content: { absent: 'gone' }, want: { type: 'Done', value: { type: 'Absent', words: 'gone' } } },
    ...['', 'null', '{"disks":[1]}', '{"absent":true}'].map((content) => ({
      content,
      want: {
        type: 'Unknown',
        words: 'sources/apps/web.json: says neither {"disks": [names]} nor {"absent": "words"}',
      },
    })),
  ])('a file with $content', async ({ content, want }) => {
    const { root, engine } = await opened();
    await put(path.join(root, 'sources/apps/web.json'), content);
    expect(await engine.inspect(vm)).toEqual(want);
  });
});

describe('files', () => {
  test('one file per disk tells everything about it', async () => {
    const { root, engine } = await opened();
    const point = recordedAs(await engine.take(plan));
    await engine.hold(point, NOW + 1);
    const record = JSON.parse(await readFile(path.join(root, file), 'utf8')) as Record<string, unknown>;
    expect(record).toEqual({
      handle: point.disks[0]?.handle,
      itemID: plan.itemID,
      pointID: plan.pointID,
      disk: 'web-disk0',
      source: vm,
      sizeBytes: 64,
      takenAt: '2030-01-02T03:04:05.000Z',
      content: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      retainUntil: '2030-01-02T03:04:05.001Z',
    });
    expect(await readdir(path.join(root, 'tmp'))).toEqual([]);
  });

  test('evidence names file and handle', async () => {
    const { engine } = await opened();
    const point = recordedAs(await engine.take(plan));
    const handle = point.disks[0]?.handle ?? '';
    expect(await engine.purge(point)).toEqual({
      type: 'Done',
      value: { lines: [`${file}: handle ${handle} removed, read back as gone`] },
    });
    expect(await engine.purge(point)).toEqual({
      type: 'Done',
      value: { lines: [`${file}: handle ${handle} was gone already`] },
    });
    expect(await engine.purge(plan)).toEqual({ type: 'Done', value: { lines: [`${file}: never taken`] } });
  });

  test.for([
    { itemID: '../x' },
    { itemID: '' },
    { pointID: 'a/b' },
    { pointID: '.' },
    { disks: [{ name: '..' }] },
    { disks: [{ name: 'a/../../b' }] },
    { disks: [{ name: 'a..b' }] },
    { disks: [{ name: '.hidden' }] },
    { disks: [{ name: 'x'.repeat(301) }] },
    { disks: [{ name: 'a\nb' }] },
  ])('names that would leave their directory are refused: %o', async (bad) => {
    const { root, engine } = await opened();
    const point = { ...plan, ...bad };
    for (const step of [engine.take(point), engine.hold(point, NOW), engine.release(point), engine.purge(point)]) {
      expect(await step).toMatchObject({ type: 'Blocked', words: expect.stringContaining('name of a file') as string });
    }
    expect(await readdir(path.dirname(root))).toEqual(['storage']);
    expect(await engine.leftovers('../..')).toMatchObject({ type: 'Blocked' });
  });

  test.for([
    { name: 'no JSON', content: '{' },
    { name: 'no object', content: '7' },
    { name: 'no handle', content: '{"itemID":"x"}' },
    { name: 'a hold that is no time', change: { retainUntil: 'soon' } },
  ])('a file with $name makes everything unknown and stays', async ({ content, change }) => {
    const { root, engine } = await opened();
    const point = recordedAs(await engine.take(plan));
    const whole = JSON.parse(await readFile(path.join(root, file), 'utf8')) as object;
    const damaged = content ?? JSON.stringify({ ...whole, ...change });
    await put(path.join(root, file), damaged);
    const steps = [engine.hold(point, NOW), engine.release(point), engine.probe(point), engine.purge(point)];
    for (const step of [...steps, engine.take(plan), engine.leftovers(plan.itemID)]) {
      expect(await step).toMatchObject({ type: 'Unknown', words: expect.stringContaining(file) as string });
    }
    expect(await readFile(path.join(root, file), 'utf8')).toBe(damaged);
  });

  test.for([{ itemID: 'another' }, { pointID: 'another' }, { disk: 'another' }])(
    'a file that says %o is not of this point, whatever its handle, and stays',
    async (change) => {
      const { root, engine } = await opened();
      const point = recordedAs(await engine.take(plan));
      const whole = JSON.parse(await readFile(path.join(root, file), 'utf8')) as object;
      const changed = JSON.stringify({ ...whole, ...change });
      await put(path.join(root, file), changed);
      const steps = [engine.take(plan), engine.hold(point, NOW), engine.release(point), engine.purge(point)];
      for (const step of steps)
        expect(await step).toEqual({ type: 'Blocked', words: `${file}: belongs to another point` });
      expect(await readFile(path.join(root, file), 'utf8')).toBe(changed);
    },
  );

  test('a point is held as long as its disk that is held shortest, and not at all where one is not', async () => {
    const { root, engine } = await opened();
    const disks = [{ name: 'a' }, { name: 'b' }];
    const taken = await engine.take({ ...plan, disks });
    const point = { ...recordedAs(taken) };
    await engine.hold(point, NOW);
    const [first = { file: '' }] = await filesOf(root);
    const whole = JSON.parse(await readFile(first.file, 'utf8')) as object;
    await put(first.file, { ...whole, retainUntil: new Date(NOW - 1000).toISOString() });
    expect(await engine.probe(point)).toEqual({ type: 'Done', value: { present: true, retainUntilMs: NOW - 1000 } });
    await put(first.file, { ...whole, retainUntil: undefined });
    expect(await engine.probe(point)).toEqual({ type: 'Done', value: { present: true, retainUntilMs: undefined } });
    expect(await engine.purge(point)).toMatchObject({ type: 'Blocked' });
    expect(await filesOf(root)).toHaveLength(2);
  });

  test('a point whose handle nobody recorded is not destroyed before it is taken again', async () => {
    const { root, engine } = await opened();
    await engine.take(plan);
    expect(await engine.purge(plan)).toMatchObject({ type: 'Blocked' });
    expect(await engine.purge(recordedAs(await engine.take(plan)))).toMatchObject({ type: 'Done' });
    expect(await filesOf(root)).toEqual([]);
  });

  test('a disk that the record does not name is not destroyed, and keeps the point from being called gone', async () => {
    const { root, engine } = await opened();
    const point = recordedAs(await engine.take(plan));
    await engine.take({ ...plan, disks: [{ name: 'extra' }] });
    expect(await engine.purge(point)).toMatchObject({
      type: 'Blocked',
      words: expect.stringContaining('extra') as string,
    });
    expect(await readdir(path.join(root, path.dirname(file)))).toEqual(['extra.json']);
  });

  test('a point without disks is nothing to take or to hold', async () => {
    const { engine } = await opened();
    const empty = { ...plan, disks: [] };
    expect(await engine.take(empty)).toMatchObject({ type: 'Blocked' });
    expect(await engine.hold(empty, NOW)).toMatchObject({ type: 'Blocked' });
    expect(await engine.probe(empty)).toMatchObject({ type: 'Done', value: { present: false } });
    expect(await engine.purge(empty)).toEqual({ type: 'Done', value: { lines: [] } });
  });
});

describe('faults', () => {
  test.for([
    { fault: 'purge', content: 'blocked: the array says no', want: { type: 'Blocked', words: 'the array says no' } },
    { fault: 'purge', content: 'unknown: no route\n', want: { type: 'Unknown', words: 'no route' } },
    { fault: 'purge', content: 'pending', want: { type: 'Pending', askAgainAfterMs: 1000 } },
    { fault: 'purge', content: 'pending: 20', want: { type: 'Pending', askAgainAfterMs: 20 } },
    { fault: `purge.${plan.pointID}`, content: 'blocked: this one', want: { type: 'Blocked', words: 'this one' } },
    { fault: 'purge', content: 'bloked: x', want: { type: 'Unknown' } },
  ])('$fault with "$content"', async ({ fault, content, want }) => {
    const { root, engine } = await opened();
    const point = recordedAs(await engine.take(plan));
    await put(path.join(root, 'faults', fault), content);
    expect(await engine.purge(point)).toMatchObject(want);
    expect(await filesOf(root)).toHaveLength(1);
    await rm(path.join(root, 'faults', fault));
    expect(await engine.purge(point)).toMatchObject({ type: 'Done' });
  });

  test('a fault of another point or step changes nothing', async () => {
    const { root, engine } = await opened();
    await put(path.join(root, 'faults/hold'), 'blocked: x');
    await put(path.join(root, 'faults/take.33333333-3333-4333-8333-333333333333'), 'blocked: x');
    expect(await engine.take(plan)).toMatchObject({ type: 'Done' });
  });

  test('every step has its fault file', async () => {
    const { root, engine } = await opened();
    const names = ['inspect', 'take', 'hold', 'release', 'probe', 'purge', 'leftovers'];
    for (const name of names) await put(path.join(root, 'faults', name), `blocked: ${name}`);
    const answers = [
      await engine.inspect(vm),
      await engine.take(plan),
      await engine.hold(plan, NOW),
      await engine.release(plan),
      await engine.probe(plan),
      await engine.purge(plan),
      await engine.leftovers(plan.itemID),
    ];
    expect(answers).toEqual(names.map((words) => ({ type: 'Blocked', words })));
  });
});
