/** A real control plane that serves the kind of the fake API server, and a client of it with a ServiceAccount's token. */
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connectKube, type KubeClient, type KubeClientOptions } from '../../src/adapters/kube/api.ts';
import { SystemClock } from '../../src/adapters/clock/system-clock.ts';
import { startControlPlane, type ControlPlane } from './control-plane/control-plane.ts';
import type { Thing } from './fake-api-server/harness.ts';
import { quietLog, RecordedMetrics } from './fake-api-server/quiet.ts';

export const NAMESPACE = 'reflected';

const crd = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'things.test.dev' },
  spec: {
    group: 'test.dev',
    scope: 'Namespaced',
    names: { plural: 'things', kind: 'Thing' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        },
      },
    ],
  },
};

export interface ThingPlane extends AsyncDisposable {
  readonly plane: ControlPlane;
  /** ServiceAccount directory: `token` may be rewritten. */
  readonly directory: string;
  readonly writer: KubeClient;
  /** @throws Error with what kubectl said */
  kubectl(args: string[], input?: string): Promise<string>;
  /** A token that is refused once the Secret that it is bound to is gone. */
  tokenBoundTo(secret: string): Promise<string>;
  connect(server: string, options?: KubeClientOptions): Promise<KubeClient>;
}

export async function startThingPlane(apiServerFlags: readonly string[] = []): Promise<ThingPlane> {
  const plane = await startControlPlane({ controllerManager: false, apiServerFlags });
  const directory = await mkdtemp(path.join(tmpdir(), 'reprieve-sa-'));
  const kubectl = async (args: string[], input?: string): Promise<string> => {
    const { stdout, stderr, code } = await plane.kubectl(args, input === undefined ? {} : { input });
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  const tokenBoundTo = async (secret: string): Promise<string> => {
    await kubectl(['create', 'secret', 'generic', secret, '-n', NAMESPACE]);
    const bound = ['--bound-object-kind', 'Secret', '--bound-object-name', secret];
    return (await kubectl(['create', 'token', 'reader', '-n', NAMESPACE, ...bound])).trim();
  };
  const connect = async (server: string, options: KubeClientOptions = {}): Promise<KubeClient> => {
    const parts = { clock: new SystemClock(), random: Math.random, log: quietLog, metrics: new RecordedMetrics() };
    const target = { type: 'ServiceAccount', directory, server } as const;
    return await connectKube(target, parts, { callTimeoutMs: 5_000, ...options });
  };
  await kubectl(['create', 'namespace', NAMESPACE]);
  await kubectl(['create', 'serviceaccount', 'reader', '-n', NAMESPACE]);
  const admin = ['--clusterrole', 'cluster-admin', '--serviceaccount', `${NAMESPACE}:reader`];
  await kubectl(['create', 'clusterrolebinding', 'reader', ...admin]);
  await kubectl(['create', '-f', '-'], JSON.stringify(crd));
  await cp(plane.caFile, path.join(directory, 'ca.crt'));
  await writeFile(path.join(directory, 'token'), await tokenBoundTo('first'));
  const writer = await connect(plane.url);
  await kubectl(['wait', '--for=condition=Established', 'crd/things.test.dev', '--timeout=30s']);
  const dispose = async (): Promise<void> => {
    await writer.close();
    await plane.stop();
    await rm(directory, { recursive: true });
  };
  return { plane, directory, writer, kubectl, tokenBoundTo, connect, [Symbol.asyncDispose]: dispose };
}

export function draft(name: string, size: number): Thing {
  return { apiVersion: 'test.dev/v1', kind: 'Thing', metadata: { namespace: NAMESPACE, name }, spec: { size } };
}
