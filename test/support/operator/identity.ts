/**
 * The operator's own identity on a real control plane: its manifests applied, a Pod of its Deployment (Pending for ever: there is
 * no kubelet), and a token bound to that Pod, laid out like a service-account mount.
 */
import { mkdir, writeFile, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import { until } from './until.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const NAMESPACE = 'reprieve-system';

/** @throws Error with kubectl's words where an overlay can't be applied */
export async function installManifests(plane: ControlPlane, overlay: 'base' | 'overlays/development'): Promise<void> {
  await must(plane, ['apply', '--server-side', '-k', path.join(root, 'manifests', overlay)]);
  await must(plane, ['wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s']);
}

/** Runs kubectl and throws what it says where it fails. @returns standard output */
export async function must(plane: ControlPlane, args: readonly string[], input?: string): Promise<string> {
  const result = await plane.kubectl([...args], input === undefined ? {} : { input });
  if (result.code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${result.stderr.trim()}`);
  return result.stdout;
}

export interface OperatorIdentity {
  /** token, ca.crt, namespace: what `--service-account-dir` takes. */
  readonly directory: string;
  readonly podName: string;
  /** KUBERNETES_SERVICE_HOST and _PORT, POD_NAME. */
  readonly env: Readonly<Record<string, string>>;
}

/** @param index which of the Deployment's Pods; each process has its own */
export async function operatorIdentity(plane: ControlPlane, index = 0): Promise<OperatorIdentity> {
  const podName = await podOf(plane, index);
  const directory = path.join(plane.dir, `service-account-${podName}`);
  await mkdir(directory, { recursive: true });
  await writeFile(path.join(directory, 'ca.crt'), await readFile(plane.caFile));
  await writeFile(path.join(directory, 'namespace'), NAMESPACE);
  await writeToken(plane, { directory, podName });
  const url = new URL(plane.url);
  return {
    directory,
    podName,
    env: { KUBERNETES_SERVICE_HOST: url.hostname, KUBERNETES_SERVICE_PORT: url.port, POD_NAME: podName },
  };
}

/** Writes a fresh token, as the kubelet does before the old one runs out. */
export async function writeToken(
  plane: ControlPlane,
  { directory, podName }: Pick<OperatorIdentity, 'directory' | 'podName'>,
): Promise<void> {
  const bound = ['--bound-object-kind', 'Pod', '--bound-object-name', podName, '--duration', '3600s'];
  const token = await must(plane, ['create', 'token', 'reprieve', '-n', NAMESPACE, ...bound]);
  await writeFile(path.join(directory, 'token'), token.trim());
}

/** The Pods of a control plane in the order in which they were first seen: sorted, random names would change their places. */
const seenPods = new WeakMap<ControlPlane, readonly string[]>();

async function podOf(plane: ControlPlane, index: number): Promise<string> {
  const selector = ['-l', 'app.kubernetes.io/name=reprieve', '-o', 'jsonpath={.items[*].metadata.name}'];
  if (index > 0) {
    await must(plane, ['scale', 'deployment/reprieve', '-n', NAMESPACE, `--replicas=${index + 1}`]);
  }
  return until('the Deployment of the operator has its Pods', async () => {
    const output = await must(plane, ['get', 'pods', '-n', NAMESPACE, ...selector]);
    const names = new Set(output.split(' ').filter((name) => name !== ''));
    const seen = (seenPods.get(plane) ?? []).filter((name) => names.has(name));
    for (const name of seen) names.delete(name);
    const pods = [...seen, ...names];
    seenPods.set(plane, pods);
    return pods[index];
  });
}
