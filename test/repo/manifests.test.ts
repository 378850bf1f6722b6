/** What the manifests promise, read from what kubectl renders. test/integration/manifests.test.ts applies them. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseConfig } from '../../src/config.ts';
import { GROUP, LEASE_NAME } from '../../src/api/names.ts';
import { overlays, parseManifests, render, root, samples, type Manifest } from './rendered.ts';

interface Container {
  readonly image: string;
  readonly args?: readonly string[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  readonly [field: string]: unknown;
}

interface Deployment extends Manifest {
  readonly spec: {
    readonly replicas: number;
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: { readonly containers: readonly Container[]; readonly [field: string]: unknown };
    };
  };
}

const rendered = new Map<string, readonly Manifest[]>();

beforeAll(async () => {
  for (const overlay of overlays) rendered.set(overlay, await render(overlay));
}, 600_000);

function manifestsOf(overlay: string): readonly Manifest[] {
  return rendered.get(overlay) ?? [];
}

function deploymentOf(overlay: string): Deployment {
  const found = manifestsOf(overlay).filter(({ kind }) => kind === 'Deployment');
  expect(found.map(({ metadata }) => metadata.name)).toEqual(['reprieve']);
  return found[0] as Deployment;
}

function podOf(overlay: string): { pod: Deployment['spec']['template']['spec']; container: Container } {
  const pod = deploymentOf(overlay).spec.template.spec;
  const [container] = pod.containers;
  if (container === undefined || pod.containers.length > 1) throw new Error('expected one container');
  return { pod, container };
}

describe.for([...overlays])('%s', (overlay) => {
  test('has the same objects under the same names', () => {
    const names = (of: string): readonly string[] =>
      manifestsOf(of)
        .map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`)
        .sort();
    expect(names(overlay)).toEqual(names('manifests/base'));
    expect(names(overlay)).toContain('ServiceAccount reprieve-system/reprieve');
    expect(names(overlay)).toContain('CustomResourceDefinition /backupitems.reprieve.dev');
  });

  test('has no Secret, and nothing that runs but the operator', () => {
    const kinds = new Set(manifestsOf(overlay).map(({ kind }) => kind));
    expect([...kinds].sort()).toEqual([
      'ClusterRole',
      'ClusterRoleBinding',
      'CustomResourceDefinition',
      'Deployment',
      'Namespace',
      'NetworkPolicy',
      'PodDisruptionBudget',
      'Role',
      'RoleBinding',
      'ServiceAccount',
    ]);
  });

  test('is restricted, and its Pod is as restricted as that asks', () => {
    const namespace = manifestsOf(overlay).find(({ kind }) => kind === 'Namespace');
    expect(namespace?.metadata.labels).toMatchObject({ 'pod-security.kubernetes.io/enforce': 'restricted' });
    const { pod, container } = podOf(overlay);
    expect(pod['securityContext']).toMatchObject({
      runAsNonRoot: true,
      runAsUser: 65532,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(container['securityContext']).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  });

  test('mounts a token for an hour where the operator looks for it', () => {
    const { pod, container } = podOf(overlay);
    const parsed = parseConfig(container.args ?? [], {});
    const mount = container.volumeMounts.find(({ name }) => name === 'api-access');
    expect(parsed).toMatchObject({ type: 'Config', config: { serviceAccountDir: mount?.mountPath } });
    expect(pod).toMatchObject({ serviceAccountName: 'reprieve', automountServiceAccountToken: false });
    expect(pod['volumes']).toContainEqual({
      name: 'api-access',
      projected: {
        sources: [
          { serviceAccountToken: { path: 'token', expirationSeconds: 3600 } },
          { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
          { downwardAPI: { items: [{ path: 'namespace', fieldRef: { fieldPath: 'metadata.namespace' } }] } },
        ],
      },
    });
  });

  test('asks for probes where the operator serves them', () => {
    const { container } = podOf(overlay);
    const parsed = parseConfig(container.args ?? [], {});
    const { metricsBindAddress, healthProbeBindAddress } = parsed.type === 'Config' ? parsed.config : {};
    expect(container.ports).toEqual([
      { name: 'metrics', containerPort: metricsBindAddress?.port },
      { name: 'probes', containerPort: healthProbeBindAddress?.port },
    ]);
    expect([container['startupProbe'], container['livenessProbe'], container['readinessProbe']]).toMatchObject([
      { httpGet: { path: '/livez', port: 'probes' } },
      { httpGet: { path: '/livez', port: 'probes' } },
      { httpGet: { path: '/readyz', port: 'probes' } },
    ]);
  });

  test('selects the operator in every selector', () => {
    const labels = deploymentOf(overlay).spec.template.metadata.labels;
    const selectors = manifestsOf(overlay).flatMap(({ kind, metadata, spec }) => {
      const { selector, podSelector } = (spec ?? {}) as { selector?: unknown; podSelector?: unknown };
      return ['Deployment', 'PodDisruptionBudget', 'NetworkPolicy'].includes(kind) && metadata.name === 'reprieve'
        ? [selector ?? podSelector]
        : [];
    });
    expect(selectors).toEqual([{ matchLabels: labels }, { matchLabels: labels }, { matchLabels: labels }]);
  });
});

describe('what overlays are for', () => {
  test('production runs two replicas without any flag, time to end, and no service variables', () => {
    const { pod, container } = podOf('manifests/base');
    expect(deploymentOf('manifests/base').spec.replicas).toBe(2);
    expect(container.args).toBeUndefined();
    expect(pod).toMatchObject({ terminationGracePeriodSeconds: 45, enableServiceLinks: false });
    const definitions = manifestsOf('manifests/base').filter(({ kind }) => kind === 'CustomResourceDefinition');
    expect(definitions).toHaveLength(5);
    expect(definitions.filter(({ metadata }) => 'reprieve.dev/development' in (metadata.annotations ?? {}))).toEqual(
      [],
    );
  });

  test.for(['manifests/overlays/development', 'manifests/overlays/kind'])('%s runs scaled days on files', (overlay) => {
    const { pod, container } = podOf(overlay);
    expect(deploymentOf(overlay).spec.replicas).toBe(1);
    expect(parseConfig(container.args ?? [], {})).toMatchObject({
      type: 'Config',
      config: {
        dayLengthMs: 60_000,
        simulatedEngineDir: '/data/simulated-engine',
        purge: { marginMs: 0, jitterMs: 0, intervalMs: 0 },
      },
    });
    expect(pod['volumes']).toContainEqual({ name: 'data', emptyDir: {} });
    const definitions = manifestsOf(overlay).filter(({ kind }) => kind === 'CustomResourceDefinition');
    const marked = definitions.filter(({ metadata }) => metadata.annotations?.['reprieve.dev/development'] === 'true');
    expect(marked).toHaveLength(5);
  });

  test('kind runs an image that is loaded, not pulled', () => {
    expect(podOf('manifests/overlays/kind').container).toMatchObject({
      image: 'reprieve:kind',
      imagePullPolicy: 'IfNotPresent',
    });
    expect(podOf('manifests/base').container.image).toBe('reprieve:0.1.0');
  });

  test('the Role is for the Lease that the operator takes', () => {
    const role = manifestsOf('manifests/base').find(({ kind }) => kind === 'Role');
    expect(JSON.stringify(role?.['rules'])).toContain(`"resourceNames":["${LEASE_NAME}"]`);
  });
});

describe('samples', () => {
  test.for([...samples()])('$file is one commented object of ours', ({ text }) => {
    const manifests = parseManifests(text);
    expect(manifests.map(({ apiVersion, metadata }) => [apiVersion, metadata.namespace])).toEqual([
      [`${GROUP}/v1alpha1`, 'backup'],
    ]);
    expect(text).toMatch(/^# [A-Z]/);
  });

  test('cover the kinds that people write, and are all listed', () => {
    const readme = readFileSync(path.join(root, 'manifests/samples/README.md'), 'utf8');
    const listed = [...readme.matchAll(/^\| `(.+\.yaml)` +\|/gm)].map(([, file]) => file);
    expect(listed).toEqual(samples().map(({ file }) => file));
    const kinds = samples().flatMap(({ text }) => parseManifests(text).map(({ kind }) => kind));
    expect([...new Set(kinds)].sort()).toEqual(['BackupItem', 'BackupJob', 'BackupPolicy', 'Vault']);
  });
});
