/**
 * Wrong clocks: the operator's own, moved by a clock that the test holds, and the API server's as the operator sees it, moved by
 * a proxy that rewrites Date headers (the server's real clock is the machine's). Deadlines follow the API server; a purge waits
 * until both agree, and comes when they do.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Cluster } from '../../support/faults/cluster.ts';
import { startDateProxy } from '../../support/faults/date-proxy.ts';
import { runOperator } from '../../support/faults/in-process.ts';
import { conditionOf, type Place } from '../../support/faults/place.ts';
import { ShiftedClock } from '../../support/faults/shifted-clock.ts';
import { Witness } from '../../support/faults/witness.ts';
import { until } from '../../support/operator/until.ts';

const SECOND = 1_000;
const DAY = 86_400_000;
const YEAR = 365 * DAY;
/** A blocked purge asks again each minute; a clock set back is noticed within half of one. */
const COMES_BACK = { withinMs: 130 * SECOND };
const TIMEOUT = 200 * SECOND;

let cluster: Cluster;

beforeAll(async () => {
  cluster = await Cluster.start();
});
afterAll(() => cluster.stop());

async function softDelete(place: Place): Promise<number> {
  await place.protect('db');
  await place.isProtected('db');
  await place.setProtection('db', 'StopDeleteData');
  const { status } = await place.isIn('db', 'ToBeDeleted');
  return Date.parse(status?.purgeTime ?? '');
}

/** Well past the deadline, by the clock of the API server's host, everything is still there. */
async function isKeptPast(place: Place, deadline: number): Promise<void> {
  await until('the deadline is two seconds past', () => Date.now() > deadline + 2 * SECOND, { withinMs: 60 * SECOND });
  expect(await place.disks()).toHaveLength(1);
  expect((await place.item('db')).status?.deleteState).toBe('ToBeDeleted');
}

describe.concurrent("the operator's clock", { timeout: TIMEOUT }, () => {
  test.for([
    { name: 'ten years ahead', slug: 'ahead', offsetMs: 10 * YEAR },
    { name: 'ten years behind', slug: 'behind', offsetMs: -10 * YEAR },
    { name: 'an hour ahead', slug: 'hour', offsetMs: DAY / 24 },
  ])('$name: the deadline is by API-server time, nothing is purged until it is set right, then it is', async (row) => {
    const place = await cluster.place(`clock-${row.slug}`);
    const clock = new ShiftedClock(row.offsetMs);
    const witness = new Witness(cluster.admin, place);
    const operator = await runOperator(cluster, place, { dayLength: '500ms', clock, around: witness.around });
    const before = Date.now();
    const deadline = await softDelete(place);
    const { status } = await place.item('db');
    const deleteTime = Date.parse(status?.deleteTime ?? '');
    expect(deleteTime).toBeGreaterThanOrEqual(before - SECOND);
    expect(deleteTime).toBeLessThanOrEqual(Date.now() + 2 * SECOND);
    expect(deadline - deleteTime).toBeGreaterThanOrEqual(7 * SECOND);
    await place.says('db', 'PurgeBlocked', 'ClockSkew', { withinMs: 60 * SECOND });
    await isKeptPast(place, deadline);
    clock.offsetMs = 0;
    await place.isIn('db', 'Purged', COMES_BACK);
    expect(await place.disks()).toEqual([]);
    expect(witness.violations).toEqual([]);
    await operator.stop();
  });

  test('a step right before the deadline suspends the purge, and a day later it goes on', async () => {
    const place = await cluster.place('clock-step');
    const clock = new ShiftedClock();
    const witness = new Witness(cluster.admin, place);
    const operator = await runOperator(cluster, place, { dayLength: '1s', clock, around: witness.around });
    const deadline = await softDelete(place);
    await until('the deadline is near', () => Date.now() > deadline - SECOND / 2, { withinMs: 60 * SECOND });
    clock.offsetMs = 10 * SECOND;
    const item = await place.says('db', 'PurgeBlocked', 'ClockSkew');
    expect(conditionOf(item, 'PurgeBlocked')?.message).toContain('Stepped');
    await isKeptPast(place, deadline);
    await place.isIn('db', 'Purged', COMES_BACK);
    expect(witness.violations).toEqual([]);
    await operator.stop();
  });
});

const shifted =
  (ms: number) =>
  (date: string): string =>
    new Date(Date.parse(date) + ms).toUTCString();

describe.concurrent("the API server's clock, as its answers tell it", { timeout: TIMEOUT }, () => {
  test.for([
    { name: 'fifteen days ahead', slug: 'ahead', rewrite: shifted(15 * DAY) },
    { name: 'a day behind', slug: 'behind', rewrite: shifted(-DAY) },
    { name: 'not told', slug: 'missing', rewrite: () => undefined },
    { name: 'garbage', slug: 'garbage', rewrite: () => 'half past never' },
  ])('$name for the second half of a window: nothing is purged until it is right again, then it is', async (row) => {
    const place = await cluster.place(`date-${row.slug}`);
    const proxy = await startDateProxy(cluster, row.slug);
    const witness = new Witness(cluster.admin, place);
    const operator = await runOperator(cluster, place, {
      dayLength: '2s',
      around: witness.around,
      through: proxy.kubeconfig,
    });
    const deadline = await softDelete(place);
    proxy.rewrite = row.rewrite;
    await isKeptPast(place, deadline);
    proxy.rewrite = (date) => date;
    // Any request tells the time; without an election there is none unless something happens.
    await place.protect('other');
    await place.isIn('db', 'Purged', COMES_BACK);
    expect(await place.disks()).toHaveLength(1);
    expect(witness.destroyed).toHaveLength(1);
    expect(witness.violations).toEqual([]);
    await operator.stop();
    await proxy.close();
  });
});
