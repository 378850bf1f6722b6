/** What is wrong with the definitions in the cluster: one line for each kind of problem, naming all of them. */
import { expect, test } from 'vitest';
import { CRDS, DEVELOPMENT_ANNOTATION } from '../../src/api/names.ts';
import { preflight } from '../../src/preflight.ts';
import { kubeError, MemoryKube, type Verb } from '../support/memory-kube.ts';

const DAY_MS = 86_400_000;
const PLURALS = ['vaults', 'backupitems', 'backuppolicies', 'recoverypoints', 'backupjobs'];
const NAMES = PLURALS.map((plural) => `${plural}.reprieve.dev`);
const ALL = NAMES.join(', ');
const address = 'https://10.0.0.1:443';

async function clusterWith(names: readonly string[], development: boolean, travel?: (verb: Verb) => Promise<void>) {
  const kube = new MemoryKube();
  const annotations = development ? { [DEVELOPMENT_ANNOTATION]: 'true' } : {};
  for (const name of names) {
    const crd = { apiVersion: `${CRDS.group}/${CRDS.version}`, kind: CRDS.kind, metadata: { name, annotations } };
    await kube.client('admin').create(CRDS, crd, { fieldManager: 'test' });
  }
  return kube.client('operator', travel === undefined ? {} : { travel });
}

test.for([
  { name: 'all well', installed: NAMES, development: false, dayLengthMs: DAY_MS, want: [] },
  { name: 'all well for development', installed: NAMES, development: true, dayLengthMs: 1000, want: [] },
  {
    name: 'none there',
    installed: [],
    development: false,
    dayLengthMs: DAY_MS,
    want: [`customresourcedefinitions ${ALL} not found: install them (kubectl apply -k manifests/base)`],
  },
  {
    name: 'one missing, for development',
    installed: NAMES.slice(1),
    development: true,
    dayLengthMs: 1000,
    want: [
      `customresourcedefinition ${NAMES[0] ?? ''} not found: install it (kubectl apply -k manifests/overlays/development)`,
    ],
  },
  {
    name: 'the shipped ones with short days',
    installed: NAMES,
    development: false,
    dayLengthMs: 1000,
    want: [
      `customresourcedefinitions ${ALL}: 14 real days are demanded, but --day-length is shortened: install manifests/overlays/development, or drop --day-length`,
    ],
  },
  {
    name: 'development ones with real days, and one missing',
    installed: NAMES.slice(0, 4),
    development: true,
    dayLengthMs: DAY_MS,
    want: [
      `customresourcedefinitions ${NAMES.slice(0, 4).join(', ')}: made for development, any window is accepted: install manifests/base, or set --day-length`,
      `customresourcedefinition ${NAMES[4] ?? ''} not found: install it (kubectl apply -k manifests/base)`,
    ],
  },
])('$name', async ({ installed, development, dayLengthMs, want }) => {
  expect(await preflight(await clusterWith(installed, development), { dayLengthMs, address })).toEqual(want);
});

test.for([
  {
    code: 'Forbidden',
    want: `customresourcedefinitions ${ALL} can not be read (403 Forbidden): grant the operator's role`,
  },
  { code: 'Unauthorized', want: `${address} does not accept the credentials (401 Unauthorized): check the token` },
] as const)('$code: one line', async ({ code, want }) => {
  const kube = await clusterWith(NAMES, false, () => Promise.reject(kubeError(code)));
  expect(await preflight(kube, { dayLengthMs: DAY_MS, address })).toEqual([expect.stringContaining(want)]);
});

test('no answer: one line with the address and what to check', async () => {
  const kube = await clusterWith(NAMES, false, () => Promise.reject(kubeError('Unavailable')));
  await expect(preflight(kube, { dayLengthMs: DAY_MS, address })).rejects.toThrow(
    `the API server at ${address}: Unavailable: by the test's API server; check that it is running`,
  );
});
