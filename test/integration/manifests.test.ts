/** The manifests and the samples on a real API server: what it accepts, what becomes of it, and who may do what then. */
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { overlays, root, samples } from '../repo/rendered.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane/control-plane.ts';
import type { KubectlOptions } from '../support/control-plane/kubectl.ts';
import { waitUntil } from '../support/control-plane/ready.ts';

/** CRDs and roles are the whole cluster's, so it is one of our own even when a cluster is named. */
let plane: ControlPlane;

beforeAll(async () => {
  plane = await startControlPlane({ environment: { ...process.env, REPRIEVE_TEST_KUBECONFIG: undefined } });
});

afterAll(async () => {
  await plane.stop();
});

/** Succeeds without a word of warning. */
async function kubectl(args: readonly string[], options: KubectlOptions = {}): Promise<string> {
  const { stdout, stderr, code } = await plane.kubectl(args, options);
  expect({ args, stderr, code }).toEqual({ args, stderr: '', code: 0 });
  return stdout;
}

interface Pod {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly containers: readonly { readonly image: string }[] };
  readonly status: { readonly phase: string };
}

async function pods(): Promise<readonly Pod[]> {
  const args = ['get', 'pods', '-n', 'reprieve-system', '-o', 'json', '-l', 'app.kubernetes.io/name=reprieve'];
  return (JSON.parse(await kubectl(args)) as { items: readonly Pod[] }).items;
}

async function apply(overlay: string): Promise<void> {
  await kubectl(['apply', '--validate=strict', '-k', path.join(root, overlay)]);
  await kubectl(['wait', '--for=condition=Established', 'crd', '-l', 'app.kubernetes.io/part-of=reprieve']);
}

describe('overlays', () => {
  test.for([
    { overlay: overlays[1], images: ['reprieve:0.1.0'] },
    { overlay: overlays[2], images: ['reprieve:kind'] },
    { overlay: overlays[0], images: ['reprieve:0.1.0', 'reprieve:0.1.0'] },
  ])('$overlay is accepted without a warning, and its Pods are admitted', async ({ overlay, images }) => {
    // Pods never get ready without a node, so a rollout from one overlay to the next would wait for ever.
    await kubectl([
      'delete',
      'deployment',
      'reprieve',
      '-n',
      'reprieve-system',
      '--ignore-not-found',
      '--cascade=foreground',
    ]);
    await apply(overlay);
    const seen = async (): Promise<readonly string[]> =>
      (await pods()).flatMap(({ spec }) => spec.containers.map(({ image }) => image));
    await waitUntil(`Pods with ${images.join(', ')}`, 60_000, async () => (await seen()).join() === images.join());
    for (const { metadata, status } of await pods()) {
      expect(metadata.name).toMatch(/^reprieve-/);
      // There is no node; what matters is that pod security let them in.
      expect(status.phase).toBe('Pending');
    }
  });
});

describe('samples', () => {
  beforeAll(async () => {
    await apply('manifests/base');
    await kubectl(['create', 'namespace', 'backup']);
    await kubectl(['create', 'namespace', 'shop']);
  });

  test.for([...samples()])('$file is applied after those before it', async ({ text }) => {
    await kubectl(['apply', '--validate=strict', '-f', '-'], { input: text });
  });

  test('resuming directly from a deletion is refused, so the order of the samples is the way', async () => {
    const text = (file: string): string => samples().find((sample) => sample.file === file)?.text ?? '';
    await kubectl(['apply', '-f', '-'], { input: text('08-soft-delete.yaml') });
    const { code, stderr } = await plane.kubectl(['apply', '-f', '-'], { input: text('10-resume.yaml') });
    expect(code).toBe(1);
    expect(stderr).toContain('undelete first');
  });
});

type Ask = readonly [verb: string, resource: string];

const ASKED: readonly Ask[] = [
  ['list', 'recoverypoints'],
  ['create', 'backupjobs'],
  ['create', 'backupitems'],
  ['patch', 'backupitems'],
  ['undelete', 'backupitems'],
  ['delete', 'backupitems'],
  ['soft-delete', 'backupitems'],
  ['patch', 'backuppolicies'],
  ['patch', 'vaults'],
  ['delete', 'vaults'],
  ['disable-soft-delete', 'vaults'],
  ['delete', 'recoverypoints'],
  ['delete', 'backupjobs'],
  ['patch', 'backupitems/status'],
  ['deletecollection', 'backupitems'],
];

async function may(user: string, [verb, resource]: Ask): Promise<boolean> {
  const [plural, subresource] = resource.split('/');
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes: { group: 'reprieve.dev', namespace: 'vaults', verb, resource: plural, subresource } },
  };
  // kubectl's own validation reads the CRDs, which these users may not.
  const args = ['create', '--validate=false', '-f', '-', '-o', 'jsonpath={.status.allowed}'];
  return (await kubectl(args, { user, input: JSON.stringify(review) })) === 'true';
}

describe('roles of people', () => {
  const look = 1;
  const ask = 3;
  const undelete = 5;
  const policies = 8;
  const roles = [
    { role: 'reprieve-reader', first: look },
    { role: 'reprieve-operator', first: undelete },
    { role: 'reprieve-contributor', first: policies },
    { role: 'reprieve-admin', first: policies + 3 },
    { role: 'view', first: look },
    { role: 'edit', first: ask },
    { role: 'admin', first: policies },
  ];

  beforeAll(async () => {
    await apply('manifests/base');
    await kubectl(['create', 'namespace', 'vaults']);
    for (const { role } of roles) {
      await kubectl(['create', 'rolebinding', role, '-n', 'vaults', `--clusterrole=${role}`, `--user=${role}`]);
    }
    // A controller does the aggregating.
    await waitUntil('aggregation', 30_000, () => may('admin', ['soft-delete', 'backupitems']));
    await waitUntil('aggregation', 30_000, () => may('edit', ['create', 'backupitems']));
    await waitUntil('aggregation', 30_000, () => may('view', ['list', 'recoverypoints']));
  });

  test.for(roles)('$role may do the first $first of the list, and no more', async ({ role, first }) => {
    const allowed: Ask[] = [];
    for (const asked of ASKED) if (await may(role, asked)) allowed.push(asked);
    expect(allowed).toEqual(ASKED.slice(0, first));
  });

  test('whoever is bound to nothing may do nothing', async () => {
    for (const asked of ASKED) expect(await may('stranger', asked)).toBe(false);
  });
});
