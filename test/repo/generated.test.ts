import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { readCrd } from '../../scripts/generate/crd.ts';
import { generate } from '../../scripts/generate/generate.ts';
import { typesOf } from '../../scripts/generate/types.ts';

const root = path.resolve(import.meta.dirname, '../..');
const generated = generate(path.join(root, 'crds'));

test.for([...generated.keys()])('%s is what npm run generate writes', (file) => {
  expect(readFileSync(path.join(root, file), 'utf8')).toBe(generated.get(file));
});

test('no generated module is left of a kind that is gone', () => {
  const modules = [...generated.keys()].filter((file) => file.endsWith('.gen.ts'));
  expect(globSync('src/**/*.gen.ts', { cwd: root }).sort()).toEqual(modules.sort());
});

/** A CRD of a kind Thing with this spec. */
function thing(spec: object, status?: object): string {
  const properties = { spec, ...(status === undefined ? {} : { status }) };
  return stringify({
    kind: 'CustomResourceDefinition',
    spec: {
      group: 'example.org',
      names: { kind: 'Thing', plural: 'things' },
      versions: [{ name: 'v1', schema: { openAPIV3Schema: { type: 'object', required: ['spec'], properties } } }],
    },
  });
}

function generateThing(spec: object, status?: object): string {
  return typesOf(readCrd('things.yaml', thing(spec, status)));
}

const wordless = { 'x-kubernetes-validations': [{ rule: 'true' }] };
const name = { type: 'object', properties: { name: { type: 'string' } } };

test.for([
  { what: 'oneOf', spec: { type: 'object', properties: { size: { type: 'string', oneOf: [] } } } },
  { what: 'nullable', spec: { type: 'object', properties: { size: { type: 'string', nullable: true } } } },
  { what: 'a number', spec: { type: 'object', properties: { size: { type: 'number' } } } },
  { what: 'no type', spec: { type: 'object', properties: { size: { description: 'size of it' } } } },
  { what: 'an enum of numbers', spec: { type: 'object', properties: { size: { type: 'integer', enum: [1, 2] } } } },
  { what: 'a list without items', spec: { type: 'object', properties: { size: { type: 'array' } } } },
  { what: 'an object without fields', spec: { type: 'object', properties: { size: { type: 'object' } } } },
  { what: 'a rule without a message', spec: { type: 'object', properties: { size: { ...name, ...wordless } } } },
  {
    what: 'a map with named fields',
    spec: { type: 'object', properties: { size: { ...name, additionalProperties: { type: 'string' } } } },
  },
])('$what in a schema is refused with its place', ({ spec }) => {
  expect(() => generateThing(spec)).toThrow(/^things\.yaml: \.spec\.size: .*teach scripts\/generate, or do without$/);
});

test('one name in spec and status for two shapes is refused', () => {
  const other = { type: 'object', properties: { uid: { type: 'string' } } };
  const spec = { type: 'object', properties: { owner: name } };
  expect(() => generateThing(spec, { type: 'object', properties: { owner: other } })).toThrow(
    'things.yaml: ThingOwner would stand for two shapes: rename one of the fields',
  );
  expect(generateThing(spec, spec)).toContain('export interface ThingOwner {');
});

test('a file that holds no CRD, or several versions, is refused', () => {
  expect(() => readCrd('x.yaml', 'kind: ConfigMap')).toThrow('x.yaml: kind ConfigMap');
  const versions = thing(name).replace('versions:', 'versions:\n    - name: v0');
  expect(() => readCrd('x.yaml', versions)).toThrow('x.yaml: 2 versions');
});

test('each construct of the schema has its TypeScript', () => {
  const spec = {
    description: 'spec of a thing.',
    type: 'object',
    required: ['state'],
    properties: {
      state: { description: 'state of it.', type: 'string', enum: ['On', 'Off'] },
      size: { description: 'size of it.', type: 'integer', default: 3 },
      labels: { type: 'object', additionalProperties: { type: 'string' } },
      disks: { type: 'array', items: name },
      isBig: { type: 'boolean' },
    },
  };
  expect(generateThing(spec)).toBe(`// Generated from crds/; do not edit, run npm run generate.
// Source: crds/things.yaml
import type { KubeObject } from './meta.ts';

export interface Thing extends KubeObject {
  readonly spec: ThingSpec;
}

/** spec of a thing. */
export interface ThingSpec {
  /** state of it. */
  readonly state: ThingState;
  /** size of it. Default: 3. */
  readonly size?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly disks?: readonly ThingDisk[];
  readonly isBig?: boolean;
}

export const THING_STATE_VALUES = ['On', 'Off'] as const;
export type ThingState = (typeof THING_STATE_VALUES)[number];

export interface ThingDisk {
  readonly name?: string;
}
`);
});
