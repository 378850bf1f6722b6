import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { type ControlPlane, startControlPlane } from '../support/control-plane/control-plane.ts';
import { readCases } from './fixtures.ts';
import { Server } from './server.ts';

const root = path.resolve(import.meta.dirname, '../..');
const overlay = path.join(root, 'manifests/overlays/development/crds');
const namespace = 'development-crds';

/** The window rule is the one that speaks of a soft-deleted item. */
const ofWindow = / a soft-deleted item keeps its data for at least 14 days/;
/** These have no deadline at all, or none after the deletion: refused in development as well. */
const withoutAnyWindow = [
  'soft-deleted-immediately',
  'soft-deleted-with-an-empty-window',
  'soft-deleted-without-delete-time',
  'soft-deleted-without-mode',
  'soft-deleted-without-purge-time',
];

let plane: ControlPlane;
let server: Server;

beforeAll(async () => {
  plane = await startControlPlane({ controllerManager: false });
  server = new Server(plane);
});

afterAll(async () => {
  await plane.stop();
});

async function kubectl(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await plane.kubectl(args);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
  return stdout;
}

async function rendered(folder: string): Promise<ReadonlyMap<string, string>> {
  const leaves = new Map<string, string>();
  for (const document of parseAllDocuments(await kubectl('kustomize', folder))) {
    const object = document.toJS() as { readonly metadata: { readonly name: string } };
    collect(leaves, object.metadata.name, object);
  }
  return leaves;
}

/** Every scalar by its path. */
function collect(leaves: Map<string, string>, at: string, value: unknown): void {
  if (typeof value !== 'object' || value === null) {
    leaves.set(at, JSON.stringify(value));
    return;
  }
  for (const [key, inner] of Object.entries(value)) collect(leaves, `${at}/${key}`, inner);
}

test('the development CRDs differ from the shipped ones in one rule and one annotation', async () => {
  const [shipped, development] = [await rendered(path.join(root, 'crds')), await rendered(overlay)];
  const differing = [...new Set([...shipped.keys(), ...development.keys()])]
    .filter((leaf) => shipped.get(leaf) !== development.get(leaf))
    .sort();
  const plurals = ['backupitems', 'backupjobs', 'backuppolicies', 'recoverypoints', 'vaults'];
  const rule = 'spec/versions/0/schema/openAPIV3Schema/properties/status/x-kubernetes-validations/0';
  expect(differing).toEqual(
    [
      ...plurals.map((plural) => `${plural}.reprieve.dev/metadata/annotations/reprieve.dev/development`),
      `backupitems.reprieve.dev/${rule}/message`,
      `backupitems.reprieve.dev/${rule}/rule`,
    ].sort(),
  );
  const asShipped = shipped.get(`backupitems.reprieve.dev/${rule}/rule`);
  expect(asShipped).toContain(`self.purgeTime - self.deleteTime >= duration('336h')`);
  expect(development.get(`backupitems.reprieve.dev/${rule}/rule`)).toBe(
    asShipped?.replace(`self.purgeTime - self.deleteTime >= duration('336h')`, 'self.purgeTime > self.deleteTime'),
  );
});

// A cluster that was named keeps the CRDs it has: weakening those is nothing a test may do.
test('an API server with the development CRDs accepts any window, and none at all only as the shipped ones do', async () => {
  if (plane.source === 'cluster') {
    expect(await kubectl('kustomize', overlay)).toContain('reprieve.dev/development: "true"');
    return;
  }
  await kubectl('apply', '--server-side', '-k', overlay);
  await kubectl('wait', '--for=condition=Established', '--timeout=60s', 'crd', '--all');
  await kubectl('create', 'namespace', namespace);
  const accepted: string[] = [];
  for (const example of readCases(import.meta.dirname).filter(({ refusals }) =>
    refusals.some((r) => ofWindow.test(r)),
  )) {
    const refusals = await server.play(example, { group: 'reprieve.dev', namespace });
    if (refusals.length === 0) accepted.push(example.name);
    else expect(withoutAnyWindow).toContain(example.name);
  }
  expect(accepted).toEqual(['window-a-second-short', 'window-of-13-days']);
});
