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

/** @returns one line for each thing that is wrong, saying what to do; empty when all is well */
export async function preflight(
  kube: KubeApi,
  { dayLengthMs }: { readonly dayLengthMs: number },
): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const plural of PLURALS) {
    const problem = await problemWith(kube, `${plural}.${GROUP}`, dayLengthMs !== DAY_MS);
    if (problem !== undefined) problems.push(problem);
  }
  return problems;
}

async function problemWith(kube: KubeApi, name: string, shortened: boolean): Promise<string | undefined> {
  try {
    const crd = await kube.get<KubeObject>(CRDS, { namespace: '', name });
    const forDevelopment = crd.metadata.annotations?.[DEVELOPMENT_ANNOTATION] === 'true';
    if (forDevelopment === shortened) return undefined;
    return shortened
      ? `customresourcedefinition ${name} demands 14 real days, but --day-length is shortened: install manifests/overlays/development, or drop --day-length`
      : `customresourcedefinition ${name} is the development one, which accepts any window: install manifests/base, or set --day-length`;
  } catch (error) {
    if (isNotFound(error))
      return `customresourcedefinition ${name} not found: install it (kubectl apply -k manifests/base)`;
    if (hasCode(error, 'Forbidden', 'Unauthorized')) {
      return `customresourcedefinition ${name} can not be read: grant the operator's role (manifests/base): ${error.message}`;
    }
    throw error;
  }
}
