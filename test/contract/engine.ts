/**
 * What every engine guarantees (src/ports/engine.ts), as one suite. It knows no storage: what has to be done to one, or be seen
 * in one past the engine, an `EngineWorld` does.
 */
import { randomUUID } from 'node:crypto';
import { describe, expect, onTestFinished, test } from 'vitest';
import { handles, planned, recorded, settled, stored, taken, value, type EngineWorld } from './engine-world.ts';

/** A guarantee that an engine can't give, and why. */
export interface Skip {
  readonly test: string;
  readonly reason: string;
}

const HOUR = 3_600_000;
const NOON = Date.parse('2031-05-01T12:00:00Z');

type Guarantee = (world: EngineWorld) => Promise<void>;

const taking: Record<string, Guarantee> = {
  async 'inspect names the disks of a source and stores nothing'(world) {
    const source = await world.newSource();
    const report = await value(world, () => world.engine.inspect(source));
    expect(report.type === 'Present' && report.disks.length).toBeGreaterThan(1);
    expect(await stored(world)).toEqual([]);
  },
  async 'inspect says that a source is gone'(world) {
    const source = await world.newSource();
    await world.removeSource(source);
    expect(await value(world, () => world.engine.inspect(source))).toMatchObject({ type: 'Absent' });
  },
  async 'take stores each disk under a handle of its own'(world) {
    const point = await taken(world);
    expect(new Set(handles(point)).size).toBe(point.disks.length);
    expect(await stored(world)).toEqual(handles(point));
  },
  async 'take repeats the same handles, also without its source and after a crash'(world) {
    const plan = await planned(world);
    const point = await recorded(world, plan);
    await world.removeSource(plan.source);
    expect(await recorded(world, plan)).toEqual(point);
    expect(await recorded(world, point)).toEqual(point);
    expect(await recorded(world, plan, await world.another())).toEqual(point);
    expect(await stored(world)).toEqual(handles(point));
  },
  async 'two takes at once, of two instances as well, store one set of data'(world) {
    const plan = await planned(world);
    const other = await world.another();
    const points = await Promise.all(
      [world.engine, world.engine, other].map((engine) => recorded(world, plan, engine)),
    );
    expect(points).toEqual([points[0], points[0], points[0]]);
    expect(await stored(world)).toEqual(handles(...points.slice(0, 1)));
  },
  async 'take of a source that is gone is blocked and stores nothing'(world) {
    const plan = await planned(world);
    await world.removeSource(plan.source);
    expect(await settled(world, () => world.engine.take(plan))).toMatchObject({ type: 'Blocked' });
    expect(await stored(world)).toEqual([]);
  },
  async 'take does not replace recorded data that is lost'(world) {
    const point = await taken(world);
    const [first = '', ...rest] = handles(point);
    await world.lose(first);
    expect(await settled(world, () => world.engine.take(point))).toMatchObject({ type: 'Blocked' });
    expect(await stored(world)).toEqual(rest);
  },
};

const holding: Record<string, Guarantee> = {
  async 'a hold is read back, and probe says the same'(world) {
    const point = await taken(world);
    const { retainUntilMs } = await value(world, () => world.engine.hold(point, NOON));
    expect(retainUntilMs).toBeGreaterThanOrEqual(NOON);
    expect(await value(world, () => world.engine.probe(point))).toEqual({ present: true, retainUntilMs });
  },
  async 'a hold only grows'(world) {
    const point = await taken(world);
    const asked = [NOON, NOON - HOUR, NOON + HOUR, 0, NOON];
    const answers: number[] = [];
    for (const until of asked) answers.push((await value(world, () => world.engine.hold(point, until))).retainUntilMs);
    expect(answers).toEqual([...answers].sort((a, b) => a - b));
    expect(answers[4]).toBeGreaterThanOrEqual(NOON + HOUR);
  },
  async 'of several holds at once the longest stands'(world) {
    const point = await taken(world);
    const asked = [3, 1, 4, 2].map((hours) => NOON + hours * HOUR);
    await Promise.all(asked.map((until) => value(world, () => world.engine.hold(point, until))));
    const report = await value(world, () => world.engine.probe(point));
    expect(report.retainUntilMs).toBeGreaterThanOrEqual(NOON + 4 * HOUR);
  },
  async 'a hold survives a crash'(world) {
    const point = await taken(world);
    const { retainUntilMs } = await value(world, () => world.engine.hold(point, NOON));
    const other = await world.another();
    expect(await value(world, () => other.probe(point))).toEqual({ present: true, retainUntilMs });
    expect(await settled(world, () => other.purge(point))).toMatchObject({ type: 'Blocked' });
  },
  async 'a hold of what was never taken, or lost a disk, is blocked'(world) {
    const plan = await planned(world);
    expect(await settled(world, () => world.engine.hold(plan, NOON))).toMatchObject({ type: 'Blocked' });
    const point = await recorded(world, plan);
    await world.lose(handles(point)[0] ?? '');
    expect(await settled(world, () => world.engine.hold(point, NOON))).toMatchObject({ type: 'Blocked' });
  },
  async 'release ends the hold and keeps the data, and says whether there was one'(world) {
    const point = await taken(world);
    await value(world, () => world.engine.hold(point, NOON));
    expect(await value(world, () => world.engine.release(point))).toEqual({ released: true });
    expect(await value(world, () => world.engine.release(point))).toEqual({ released: false });
    expect(await value(world, () => world.engine.probe(point))).toEqual({ present: true, retainUntilMs: undefined });
    expect(await stored(world)).toEqual(handles(point));
  },
  async 'probe says of lost data that it is not there'(world) {
    const point = await taken(world);
    await world.lose(handles(point)[0] ?? '');
    expect(await value(world, () => world.engine.probe(point))).toMatchObject({ present: false });
  },
};

