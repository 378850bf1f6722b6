/** Conventions of the API that no server checks: https://github.com/kubernetes-sigs/kube-api-linter has most of them. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { type Crd, everyPlace, type Place, type Schema } from '../../scripts/generate/crd.ts';
import { readCrds } from '../../scripts/generate/generate.ts';
import { CONDITIONS } from '../../src/api/conditions.ts';
import { BACKUP_ITEMS, BACKUP_JOBS, BACKUP_POLICIES, RECOVERY_POINTS, VAULTS } from '../../src/api/names.ts';
import { readCases } from '../crds/fixtures.ts';
import { mutantsOf } from '../crds/mutants.ts';

const root = path.resolve(import.meta.dirname, '../..');
const crds = readCrds(path.join(root, 'crds'));
const cases = readCases(path.join(root, 'test/crds'));

/** What has two sides and will not grow a third. */
const BOOLEANS = ['Vault .spec.suspendPurge', 'BackupItem .status.handedOver'];
/** Kinds of a cluster without ours, and of what is usually installed beside: a short name must be free. */
const TAKEN =
  'bs cj cm cr crd cs csr deploy ds eb ep ev hpa ing limits netpol no ns pc pdb po pv pvc quota rc rs sa sc sts svc vs vsc vm vmi dv';

interface Complaint {
  readonly rule: string;
  readonly holds: (place: Place, kind: string) => boolean;
}

/** Fields of ours: not those that every object has. */
function fieldsOf(crd: Crd): readonly Place[] {
  return everyPlace({ path: '', schema: crd.schema }).filter(
    ({ path: at }) => !/^(\.(apiVersion|kind|metadata))?$/.test(at),
  );
}

function lastName(at: string): string {
  return at.slice(at.lastIndexOf('.') + 1);
}

function isNamed({ path: at }: Place): boolean {
  return !/(\[\]|\{\})$/.test(at);
}

function isBounded({ schema, path: at }: Place): boolean {
  const isCounter = at.startsWith('.status') && schema.minimum === 0;
  const bounded: Record<Schema['type'], boolean> = {
    string: schema.enum !== undefined || schema.maxLength !== undefined || schema.format === 'date-time',
    integer: schema.minimum !== undefined && (schema.maximum !== undefined || isCounter || schema.format === 'int64'),
    array: schema.maxItems !== undefined,
    object: schema.additionalProperties === undefined || schema.maxProperties !== undefined,
    boolean: true,
  };
  return bounded[schema.type];
}

const complaints: readonly Complaint[] = [
  {
    rule: 'is described, by a sentence that starts with its name',
    holds: (place) =>
      !isNamed(place) ||
      (place.schema.description?.startsWith(`${lastName(place.path)} `) === true &&
        /[.\])]$/.test(place.schema.description)),
  },
  { rule: 'is bounded', holds: isBounded },
  {
    rule: 'has a list type',
    holds: ({ schema }) => schema.type !== 'array' || schema['x-kubernetes-list-type'] !== undefined,
  },
  {
    rule: 'is a map by keys that are required, where it is a map',
    holds: ({ schema }) =>
      (schema['x-kubernetes-list-map-keys'] ?? []).every((key) => schema.items?.required?.includes(key) === true),
  },
  {
    rule: 'is an enum rather than a boolean, unless it can have two sides only',
    holds: ({ schema, path: at }, kind) => schema.type !== 'boolean' || BOOLEANS.includes(`${kind} ${at}`),
  },
  {
    rule: 'does not require what has a default',
    holds: ({ schema }) => (schema.required ?? []).every((name) => schema.properties?.[name]?.default === undefined),
  },
  {
    rule: 'requires only what it has',
    holds: ({ schema }) => (schema.required ?? []).every((name) => schema.properties?.[name] !== undefined),
  },
  {
    rule: 'of status requires nothing at its top',
    holds: ({ schema, path: at }) => at !== '.status' || schema.required === undefined,
  },
  {
    rule: 'ends in Ref where it holds a name of another object alone',
    holds: ({ schema, path: at }) =>
      schema.type !== 'object' ||
      Object.keys(schema.properties ?? {}).join() !== 'name' ||
      (at.endsWith('Ref') && schema['x-kubernetes-map-type'] === 'atomic'),
  },
  {
    rule: 'is a date-time where its name says that it is a time',
    holds: ({ schema, path: at }) => !/(Time|Since)$/.test(at) || schema.format === 'date-time',
  },
  {
    rule: 'has rules that each say in one line what to do',
    holds: ({ schema }) =>
      (schema['x-kubernetes-validations'] ?? []).every(({ message }) => /^[^\n]{20,200}$/.test(message)),
  },
];

test.for(complaints)('every field $rule', ({ holds }) => {
  const offenders = crds.flatMap((crd) =>
    fieldsOf(crd)
      .filter((place) => !holds(place, crd.kind))
      .map((place) => `${crd.kind} ${place.path}`),
  );
  expect(offenders).toEqual([]);
});

