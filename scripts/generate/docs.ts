/** docs/api.md from the CRDs: what `kubectl explain` says, on one page and with the rules. */
import { CONDITIONS } from '../../src/api/conditions.ts';
import { everyPlace, type Crd, type Place, type Schema } from './crd.ts';
import { defaultText } from './types.ts';

const INTRODUCTION = `<!-- Generated from crds/; do not edit, run npm run generate. -->

# API reference: reprieve.dev/v1alpha1

All kinds are namespaced and have a status subresource. Times are RFC 3339 in UTC. The API server refuses what breaks a
limit or a rule of this page; the words of a rule are what it answers. \`!\` marks a required field.
`;

/** The page for these kinds, in this order. */
export function documentApi(crds: readonly Crd[]): string {
  return [INTRODUCTION, ...crds.map(documentKind)].join('\n');
}

function documentKind(crd: Crd): string {
  const places = everyPlace({ path: '', schema: crd.schema });
  const fields = places.filter(isShown);
  const rules = places.flatMap(({ path, schema }) =>
    (schema['x-kubernetes-validations'] ?? []).map(
      (rule) => `- ${cell(code(path + (rule.fieldPath ?? '')))}: ${rule.message}`,
    ),
  );
  return [
    `## ${crd.kind}\n`,
    `${crd.schema.description ?? ''}\n`,
    `${names(crd)}\n`,
    `\`kubectl get ${crd.plural}\` prints: ${crd.columns.filter(isShort).map(column).join(', ')}; with \`-o wide\` also ${crd.columns
      .filter((entry) => !isShort(entry))
      .map(column)
      .join(', ')}.\n`,
    '| field | type | meaning |',
    '| --- | --- | --- |',
    ...fields.map(
      (place) => `| ${fieldName(place, crd.schema)} | ${typeName(place.schema)} | ${meaning(place.schema)} |`,
    ),
    ...(rules.length === 0 ? [] : ['', 'Rules:\n', ...rules]),
    ...conditions(crd.kind),
    '',
  ].join('\n');
}

/** @throws Error for a kind that src/api/conditions.ts does not know. */
function conditions(kind: string): readonly string[] {
  const tables: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, string>>>>>> = CONDITIONS;
  const table = tables[kind];
  if (table === undefined) throw new Error(`src/api/conditions.ts has no table for ${kind}: add one`);
  const rows = Object.entries(table).flatMap(([type, reasons]) =>
    Object.entries(reasons).map(([reason, meaning]) => `| ${code(type)} | ${code(reason)} | ${cell(meaning)} |`),
  );
  return ['', '| condition | reason | meaning |', '| --- | --- | --- |', ...rows];
}

/** Everything but the three fields of all objects and the conditions, whose shape is that of Kubernetes. */
function isShown({ path, schema }: Place): boolean {
  return schema.description !== undefined && !/^(\.(apiVersion|kind|metadata))?$|\.conditions\[\]/.test(path);
}

function isShort(entry: { readonly priority?: number }): boolean {
  return (entry.priority ?? 0) === 0;
}

function column(entry: { readonly name: string }): string {
  return entry.name.toUpperCase();
}

function names(crd: Crd): string {
  const selectors = crd.selectableFields.map((field) => code(field.slice(1))).join(', ');
  return [
    `Names: ${[crd.plural, ...crd.shortNames].map(code).join(', ')}.`,
    crd.categories.length === 0 ? 'In no category.' : `In category ${crd.categories.map(code).join(', ')}.`,
    selectors === '' ? '' : `Field selectors (where the cluster supports them): ${selectors}.`,
  ]
    .filter(Boolean)
    .join(' ');
}

function fieldName({ path }: Place, root: Schema): string {
  return code(path.slice(1)) + (isRequired(path, root) ? ' !' : '');
}

function isRequired(path: string, root: Schema): boolean {
  const dot = path.lastIndexOf('.');
  const parent = everyPlace({ path: '', schema: root }).find((place) => place.path === path.slice(0, dot));
  return parent?.schema.required?.includes(path.slice(dot + 1)) === true;
}

function typeName(schema: Schema): string {
  const [item, map] = [schema.items, schema.additionalProperties];
  if (item !== undefined) return `list of ${typeName(item)}${bounds(schema.minItems, schema.maxItems, ' entries')}`;
  if (map !== undefined) return `map to ${typeName(map)}${bounds(undefined, schema.maxProperties, ' entries')}`;
  if (schema.enum !== undefined) return schema.enum.map(code).join(', ');
  if (schema.format === 'date-time') return 'time';
  return schema.type + bounds(schema.minimum, schema.maximum, '') + bounds(undefined, schema.maxLength, ' characters');
}

function bounds(least: number | undefined, most: number | undefined, unit: string): string {
  if (most === undefined) return least === undefined || least === 0 ? '' : `, at least ${least}${unit}`;
  return least === undefined || least === 0 ? `, up to ${most}${unit}` : `, ${least} to ${most}${unit}`;
}

function meaning(schema: Schema): string {
  const preset = defaultText(schema.default);
  return cell(
    [schema.description ?? '', preset === undefined ? '' : `Default: ${code(preset)}.`].filter(Boolean).join(' '),
  );
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function code(text: string): string {
  return text === '' ? 'the object' : `\`${text.replace(/^\./, '')}\``;
}
