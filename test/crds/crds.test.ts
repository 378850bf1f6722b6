import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCrds } from '../../scripts/generate/generate.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane/control-plane.ts';
import { readCases } from './fixtures.ts';
import { mutantsOf, MutatedCrd } from './mutants.ts';
import { Server } from './server.ts';

const root = path.resolve(import.meta.dirname, '../..');
const crds = readCrds(path.join(root, 'crds'));
const cases = readCases(import.meta.dirname);
const namespace = 'crd-fixtures';

let plane: ControlPlane;
let server: Server;

beforeAll(async () => {
  plane = await startControlPlane({ controllerManager: false });
  server = new Server(plane);
  await kubectl('apply', '--server-side', '--force-conflicts', '-k', path.join(root, 'crds'));
  await kubectl('wait', '--for=condition=Established', '--timeout=60s', 'crd', ...crds.map(fullName));
  await kubectl('create', 'namespace', namespace);
});

afterAll(async () => {
  await kubectl('delete', 'namespace', namespace, '--wait=false');
  await plane.stop();
});

async function kubectl(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await plane.kubectl(args);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
  return stdout;
}

function fullName({ plural, group }: { readonly plural: string; readonly group: string }): string {
  return `${plural}.${group}`;
}

test.for(cases)('$kind/$name is answered as its file says', async (example) => {
  const target = { group: 'reprieve.dev', namespace };
  expect(await server.play(example, target)).toEqual(example.refusals);
});

describe('without one of its rules a CRD', () => {
  test.for(crds)('of $plural accepts what only that rule refuses', async (crd) => {
    await using mutated = await MutatedCrd.install(server, path.join(root, 'crds', crd.file));
    const survivors: string[] = [];
    for (const mutant of mutantsOf(crd, cases)) {
      if (!(await mutated.accepts(mutant, namespace))) survivors.push(`${mutant.path}: ${mutant.message}`);
    }
    expect(survivors).toEqual([]);
  });
});

test('kubectl knows the short names, and the category holds what a user deletes by hand', async () => {
  for (const crd of crds) {
    for (const name of crd.shortNames) {
      const table = await kubectl('get', name, '-n', namespace, '--ignore-not-found');
      const columns = crd.columns.filter((column) => (column.priority ?? 0) === 0).map((column) => column.name);
      expect(table.split('\n')[0]?.split(/ {2,}/)).toEqual(['NAME', ...columns.map((column) => column.toUpperCase())]);
    }
  }
  const inCategory = await kubectl('get', 'reprieve', '-n', namespace, '-o', 'name');
  const kinds = new Set(inCategory.split('\n').map((line) => line.replace(/\..*$/, '')));
  expect([...kinds].filter(Boolean).sort()).toEqual(['backupitem', 'backuppolicy', 'vault']);
});

// Kubernetes 1.30 drops selectableFields from a CRD: there a selector is refused, and nothing of ours may need one.
test.for(crds.flatMap((crd) => crd.selectableFields.map((field) => ({ name: fullName(crd), field }))))(
  '$name can be selected by $field where the server supports it',
  async ({ name, field }) => {
    const versions = '-o=jsonpath={.spec.versions[0].selectableFields[*].jsonPath}';
    const kept = await kubectl('get', 'crd', name, versions);
    const selector = `--field-selector=${field.slice(1)}=nobody`;
    const { code, stdout } = await plane.kubectl(['get', name, '-n', namespace, selector, '-o', 'name']);
    expect({ accepted: code === 0, stdout }).toEqual({ accepted: kept.split(' ').includes(field), stdout: '' });
  },
);
