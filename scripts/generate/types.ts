/** TypeScript from a CRD: one interface per object of the schema, one array and one union per enum. */
import type { Crd, Schema } from './crd.ts';

const MARK = '// Generated from crds/; do not edit, run npm run generate.';
const WIDTH = 120;

/** The module for one kind. @throws Error where two different shapes would get one name. */
export function typesOf(crd: Crd): string {
  return new Module(crd).text();
}

/** Collects declarations in the order in which a reader meets them: the kind, its spec, what the spec consists of. */
class Module {
  readonly #crd: Crd;
  readonly #declarations = new Map<string, string>();
  readonly #imports = new Set(['KubeObject']);

  constructor(crd: Crd) {
    this.#crd = crd;
  }

  text(): string {
    const { kind, file, schema } = this.#crd;
    const parts = ['spec', 'status'].flatMap((name) => {
      const part = schema.properties?.[name];
      return part === undefined ? [] : [{ name, part, type: `${kind}${pascal(name)}` }];
    });
    const fields = parts.map(({ name, type }) => {
      const isRequired = schema.required?.includes(name) === true;
      return `  readonly ${name}${isRequired ? '' : '?'}: ${type};`;
    });
    this.#declarations.set(kind, [`export interface ${kind} extends KubeObject {`, ...fields, '}'].join('\n'));
    for (const { part, type } of parts) this.#declareObject(type, kind, part);
    const declarations = [...this.#declarations].map(([name, code]) => documented(name, kind, schema, code));
    const imports = [...this.#imports].sort().join(', ');
    const source = `// Source: crds/${file}`;
    return `${[MARK, source, `import type { ${imports} } from './meta.ts';`, '', declarations.join('\n\n')].join('\n')}\n`;
  }

  /** `prefix` begins the names of what is nested: the kind, then the path without spec and status. */
  #declareObject(name: string, prefix: string, schema: Schema): void {
    this.#declarations.set(name, ''); // keeps the place before what it refers to
    const lines = Object.entries(schema.properties ?? {}).flatMap(([field, property]) => {
      const isOptional = schema.required?.includes(field) !== true;
      const type = this.#typeOf(prefix + pascal(field), property);
      return [...comment(property, '  '), `  readonly ${field}${isOptional ? '?' : ''}: ${type};`];
    });
    this.#declarations.set(name, [`export interface ${name} {`, ...lines, '}'].join('\n'));
  }

  #typeOf(name: string, schema: Schema): string {
    if (schema.enum !== undefined) return this.#enum(name, schema.enum);
    if (schema.type === 'array') return `readonly ${this.#typeOf(singular(name), schema.items as Schema)}[]`;
    if (schema.type === 'object') return this.#object(name, schema);
    return schema.type === 'integer' ? 'number' : schema.type;
  }

  #object(name: string, schema: Schema): string {
    if (schema.additionalProperties !== undefined) {
      return `Readonly<Record<string, ${this.#typeOf(singular(name), schema.additionalProperties)}>>`;
    }
    if (name.endsWith('Condition') && schema.properties?.['lastTransitionTime'] !== undefined) {
      this.#imports.add('Condition');
      return 'Condition';
    }
    this.#declareOnce(name, () => {
      this.#declareObject(name, name, schema);
    });
    return name;
  }

  #enum(name: string, values: readonly string[]): string {
    const list = `${upperSnake(name)}_VALUES`;
    this.#declareOnce(name, () => {
      const literals = values.map((value) => `'${value}'`);
      const line = `export const ${list} = [${literals.join(', ')}] as const;`;
      const code = line.length <= WIDTH ? line : `export const ${list} = [\n  ${literals.join(',\n  ')},\n] as const;`;
      this.#declarations.set(name, `${code}\nexport type ${name} = (typeof ${list})[number];`);
    });
    return name;
  }

  /** A name may come up in spec and in status; it stands for one shape. */
  #declareOnce(name: string, declare: () => void): void {
    const before = this.#declarations.get(name);
    declare();
    if (before !== undefined && stripped(before) !== stripped(this.#declarations.get(name) ?? '')) {
      throw new Error(`${this.#crd.file}: ${name} would stand for two shapes: rename one of the fields`);
    }
  }
}

/** The comment of the kind goes on its interface; those of the fields are in it already. */
function documented(name: string, kind: string, schema: Schema, code: string): string {
  const part = name === kind ? schema : schema.properties?.[name.slice(kind.length).toLowerCase()];
  const isTop = name === kind || name === `${kind}Spec` || name === `${kind}Status`;
  return isTop && part !== undefined ? [...comment(part, ''), code].join('\n') : code;
}

/** A declaration without its comments, which may differ between two uses of one shape. */
function stripped(code: string): string {
  return code.replace(/ *\/\*\*[^]*?\*\/\n/g, '');
}

function comment(schema: Schema, indent: string): readonly string[] {
  const preset = defaultText(schema.default);
  const text = [schema.description ?? '', preset === undefined ? '' : `Default: ${preset}.`].filter(Boolean).join(' ');
  if (text === '') return [];
  const line = `${indent}/** ${text} */`;
  if (line.length <= WIDTH) return [line];
  return [
    `${indent}/**`,
    ...wrapped(text, WIDTH - indent.length - 3).map((part) => `${indent} * ${part}`),
    `${indent} */`,
  ];
}

function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = [''];
  for (const word of text.split(' ')) {
    const last = lines[lines.length - 1] ?? '';
    if (last !== '' && last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines;
}

/** How a default is shown; an empty object stands for the defaults of what is in it and is not mentioned. */
export function defaultText(value: unknown): string | undefined {
  if (value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0)) {
    return undefined;
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function pascal(field: string): string {
  return field.charAt(0).toUpperCase() + field.slice(1);
}

function upperSnake(name: string): string {
  return name.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase();
}

/** Name of one entry of a list, by the plural forms that English field names have. */
function singular(name: string): string {
  if (name.endsWith('Evidence')) return `${name}Line`;
  if (name.endsWith('sses')) return name.slice(0, -2);
  return name.endsWith('s') ? name.slice(0, -1) : `${name}Entry`;
}
