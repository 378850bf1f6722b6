/**
 * The API server goes away in the middle of everything: stopped, killed with its etcd, or frozen, at a soft delete, a hand-over and a
 * purge; the token changes; it restarts twice. When it is back the operator gets on, and nothing was early. (A watch window that a
 * compaction has ended is in test/integration/reflector.test.ts.)
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ResourceType } from '../../../src/api/meta.ts';
import { BACKUP_ITEMS, EVENTS, VAULTS } from '../../../src/api/names.ts';
import { type Around, chain, isWrite } from '../../support/faults/calls.ts';
import { Cluster } from '../../support/faults/cluster.ts';
import { runOperator } from '../../support/faults/in-process.ts';
import type { Place } from '../../support/faults/place.ts';
import { Witness } from '../../support/faults/witness.ts';
import { must, operatorIdentity, writeToken } from '../../support/operator/identity.ts';
import { until } from '../../support/operator/until.ts';

const SECOND = 1_000;
const TIMEOUT = { timeout: 240 * SECOND };
const COMES_BACK = { withinMs: 120 * SECOND };

let cluster: Cluster;

beforeAll(async () => {
  cluster = await Cluster.start();
});
afterAll(() => cluster.stop());

const TOKEN_REVIEWS: ResourceType = {
  group: 'authentication.k8s.io',
  version: 'v1',
  plural: 'tokenreviews',
  kind: 'TokenReview',
  namespaced: false,
};

async function isAuthenticated(token: string): Promise<boolean> {
  const review = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    metadata: { name: '' },
    spec: { token },
  };
  const { object } = await cluster.admin.create<typeof review>(TOKEN_REVIEWS, review, { fieldManager: 'kubectl' });
  return (object as { readonly status?: { readonly authenticated?: boolean } }).status?.authenticated ?? false;
}

interface Outage {
  readonly slug: string;
  readonly name: string;
  /** At how many of a scene's calls it strikes; a freeze takes its time. */
  readonly calls: number;
  readonly begin: () => Promise<unknown>;
  readonly end: () => Promise<unknown>;
}

const outages: readonly Outage[] = [
  {
    slug: 'killed',
    name: 'killed together with etcd',
    calls: 4,
    begin: async () => {
      await cluster.plane.parts.apiServer.kill();
      await cluster.plane.parts.etcd.kill();
    },
    end: async () => {
      await cluster.plane.parts.etcd.start();
      await cluster.plane.parts.apiServer.start();
    },
  },
  {
    slug: 'paused',
    name: 'frozen for 17 s',
    calls: 1,
    begin: () => Promise.resolve(cluster.plane.parts.apiServer.pause()),
    end: async () => {
      const until17 = Date.now() + 17 * SECOND;
      await until('it stood still for 17 s', () => Date.now() > until17, { withinMs: 30 * SECOND });
      await cluster.plane.parts.apiServer.resume();
    },
  },
];

/** Strikes once, at the n-th write of the operator after it was armed; the write itself finds nobody. */
class Striker {
  readonly struck = Promise.withResolvers<undefined>();
  #left = Number.POSITIVE_INFINITY;
  readonly #begin: () => Promise<unknown>;

  constructor(begin: () => Promise<unknown>) {
    this.#begin = begin;
  }

  arm(at: number): void {
    this.#left = at;
  }

  readonly around: Around = async (call, send) => {
    if (call.target === 'Engine' || (isWrite(call) && call.type !== EVENTS && call.type !== VAULTS)) {
      this.#left -= 1;
      if (this.#left === 0) {
        await this.#begin();
        this.struck.resolve(undefined);
      }
    }
    return send();
  };
}

interface Scene {
  readonly name: string;
  readonly slug: string;
  readonly dayLength: string;
  readonly begin?: (place: Place) => Promise<unknown>;
  readonly act: (place: Place) => Promise<unknown>;
  readonly isOver: (place: Place) => Promise<unknown>;
  /** Which of its writes and engine calls finds the API server gone. */
  readonly at: readonly number[];
}

