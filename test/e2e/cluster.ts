/**
 * The cluster that the end-to-end suite runs on: the one of REPRIEVE_E2E_KUBECONFIG, where the development overlay is installed
 * and the operator runs, or else an embedded control plane with both. From here on the suite knows kubectl only.
 */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { startControlPlane, type ControlPlane } from '../support/control-plane/control-plane.ts';
import { installManifests } from '../support/operator/identity.ts';
import { startOperator } from '../support/operator/process.ts';

export interface Cluster {
  readonly kubectl: ControlPlane['kubectl'];
  /** For messages of failed tests; empty where the operator is not ours to listen to. */
  readonly operatorLog: () => string;
  readonly close: () => Promise<void>;
}

/**
 * KUBECONFIG is not looked at: it may name a cluster with backups.
 * @throws ControlPlaneError where the cluster can't be reached, or there is none and no way to start one
 */
export async function attach(env: NodeJS.ProcessEnv): Promise<Cluster> {
  const kubeconfig = env['REPRIEVE_E2E_KUBECONFIG'] ?? '';
  if (kubeconfig === '') return embedded();
  const plane = await startControlPlane({ kubeconfig });
  return { kubectl: (args, options) => plane.kubectl(args, options), operatorLog: () => '', close: () => plane.stop() };
}

async function embedded(): Promise<Cluster> {
  const plane = await startControlPlane();
  await installManifests(plane, 'overlays/development');
  const storage = path.join(plane.dir, 'storage');
  await mkdir(storage);
  const operator = await startOperator(plane, { storage, dayLength: '2s' });
  await operator.leading();
  return {
    kubectl: (args, options) => plane.kubectl(args, options),
    operatorLog: () => operator.output(),
    close: async () => {
      await operator.stop();
      await plane.stop();
    },
  };
}