const purging: Record<string, Guarantee> = {
  async 'purge is blocked while a hold stands, even one whose time is past'(world) {
    const point = await taken(world);
    await value(world, () => world.engine.hold(point, Date.parse('2001-01-01T00:00:00Z')));
    expect(await settled(world, () => world.engine.purge(point))).toMatchObject({ type: 'Blocked' });
    expect(await stored(world)).toEqual(handles(point));
  },
  async 'purge destroys a released point and proves each disk by its handle'(world) {
    const point = await taken(world);
    await value(world, () => world.engine.hold(point, NOON));
    await value(world, () => world.engine.release(point));
    const { lines } = await value(world, () => world.engine.purge(point));
    expect(lines).toHaveLength(point.disks.length);
    for (const handle of handles(point)) expect(lines.filter((line) => line.includes(handle))).toHaveLength(1);
    expect(lines.filter((line) => line.includes('\n') || line.length > 512)).toEqual([]);
    expect(await stored(world)).toEqual([]);
  },
  async 'purge leaves the other points of the item, of the source and of others alone'(world) {
    const point = await taken(world);
    const sameItem = await taken(world, { source: point.source, itemID: point.itemID });
    const sameSource = await taken(world, { source: point.source });
    const unrelated = await taken(world);
    await value(world, () => world.engine.purge(point));
    expect(await stored(world)).toEqual(handles(sameItem, sameSource, unrelated));
  },
  async 'purge of what is gone already is done and says so'(world) {
    const point = await taken(world);
    const first = await value(world, () => world.engine.purge(point));
    const again = await value(world, () => world.engine.purge(point));
    expect(again.lines).toHaveLength(point.disks.length);
    expect(again).not.toEqual(first);
    const other = await world.another();
    expect(await value(world, () => other.purge(point))).toEqual(again);
  },
  async 'purge of a point that was never taken is done'(world) {
    const plan = await planned(world);
    expect((await value(world, () => world.engine.purge(plan))).lines).toHaveLength(plan.disks.length);
  },
  async 'a purge that a crash cut short is completed'(world) {
    const point = await taken(world);
    await world.lose(handles(point)[0] ?? '');
    const other = await world.another();
    expect((await value(world, () => other.purge(point))).lines).toHaveLength(point.disks.length);
    expect(await stored(world)).toEqual([]);
  },
  async 'two purges at once, of two instances as well, both end'(world) {
    const point = await taken(world);
    const bystander = await taken(world, { source: point.source, itemID: point.itemID });
    const engines = [world.engine, world.engine, await world.another()];
    await Promise.all(engines.map((engine) => value(world, () => engine.purge(point))));
    expect(await stored(world)).toEqual(handles(bystander));
  },
  async 'a hold that is asked for beside a purge either stands over whole data or is blocked'(world) {
    const point = await taken(world);
    const [hold, purge] = await Promise.all([
      settled(world, () => world.engine.hold(point, NOON)),
      settled(world, () => world.engine.purge(point)),
    ]);
    expect([hold.type, purge.type].sort()).toEqual(['Blocked', 'Done']);
    expect(await stored(world)).toEqual(hold.type === 'Done' ? handles(point) : []);
  },
  async 'purge of data under another handle than the recorded one is blocked'(world) {
    const point = await taken(world);
    const disks = point.disks.map((disk) => ({ ...disk, handle: `${disk.handle ?? ''}-other` }));
    const step = await settled(world, () => world.engine.purge({ ...point, disks }));
    expect(step).not.toMatchObject({ type: 'Unknown' });
    expect(await stored(world)).toEqual(handles(point));
  },
  async 'purge of one item reaches no data of another, whatever its record says of the point'(world) {
    const point = await taken(world);
    await settled(world, () => world.engine.purge({ ...point, itemID: randomUUID() }));
    expect(await stored(world)).toEqual(handles(point));
  },
  async 'data of somebody else in the place of a point survives every step'(world) {
    const plan = await planned(world);
    const foreign = await world.plantForeign(plan);
    const point = { ...plan, disks: plan.disks.map((disk) => ({ ...disk, handle: `h-${randomUUID()}` })) };
    const steps = [
      () => world.engine.take(plan),
      () => world.engine.hold(point, NOON),
      () => world.engine.release(point),
      () => world.engine.purge(plan),
      () => world.engine.purge(point),
    ];
    for (const ask of steps) await settled<unknown>(world, ask);
    expect(await stored(world)).toContain(foreign);
    expect(await value(world, () => world.engine.probe(point))).toMatchObject({ present: false });
  },
};

