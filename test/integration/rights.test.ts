/**
 * The rights of the ServiceAccount, granted and used: the whole story runs with the audit log on, and neither is more than the
 * other. Without WatchList, so that the lists which older API servers need are used as well. Half a second is a day.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BACKUP_ITEMS, BACKUP_JOBS, VAULTS } from '../../src/api/names.ts';
import { must } from '../support/operator/identity.ts';
import { until } from '../support/operator/until.ts';
import { type AuditedCall, operatorCalls, resourceOf } from '../support/world/audit.ts';
import type { Place } from '../support/world/place.ts';
import { World } from '../support/world/world.ts';

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

let world: World;
let calls: readonly AuditedCall[];
const PATIENCE_MS = 60_000;

/** What the story below can't bring about, and why it is granted all the same. */
const notHere: Readonly<Record<string, string>> = {};

beforeAll(async () => {
  world = await World.start({
    dayLength: '500ms',
    audit: true,
    apiServerFlags: ['--feature-gates=WatchList=false'],
  });
  await everything(await world.place());
  await world.stopOperator();
  calls = await operatorCalls(world);
});

afterAll(() => world.stop());

/** From the first backup to an empty vault that goes, by way of every kind of deletion. */
async function everything(place: Place): Promise<void> {
  const web = await place.aProtectedItem('web');
  await place.aBackup('on-demand', 'web');
  await place.jobEnded('on-demand');
  const [point] = await place.points(web.status?.itemID);
  await place.must(['delete', 'recoverypoint', point?.metadata.name ?? '', '--wait=false']);
  await place.event('BackupItem', 'web', 'RecoveryPointRestored');
  for (let round = 0; round < 2; round++) {
    await place.stop('web');
    await place.resume('web');
  }
  await place.must(['delete', 'backupitem', 'web']);
  await place.comeBack('web', web);
  await place.gone(BACKUP_ITEMS, 'web', PATIENCE_MS);
  await place.gone(BACKUP_JOBS, 'on-demand', PATIENCE_MS);
  await place.must(['delete', 'vault', 'main', '--wait=false']);
  await place.gone(VAULTS, 'main', PATIENCE_MS);
  // As the next operator would: the first calls of a process are those that look at what is installed.
  await world.stopOperator();
  await world.startOperator();
}

/** `verb resource`, with `: name` where the rule names objects. */
async function granted(): Promise<readonly string[]> {
  const roles = ['clusterrole/reprieve', 'role/reprieve-leader'].map(async (role) => {
    const text = await must(world.plane, ['get', role, '-n', 'reprieve-system', '-o', 'json']);
    return (JSON.parse(text) as { readonly rules: readonly Rule[] }).rules;
  });
  return (await Promise.all(roles)).flat().flatMap(spelledOut);
}

function spelledOut({ apiGroups, resources, resourceNames, verbs }: Rule): readonly string[] {
  return apiGroups.flatMap((group) =>
    resources.flatMap((resource) =>
      verbs.flatMap((verb) => {
        const right = `${verb} ${resource}${group === '' ? '' : `.${group}`}`;
        return (resourceNames ?? ['']).map((name) => (name === '' ? right : `${right}: ${name}`));
      }),
    ),
  );
}

function used(): ReadonlySet<string> {
  return new Set(
    calls.flatMap((call) => {
      const right = `${call.verb} ${resourceOf(call)}`;
      const name = call.objectRef?.name;
      return name === undefined ? [right] : [right, `${right}: ${name}`];
    }),
  );
}

test('nothing was forbidden', () => {
  expect(calls.length).toBeGreaterThan(50);
  expect(calls.filter(({ responseStatus }) => responseStatus?.code === 403)).toEqual([]);
});

test('nothing is granted that was not used', async () => {
  const unused = (await granted()).filter((right) => !used().has(right));
  expect(unused).toEqual(Object.keys(notHere));
});

test('nothing was used that the manifests do not grant', async () => {
  const rights = await granted();
  const beyond = calls.filter((call) => {
    const right = `${call.verb} ${resourceOf(call)}`;
    return !rights.includes(right) && !rights.includes(`${right}: ${call.objectRef?.name ?? ''}`);
  });
  expect([...new Set(beyond.map((call) => `${call.verb} ${call.requestURI}`))]).toEqual([]);
});

test('leases are touched in the operator’s own namespace only', async () => {
  const leases = calls.filter(({ objectRef }) => objectRef?.resource === 'leases');
  expect(new Set(leases.map(({ objectRef }) => objectRef?.namespace))).toEqual(new Set(['reprieve-system']));
  await until('the lease is there', async () =>
    (await must(world.plane, ['get', 'lease', '-A'])).includes('reprieve-leader'),
  );
});
