/**
 * Operators as real processes, killed and frozen while 50 items go through their lives: the end state is right, and the files are
 * gone of exactly those that were purged. Each destruction is on record once.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Cluster } from '../../support/faults/cluster.ts';
import type { Place } from '../../support/faults/place.ts';
import { beginStorm, expectedBytes, expectedOf, fatesNow, type Storm } from '../../support/faults/storm.ts';
import { operatorIdentity, type OperatorIdentity } from '../../support/operator/identity.ts';
import { type OperatorProcess, startOperator } from '../../support/operator/process.ts';
import { until } from '../../support/operator/until.ts';

const SECOND = 1_000;
const ITEMS = 50;
const TIMEOUT = { timeout: 300 * SECOND };

let cluster: Cluster;
let second: OperatorIdentity;

beforeAll(async () => {
  cluster = await Cluster.start({ audit: true });
  second = await operatorIdentity(cluster.plane, 1);
});
afterAll(() => cluster.stop());

interface Start {
  readonly dayLength?: string;
  readonly args?: readonly string[];
  readonly identity?: OperatorIdentity;
}

function start(place: Place, { dayLength = '2s', args = ['--leader-elect=false'], identity }: Start = {}) {
  return startOperator(cluster.plane, {
    storage: place.storage,
    dayLength,
    args: [`--watch-namespaces=${place.namespace}`, ...args],
    identity: identity ?? cluster.identity,
  });
}

/** Without an election it works as soon as its caches are filled. */
function works(operator: OperatorProcess): Promise<unknown> {
  const isSynced = ({ message }: { readonly message?: unknown }): boolean => message === 'caches synced';
  return until('its caches are filled', () => operator.lines.some(isSynced), { withinMs: 60 * SECOND, everyMs: 20 });
}

/** Mulberry32: the same kills in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

async function endsRight(place: Place, storm: Storm): Promise<void> {
  const expected = [...expectedOf(storm)];
  let seen: readonly (readonly [string, string])[] = [];
  await until(
    'every item is what it should be',
    async () => {
      seen = [...(await fatesNow(place, storm))];
      return JSON.stringify(seen) === JSON.stringify(expected);
    },
    { withinMs: 150 * SECOND, everyMs: SECOND },
  ).catch(() => undefined);
  expect(seen).toEqual(expected);
  expect((await place.disks()).map(({ content }) => content).sort()).toEqual(expectedBytes(storm));
}

/** The evidence of all purges says of each handle once that it was removed. */
async function destroyedOnce(place: Place, storm: Storm): Promise<void> {
  const lines = (await place.jobs()).flatMap(({ status }) => status?.evidence ?? []);
  const handles = lines.flatMap((line) =>
    [...line.matchAll(/handle (sim-[-0-9a-f]+) removed/g)].map(([, handle]) => handle),
  );
  expect(new Set(handles).size).toBe(handles.length);
  const purged = [...storm.fates.values()].filter((fate) => fate === 'Purged' || fate === 'HandedOverAndGone');
  expect(handles.length).toBeLessThanOrEqual(purged.length);
}

test('killed at random moments and started again: 50 lives end as they should', TIMEOUT, async () => {
  const place = await cluster.place('kills');
  const random = seeded(20_260_401);
  const over = new AbortController();
  let kills = 0;
  const killer = (async () => {
    while (!over.signal.aborted) {
      const operator = await start(place);
      // Some die while they start, most at work.
      if (random() < 0.8) await works(operator);
      await delay(random() * 1_000);
      kills += 1;
      await operator.kill();
    }
  })();
  const storm = await beginStorm(place, ITEMS);
  await until('there were enough kills', () => kills >= 15, { withinMs: 120 * SECOND });
  over.abort();
  await killer;
  const last = await start(place);
  await endsRight(place, storm);
  await destroyedOnce(place, storm);
  await last.stop();
});

test('two that both believe to lead do no harm: the same end, and nothing is destroyed twice', TIMEOUT, async () => {
  const place = await cluster.place('twins');
  const twins = await Promise.all([start(place), start(place, { identity: second })]);
  await Promise.all(twins.map(works));
  const storm = await beginStorm(place, ITEMS);
  await endsRight(place, storm);
  await destroyedOnce(place, storm);
  await Promise.all(twins.map((twin) => twin.stop()));
});

/** Writes to this namespace that the API server accepted from a Pod of the operator, with when they arrived. */
async function writesBy(place: Place, { podName }: OperatorIdentity): Promise<readonly number[]> {
  const log = await readFile(cluster.plane.auditLog ?? '', 'utf8');
  return log
    .split('\n')
    .filter((line) => line.includes(`"namespace":"${place.namespace}"`) && line.includes(podName))
    .map((line) => JSON.parse(line) as AuditLine)
    .filter(
      ({ verb, responseStatus }) =>
        verb !== 'get' && verb !== 'list' && verb !== 'watch' && (responseStatus?.code ?? 500) < 300,
    )
    .map(({ requestReceivedTimestamp }) => Date.parse(requestReceivedTimestamp));
}

interface AuditLine {
  readonly verb: string;
  readonly requestReceivedTimestamp: string;
  readonly responseStatus?: { readonly code: number };
}

test(
  'the leader frozen in the middle of its purges: another takes over, nothing is accepted from the old one, nothing is destroyed twice',
  TIMEOUT,
  async () => {
    const place = await cluster.place('frozen');
    const elected = { args: [], dayLength: '1s' };
    const leader = await start(place, elected);
    await leader.leading();
    const storm = await beginStorm(place, ITEMS);
    const follower = await start(place, { ...elected, identity: second });
    const isPurging = async (): Promise<boolean> =>
      (await place.items()).some(({ status }) => status?.deleteState === 'Purging' || status?.deleteState === 'Purged');
    await until('a purge has begun', isPurging, { withinMs: 60 * SECOND, everyMs: 20 });
    leader.signal('SIGSTOP');
    const frozenAt = Date.now();
    await follower.leading();
    const succeededAt = Date.now();
    await until('twenty seconds have passed', () => Date.now() - frozenAt > 20 * SECOND, { withinMs: 30 * SECOND });
    leader.signal('SIGCONT');
    expect(await leader.exited).toBe(1);
    await endsRight(place, storm);
    await destroyedOnce(place, storm);
    const late = (await writesBy(place, leader.identity)).filter((at) => at > succeededAt);
    expect(late).toEqual([]);
    expect((await writesBy(place, leader.identity)).length).toBeGreaterThan(ITEMS);
    await follower.stop();
  },
);
