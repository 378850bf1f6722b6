/** Reads a CustomResourceDefinition into the part of the schema language that the generator can express. */
import { parse } from 'yaml';

/** A CEL rule with the words that a user reads. */
export interface Rule {
  readonly rule: string;
  readonly message: string;
  readonly reason?: string;
  readonly fieldPath?: string;
}

/** A structural schema, as far as it is used in crds/. `KNOWN` below is the same list. */
export interface Schema {
  readonly type: 'object' | 'array' | 'string' | 'integer' | 'boolean';
  readonly description?: string;
  readonly default?: unknown;
  readonly format?: string;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly items?: Schema;
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-map-type'?: 'atomic' | 'granular';
  readonly 'x-kubernetes-validations'?: readonly Rule[];
}

const KNOWN: ReadonlySet<string> = new Set([
  ...['type', 'description', 'default', 'format', 'enum', 'pattern', 'minLength', 'maxLength', 'minimum', 'maximum'],
  ...['minItems', 'maxItems', 'maxProperties', 'required', 'properties', 'additionalProperties', 'items'],
  ...['x-kubernetes-list-type', 'x-kubernetes-list-map-keys', 'x-kubernetes-map-type', 'x-kubernetes-validations'],
]);
const TYPES: ReadonlySet<string> = new Set(['object', 'array', 'string', 'integer', 'boolean']);

interface PrinterColumn {
  readonly name: string;
  readonly type: string;
  readonly jsonPath: string;
  readonly description?: string;
  readonly priority?: number;
}

/** One kind with its one version. */
export interface Crd {
  readonly file: string;
  readonly kind: string;
  readonly plural: string;
  readonly group: string;
  readonly version: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly selectableFields: readonly string[];
  readonly columns: readonly PrinterColumn[];
  readonly hasStatusSubresource: boolean;
  readonly schema: Schema;
}

interface Manifest {
  readonly kind: string;
  readonly spec: {
    readonly group: string;
    readonly names: {
      readonly kind: string;
      readonly plural: string;
      readonly shortNames?: readonly string[];
      readonly categories?: readonly string[];
    };
    readonly versions: readonly {
      readonly name: string;
      readonly subresources?: { readonly status?: object };
      readonly selectableFields?: readonly { readonly jsonPath: string }[];
      readonly additionalPrinterColumns?: readonly PrinterColumn[];
      readonly schema: { readonly openAPIV3Schema: Schema };
    }[];
  };
}

/** @throws Error naming file and path of what is no CRD with one version, or of a construct the generator can't express. */
export function readCrd(file: string, text: string): Crd {
  const manifest = parse(text) as Manifest;
  if (manifest.kind !== 'CustomResourceDefinition') {
    throw new Error(`${file}: kind ${manifest.kind}: only CustomResourceDefinitions belong here`);
  }
  const { group, names, versions } = manifest.spec;
  const [version, ...others] = versions;
  if (version === undefined || others.length > 0) {
    throw new Error(`${file}: ${versions.length} versions: the generator knows one; teach it to choose`);
  }
  const schema = version.schema.openAPIV3Schema;
  check(file, '', schema);
  return {
    file,
    kind: names.kind,
    plural: names.plural,
    group,
    version: version.name,
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    selectableFields: (version.selectableFields ?? []).map((field) => field.jsonPath),
    columns: version.additionalPrinterColumns ?? [],
    hasStatusSubresource: version.subresources?.status !== undefined,
    schema,
  };
}

/** A schema with the path to it: `.spec.disks[].name`. */
export interface Place {
  readonly path: string;
  readonly schema: Schema;
}

/** The schemas directly below one. */
function below({ path, schema }: Place): readonly Place[] {
  const properties = Object.entries(schema.properties ?? {});
  return [
    ...properties.map(([name, property]) => ({ path: `${path}.${name}`, schema: property })),
    ...(schema.items === undefined ? [] : [{ path: `${path}[]`, schema: schema.items }]),
    ...(schema.additionalProperties === undefined ? [] : [{ path: `${path}{}`, schema: schema.additionalProperties }]),
  ];
}

/** A schema and all below it. */
export function everyPlace(place: Place): readonly Place[] {
  return [place, ...below(place).flatMap(everyPlace)];
}

function check(file: string, path: string, schema: Schema): void {
  for (const place of everyPlace({ path, schema })) {
    const unknown = Object.keys(place.schema).find((word) => !KNOWN.has(word));
    const problem = unknown === undefined ? shapeProblem(place) : `${unknown} is not expressed`;
    if (problem !== undefined)
      throw new Error(`${file}: ${place.path}: ${problem}: teach scripts/generate, or do without`);
  }
}

function shapeProblem({ path, schema }: Place): string | undefined {
  const isOpaque = schema.properties === undefined && schema.additionalProperties === undefined;
  const rules: readonly Partial<Rule>[] = schema['x-kubernetes-validations'] ?? [];
  const problems: readonly (readonly [boolean, string])[] = [
    [!TYPES.has(schema.type), `type ${schema.type} is not expressed`],
    [schema.type === 'array' && schema.items === undefined, 'a list without items'],
    [schema.enum !== undefined && schema.type !== 'string', 'an enum that is not of strings'],
    [schema.properties !== undefined && schema.additionalProperties !== undefined, 'a map with named fields'],
    [rules.some(({ message }) => typeof message !== 'string'), 'a rule without a message'],
    [schema.type === 'object' && isOpaque && path !== '.metadata', 'an object without fields'],
  ];
  return problems.find(([holds]) => holds)?.[1];
}
