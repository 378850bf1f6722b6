/**
 * A real control plane (kube-apiserver, etcd, kube-controller-manager) for tests, demonstrations and measurements.
 * Why it is made this way: docs/adr/0005-embedded-control-plane.md. How to use it: docs/development.md.
 */
import { findBinaries } from './binaries.ts';
import { startEmbedded } from './embedded.ts';
import { ControlPlaneError } from './error.ts';
import { attachExternal } from './external.ts';
import type { ControlPlane, ControlPlaneOptions } from './plane.ts';
import { explicitVersion } from './version.ts';

export { ControlPlaneError } from './error.ts';
export type { Part } from './part.ts';
export type { ControlPlane, ControlPlaneOptions } from './plane.ts';

/**
 * Gives a control plane that serves, the first that there is of: the cluster that was named (option `kubeconfig` or
 * REPRIEVE_TEST_KUBECONFIG), the programs in KUBEBUILDER_ASSETS, those in the user's cache, those built from Go modules
 * into that cache (minutes, once). It lives until `stop`, and never longer than this process.
 * @throws ControlPlaneError with one line that names the choices; there is no silent way out
 */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const environment = options.environment ?? process.env;
  const progress = options.progress ?? toStandardError;
  const wanted = explicitVersion(environment);
  const plane = await obtain(options, environment, progress);
  if (wanted === undefined || isVersion(plane.version, wanted)) return plane;
  await plane.stop();
  throw new ControlPlaneError(
    'VersionMismatch',
    `REPRIEVE_TEST_KUBE_VERSION is ${wanted}, but the control plane found (${plane.source}) is ${plane.version}: ` +
      'unset that variable, or REPRIEVE_TEST_KUBECONFIG and KUBEBUILDER_ASSETS',
  );
}

/** A vendor's suffix is allowed: v1.33.1-gke.5 is 1.33.1, v1.33.13 is not. */
function isVersion(reported: string, wanted: string): boolean {
  return reported.split(/[-+]/)[0] === `v${wanted}`;
}

async function obtain(
  options: ControlPlaneOptions,
  environment: NodeJS.ProcessEnv,
  progress: (line: string) => void,
): Promise<ControlPlane> {
  const kubeconfig = options.kubeconfig ?? environment['REPRIEVE_TEST_KUBECONFIG'];
  if (kubeconfig !== undefined && kubeconfig !== '') return attachExternal(kubeconfig, options, environment);
  const binaries = await findBinaries(environment, options.controllerManager !== false, progress);
  return startEmbedded(binaries, options, progress);
}

function toStandardError(line: string): void {
  process.stderr.write(`control plane: ${line}\n`);
}
