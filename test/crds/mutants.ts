/**
 * CRDs that lack one rule, under a group of their own: the real ones stay as they are, on whatever cluster this runs.
 * A rule that no case would miss is either dead or untested.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { parse } from 'yaml';
import { type Crd, everyPlace, type Rule, type Schema } from '../../scripts/generate/crd.ts';
import type { Case, Json } from './fixtures.ts';
import type { Server } from './server.ts';

const GROUP = 'mutant.reprieve.dev';
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
/** How long a server may take to serve a changed CRD. */
const SERVED_WITHIN_MS = 20_000;
const ASK_EVERY_MS = 20;

export interface Mutant {
  /** Of the schema that loses a rule, such as `.spec.disks[]`. */
  readonly path: string;
  readonly message: string;
  /** A case that no other rule refuses. */
  readonly killer: Case | undefined;
}

/** One mutant per rule of a CRD. */
export function mutantsOf(crd: Crd, cases: readonly Case[]): readonly Mutant[] {
  return everyPlace({ path: '', schema: crd.schema }).flatMap(({ path, schema }) =>
    (schema['x-kubernetes-validations'] ?? []).map(({ message }) => ({
      path,
      message,
      killer: cases.find(({ kind, refusals }) => kind === crd.plural && isOnly(refusals, message)),
    })),
  );
}

function isOnly(refusals: readonly string[], message: string): boolean {
  return refusals.length === 1 && refusals[0]?.endsWith(`: ${message}`) === true;
}

interface Manifest {
  readonly metadata: Json;
  readonly spec: {
    readonly names: { readonly plural: string; readonly kind: string };
    readonly versions: readonly { readonly schema: { readonly openAPIV3Schema: Schema } }[];
  };
}

/** The copy of a CRD in the group of the mutants, changed from mutant to mutant and removed at the end. */
export class MutatedCrd implements AsyncDisposable {
  readonly #server: Server;
  readonly #source: string;
  readonly #name: string;

  private constructor(server: Server, source: string) {
    this.#server = server;
    this.#source = source;
    this.#name = `${(parse(source) as Manifest).spec.names.plural}.${GROUP}`;
  }

  static async install(server: Server, file: string): Promise<MutatedCrd> {
    const mutated = new MutatedCrd(server, readFileSync(file, 'utf8'));
    await mutated.#apply(undefined);
    return mutated;
  }

  /** Whether the killer is accepted once the server has noticed that the rule is gone. */
  async accepts({ path, message, killer }: Mutant, namespace: string): Promise<boolean> {
    if (killer === undefined) return false;
    await this.#apply({ path, message });
    const deadline = performance.now() + SERVED_WITHIN_MS;
    while (performance.now() < deadline) {
      const refusals = await this.#server.play(killer, { group: GROUP, namespace }).catch(notYetServed);
      if (refusals?.length === 0) return true;
      await pause(ASK_EVERY_MS);
    }
    return false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.send('DELETE', `${CRDS}/${this.#name}`);
  }

  /** Server-side apply: whether it exists already, and which version it has, does not matter. */
  async #apply(missing: Pick<Mutant, 'path' | 'message'> | undefined): Promise<void> {
    const { metadata, spec, ...rest } = parse(this.#source) as Manifest;
    if (missing !== undefined) dropRule(spec, missing);
    const { plural, kind } = spec.names;
    // Without short names and categories: those are the real kinds' alone.
    const changed = { ...spec, group: GROUP, names: { plural, kind } };
    const mutant = { ...rest, metadata: { ...metadata, name: this.#name }, spec: changed };
    const path = `${CRDS}/${this.#name}?fieldManager=crd-mutants&force=true`;
    const { status, body } = await this.#server.send('PATCH', path, mutant, 'application/apply-patch+yaml');
    if (status >= 300) throw new Error(`a CRD without "${missing?.message ?? ''}": ${JSON.stringify(body)}`);
  }
}

function dropRule(spec: Manifest['spec'], missing: Pick<Mutant, 'path' | 'message'>): void {
  for (const { schema } of spec.versions) {
    const place = everyPlace({ path: '', schema: schema.openAPIV3Schema }).find(({ path }) => path === missing.path);
    const rules = place?.schema['x-kubernetes-validations'] as Rule[] | undefined;
    const index = rules?.findIndex(({ message }) => message === missing.message) ?? -1;
    if (index < 0) throw new Error(`no rule "${missing.message}" at ${missing.path}`);
    rules?.splice(index, 1);
  }
}

/** Right after its creation a kind answers 404. */
function notYetServed(error: unknown): undefined {
  if (error instanceof Error && error.message.startsWith('unexpected answer')) return undefined;
  throw error;
}