test('the lint sees an offender of each of its rules', () => {
  const offender: Schema = {
    type: 'object',
    required: ['missing', 'preset'],
    'x-kubernetes-validations': [{ rule: 'true', message: 'no' }],
    properties: { name: { type: 'string' }, preset: { type: 'boolean', default: true } },
  };
  const list: Schema = { type: 'array', items: { type: 'object' }, 'x-kubernetes-list-map-keys': ['name'] };
  const named: Schema = { type: 'object', properties: { name: { type: 'string' } } };
  const places = [
    { path: '.status', schema: offender },
    { path: '.spec.owner', schema: named },
    { path: '.spec.list', schema: list },
    { path: '.spec.endTime', schema: { type: 'string' } as const },
    { path: '.spec.on', schema: { type: 'boolean' } as const },
  ];
  for (const { rule, holds } of complaints) {
    expect({ rule, offends: places.some((place) => !holds(place, 'Thing')) }).toEqual({ rule, offends: true });
  }
});

test.for(crds)('$kind is namespaced, splits spec and status, and is known to the code by its names', (crd) => {
  const known = [VAULTS, BACKUP_ITEMS, BACKUP_POLICIES, RECOVERY_POINTS, BACKUP_JOBS];
  const { group, version, plural, kind } = crd;
  expect(known).toContainEqual({ group, version, plural, kind, namespaced: true });
  expect(crd.hasStatusSubresource).toBe(true);
  expect(Object.keys(crd.schema.properties ?? {})).toEqual(['apiVersion', 'kind', 'metadata', 'spec', 'status']);
  expect(crd.schema.description?.startsWith(`${kind} `)).toBe(true);
  const manifest = parse(readFileSync(path.join(root, 'crds', crd.file), 'utf8')) as {
    readonly metadata: { readonly name: string };
    readonly spec: { readonly scope: string };
  };
  expect([manifest.metadata.name, manifest.spec.scope]).toEqual([`${plural}.${group}`, 'Namespaced']);
});

test('points and jobs are out of the reach of kubectl delete reprieve --all', () => {
  const inCategory = crds.filter(({ categories }) => categories.includes('reprieve')).map(({ kind }) => kind);
  expect(inCategory).toEqual(['Vault', 'BackupItem', 'BackupPolicy']);
});

test('short names are free', () => {
  const ours = crds.flatMap(({ shortNames }) => shortNames);
  expect(new Set(ours).size).toBe(crds.length);
  expect(ours.filter((name) => TAKEN.split(' ').includes(name))).toEqual([]);
});

/** The schema at a path such as `.status.conditions[?(@.type=="Ready")].reason`. */
function schemaAt(crd: Crd, jsonPath: string): Schema | undefined {
  const at = jsonPath.replace(/\[\?\(@\.type=="\w+"\)\]/, '[]');
  return everyPlace({ path: '', schema: crd.schema }).find((place) => place.path === at)?.schema;
}

test.for(crds)('columns and selectable fields of $kind exist, and no future time is a date', (crd) => {
  for (const { name, type, jsonPath, description } of crd.columns) {
    const condition = /\[\?\(@\.type=="(\w+)"\)\]/.exec(jsonPath)?.[1];
    const table: Readonly<Record<string, unknown>> = CONDITIONS[crd.kind as keyof typeof CONDITIONS];
    expect(condition === undefined || condition in table, `${name}: condition ${String(condition)}`).toBe(true);
    expect(description, name).toBeDefined();
    if (jsonPath === '.metadata.creationTimestamp') expect(type).toBe('date');
    else expect(type, name).toBe(schemaAt(crd, jsonPath)?.type);
  }
  for (const field of crd.selectableFields) expect(schemaAt(crd, field)?.type, field).toBe('string');
});

test('conditions have the same schema everywhere: that of metav1.Condition, a map by type', () => {
  const schemas = crds.map((crd) => {
    const { description, ...schema } = crd.schema.properties?.['status']?.properties?.['conditions'] ?? {
      type: 'array',
    };
    for (const type of Object.keys(CONDITIONS[crd.kind as keyof typeof CONDITIONS]))
      expect(description).toContain(type);
    return schema;
  });
  for (const schema of schemas) expect(schema).toEqual(schemas[0]);
  expect(schemas[0]).toMatchObject({
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['type'],
    items: { required: ['type', 'status', 'reason', 'message', 'lastTransitionTime'] },
  });
  expect(Object.keys(schemas[0]?.items?.properties ?? {}).sort()).toEqual(
    ['lastTransitionTime', 'message', 'observedGeneration', 'reason', 'status', 'type'].sort(),
  );
});

test.for(crds)('every rule of $kind has words of its own and a case that it alone refuses', (crd) => {
  const mutants = mutantsOf(crd, cases);
  expect(new Set(mutants.map(({ message }) => message)).size).toBe(mutants.length);
  expect(mutants.filter(({ killer }) => killer === undefined).map(({ message }) => message)).toEqual([]);
});

test.for(crds)('$kind has cases that are accepted, and one that fills every field of its status', (crd) => {
  const accepted = cases.filter(({ kind, refusals }) => kind === crd.plural && refusals.length === 0);
  expect(accepted.length).toBeGreaterThan(3);
  const full = accepted.find(({ name }) => name === 'every-status-field')?.last.body['status'];
  expect(Object.keys(full ?? {}).sort()).toEqual(
    Object.keys(crd.schema.properties?.['status']?.properties ?? {}).sort(),
  );
});
