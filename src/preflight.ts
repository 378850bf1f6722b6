/**
 * Looked at before anything starts: are our CRDs there, and are they the ones that this length of a day belongs to? A shortened
 * day against the shipped CRDs would be refused at every soft delete; development CRDs with real days would let a later mistake
 * through.
 */
import { CRDS, DEVELOPMENT_ANNOTATION, GROUP } from './api/names.ts';
import type { KubeObject } from './api/meta.ts';
import { DAY_MS } from './domain/time.ts';
import { hasCode, isNotFound, type KubeApi } from './ports/kube.ts';

const PLURALS = ['vaults', 'backupitems', 'backuppolicies', 'recoverypoints', 'backupjobs'];

/** What can be wrong with a definition, each with its one line however many definitions it is about. */
type Problem = 'Missing' | 'TooStrict' | 'TooLoose' | 'Forbidden' | 'Unauthorized';

/** The API server gave no answer to go by: a failure of the surroundings, not of what the operator was told. */
export class UnreachableServer extends Error {
  override readonly name = 'UnreachableServer';
}

export interface PreflightOptions {
  readonly dayLengthMs: number;
  /** Of the API server, for messages. */
  readonly address: string;
}

/**
 * @returns one line for each kind of thing that is wrong, saying what to do; empty when all is well
 * @throws UnreachableServer, in one line, where the API server can't be asked
 */
export async function preflight(kube: KubeApi, options: PreflightOptions): Promise<readonly string[]> {
  const names = new Map<Problem, string[]>();
  for (const plural of PLURALS) {
    const name = `${plural}.${GROUP}`;
    const problem = await problemWith(kube, name, options);
    if (problem !== undefined) names.set(problem, [...(names.get(problem) ?? []), name]);
  }
  return [...names].map(([problem, about]) => lineOf(problem, about, options));
}

async function problemWith(
  kube: KubeApi,
  name: string,
  { dayLengthMs, address }: PreflightOptions,
): Promise<Problem | undefined> {
  try {
    const crd = await kube.get<KubeObject>(CRDS, { namespace: '', name });
    const shortened = dayLengthMs !== DAY_MS;
    const forDevelopment = crd.metadata.annotations?.[DEVELOPMENT_ANNOTATION] === 'true';
    if (forDevelopment === shortened) return undefined;
    return shortened ? 'TooStrict' : 'TooLoose';
  } catch (error) {
    if (isNotFound(error)) return 'Missing';
    if (hasCode(error, 'Forbidden')) return 'Forbidden';
    if (hasCode(error, 'Unauthorized')) return 'Unauthorized';
    throw unreachable(error, address);
  }
}

function lineOf(problem: Problem, names: readonly string[], { dayLengthMs, address }: PreflightOptions): string {
  const crds = `customresourcedefinition${names.length === 1 ? '' : 's'} ${names.join(', ')}`;
  const overlay = dayLengthMs === DAY_MS ? 'manifests/base' : 'manifests/overlays/development';
  const install = `install ${names.length === 1 ? 'it' : 'them'} (kubectl apply -k ${overlay})`;
  switch (problem) {
    case 'Missing':
      return `${crds} not found: ${install}`;
    case 'TooStrict':
      return `${crds}: 14 real days are demanded, but --day-length is shortened: install ${overlay}, or drop --day-length`;
    case 'TooLoose':
      return `${crds}: made for development, any window is accepted: install ${overlay}, or set --day-length`;
    case 'Forbidden':
      return `${crds} can not be read (403 Forbidden): grant the operator's role (kubectl apply -k ${overlay})`;
    case 'Unauthorized':
      return `${address} does not accept the credentials (401 Unauthorized): check the token or client certificate in --service-account-dir or --kubeconfig`;
  }
}

function unreachable(error: unknown, address: string): UnreachableServer {
  const text = error instanceof Error ? error.message : String(error);
  const words = text.trim().split('\n', 1)[0] ?? '';
  return new UnreachableServer(`the API server at ${address}: ${words}; ${toCheck(words)}`, { cause: error });
}

function toCheck(words: string): string {
  if (/ENOTFOUND|EAI_AGAIN/.test(words)) return 'check the name of the host and the DNS';
  if (/CERT|certificate|TLS|SSL|EPROTO|PEM/i.test(words)) {
    return "check that the CA of --service-account-dir or --kubeconfig is that server's, and its host name";
  }
  return 'check that it is running there and can be reached from here';
}