const asking: Record<string, Guarantee> = {
  async 'every step is Unknown while the storage cannot be asked, and nothing is lost by asking'(world) {
    const point = await taken(world);
    const { retainUntilMs } = await value(world, () => world.engine.hold(point, NOON));
    const next = await planned(world);
    await world.disconnect();
    for (const engine of [world.engine, await world.another()]) {
      const answers = [
        await settled(world, () => engine.take(next)),
        await settled(world, () => engine.take(point)),
        await settled(world, () => engine.hold(point, NOON + HOUR)),
        await settled(world, () => engine.release(point)),
        await settled(world, () => engine.probe(point)),
        await settled(world, () => engine.purge(point)),
        await settled(world, () => engine.leftovers(point.itemID)),
      ];
      expect(answers.map(({ type }) => type)).toEqual(answers.map(() => 'Unknown'));
    }
    await world.reconnect();
    expect(await value(world, () => world.engine.probe(point))).toEqual({ present: true, retainUntilMs });
    expect(await stored(world)).toEqual(handles(point));
  },
  async 'leftovers lists exactly the handles of the item'(world) {
    const point = await taken(world);
    const sibling = await taken(world, { source: point.source, itemID: point.itemID });
    await taken(world, { source: point.source });
    const left = await value(world, () => world.engine.leftovers(point.itemID));
    expect([...left].sort()).toEqual(handles(point, sibling));
    await value(world, () => world.engine.purge(sibling));
    const other = await world.another();
    expect([...(await value(world, () => other.leftovers(point.itemID)))].sort()).toEqual(handles(point));
    expect(await value(world, () => world.engine.leftovers(randomUUID()))).toEqual([]);
  },
  async 'after close nothing is done any more'(world) {
    const point = await taken(world);
    const engine = await world.another();
    await engine.close();
    await engine.close();
    expect(await settled(world, () => engine.purge(point))).toMatchObject({ type: 'Unknown' });
    expect(await stored(world)).toEqual(handles(point));
  },
};

/**
 * The suite.
 * @param makeWorld an empty storage for one test
 * @param skips guarantees this engine can't give; naming one that isn't in the suite is an error
 */
export function engineContract(name: string, makeWorld: () => Promise<EngineWorld>, skips: readonly Skip[] = []): void {
  const guarantees = { ...taking, ...holding, ...purging, ...asking };
  const reasons = new Map(skips.map(({ test, reason }) => [test, reason]));
  const strange = skips.filter(({ test }) => !(test in guarantees));
  if (strange.length > 0) throw new Error(`no such guarantee: ${JSON.stringify(strange)}`);
  describe(`${name} keeps the contract of engines`, () => {
    for (const [title, guarantee] of Object.entries(guarantees)) {
      const reason = reasons.get(title);
      test.runIf(reason === undefined)(reason === undefined ? title : `${title} (not here: ${reason})`, async () => {
        const world = await makeWorld();
        onTestFinished(() => world.close());
        await guarantee(world);
      });
    }
  });
}