const scenes: readonly Scene[] = [
  {
    name: 'a soft delete',
    slug: 'soft',
    dayLength: '1h',
    act: (place) => place.setProtection('db', 'StopDeleteData'),
    isOver: (place) => place.isIn('db', 'ToBeDeleted', COMES_BACK),
    at: [1, 3],
  },
  {
    name: 'a hand-over',
    slug: 'hand',
    dayLength: '1h',
    act: (place) => place.remove(BACKUP_ITEMS, 'db'),
    isOver: (place) => place.itemIs('db', 'was handed over', ({ status }) => status?.handedOver === true, COMES_BACK),
    at: [4, 6],
  },
  {
    name: 'a purge',
    slug: 'purge',
    dayLength: '500ms',
    begin: async (place) => {
      await place.setProtection('db', 'StopDeleteData');
      await place.isIn('db', 'ToBeDeleted');
    },
    act: () => Promise.resolve(),
    isOver: (place) => place.isIn('db', 'Purged', COMES_BACK),
    at: [2, 4, 5, 6],
  },
];

const cases = outages.flatMap((outage) =>
  scenes.flatMap((scene) =>
    scene.at.slice(-outage.calls).map((at) => ({ outage, scene, at, what: outage.name, when: scene.name })),
  ),
);

describe('an API server that goes away', () => {
  test.for(cases)('$what at call $at of $when: it ends as it should', TIMEOUT, async ({ outage, scene, at }) => {
    const place = await cluster.place(`${outage.slug}-${scene.slug}-${at}`);
    const witness = new Witness(cluster.admin, place);
    const striker = new Striker(outage.begin);
    // The witness asks the same API server: it judges what can be judged, before and after.
    const operator = await runOperator(cluster, place, {
      dayLength: scene.dayLength,
      around: chain(striker.around, witness.around),
    });
    await place.protect('db');
    await place.isProtected('db');
    await scene.begin?.(place);
    striker.arm(at);
    await scene.act(place);
    await striker.struck.promise;
    await outage.end();
    await scene.isOver(place);
    const isPurge = scene.slug === 'purge';
    expect(await place.disks()).toHaveLength(isPurge ? 0 : 1);
    expect(witness.destroyed).toHaveLength(isPurge ? 1 : 0);
    expect(witness.violations).toEqual([]);
    await operator.stop();
  });
});

describe('what changes while it runs', () => {
  test('a token that was revoked with its Pod: nothing is accepted, and its successor goes on', TIMEOUT, async () => {
    const place = await cluster.place('token');
    const operator = await runOperator(cluster, place);
    await place.protect('db');
    await place.isProtected('db');
    const { directory, podName } = cluster.identity;
    const token = await readFile(path.join(directory, 'token'), 'utf8');
    await must(cluster.plane, ['delete', 'pod', podName, '-n', 'reprieve-system', '--force']);
    await until('the old token is refused', async () => !(await isAuthenticated(token)));
    await place.setProtection('db', 'StopDeleteData');
    await until('the operator was refused', () => operator.lines.some((line) => JSON.stringify(line).includes('401')));
    expect((await place.item('db')).status?.deleteState).toBe('NotDeleted');
    const successor = await operatorIdentity(cluster.plane);
    await writeToken(cluster.plane, { directory, podName: successor.podName });
    await place.isIn('db', 'ToBeDeleted', COMES_BACK);
    await operator.stop();
  });

  test(
    'two restarts of the API server and an undelete in between: it is seen, and nothing is purged',
    TIMEOUT,
    async () => {
      const place = await cluster.place('restarts');
      const witness = new Witness(cluster.admin, place);
      const operator = await runOperator(cluster, place, { dayLength: '2s', around: witness.around });
      await place.protect('db');
      await place.isProtected('db');
      await place.setProtection('db', 'StopDeleteData');
      const { status } = await place.isIn('db', 'ToBeDeleted');
      await cluster.plane.parts.apiServer.restart();
      await place.setProtection('db', 'StopRetainData');
      await cluster.plane.parts.apiServer.restart();
      await place.isIn('db', 'NotDeleted', COMES_BACK);
      const deadline = Date.parse(status?.purgeTime ?? '');
      await until('the old deadline is past', () => Date.now() > deadline + 2 * SECOND, { withinMs: 60 * SECOND });
      expect(await place.disks()).toHaveLength(1);
      expect(witness.violations).toEqual([]);
      await operator.stop();
    },
  );
});
