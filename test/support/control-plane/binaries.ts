import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { build, builtDirectory, type Progress } from './build.ts';
import { ControlPlaneError } from './error.ts';
import { moduleFor } from './go-module.ts';
import { ensureHelper } from './helper.ts';
import { cacheRoot, findOnPath, isExecutable } from './paths.ts';
import { DEFAULT_KUBERNETES_VERSION, explicitVersion } from './version.ts';

/** The programs of a control plane, as paths, and where they were found. */
export interface Binaries {
  readonly source: 'assets' | 'cache' | 'built';
  readonly helper: string;
  readonly etcd: string;
  readonly apiServer: string;
  /** Undefined when the assets lack it and nobody asked for it. */
  readonly controllerManager: string | undefined;
  /** The one beside them, or else that of PATH. */
  readonly kubectl: string;
}

/**
 * The first that is there of: KUBEBUILDER_ASSETS, the cache of this user, a build from Go modules into that cache.
 * @throws ControlPlaneError NoControlPlane, IncompleteAssets, BadVersion or BuildFailed
 */
export async function findBinaries(
  environment: NodeJS.ProcessEnv,
  needsControllerManager: boolean,
  progress: Progress,
): Promise<Binaries> {
  const root = cacheRoot(environment);
  const program = await findOnPath('go', environment);
  const go = program === undefined ? undefined : { program, environment };
  const assets = environment['KUBEBUILDER_ASSETS'];
  if (assets !== undefined && assets !== '') {
    await requireAssets(assets, needsControllerManager);
    return inDirectory(assets, 'assets', await ensureHelper(root, go), environment);
  }
  const version = explicitVersion(environment) ?? DEFAULT_KUBERNETES_VERSION;
  const module = await moduleFor(version, root, go);
  const target = await builtDirectory(module, version, root);
  if (existsSync(target)) return inDirectory(target, 'cache', await ensureHelper(root, go), environment);
  if (go === undefined) throw nothingToBuildWith(version, target);
  const helper = await ensureHelper(root, go);
  await build({ module, version, target }, { helper, go }, progress);
  return inDirectory(target, 'built', helper, environment);
}

function nothingToBuildWith(version: string, target: string): ControlPlaneError {
  return new ControlPlaneError(
    'NoControlPlane',
    `no control plane for Kubernetes ${version}: REPRIEVE_TEST_KUBECONFIG and KUBEBUILDER_ASSETS are not set, ${target} ` +
      'does not exist, and there is no go on PATH to build it. Install Go (then it is built once, in minutes), or set ' +
      'KUBEBUILDER_ASSETS to a directory with etcd, kube-apiserver and kube-controller-manager, or set ' +
      'REPRIEVE_TEST_KUBECONFIG to the kubeconfig of a cluster',
  );
}

async function requireAssets(dir: string, needsControllerManager: boolean): Promise<void> {
  const needed = ['etcd', 'kube-apiserver', ...(needsControllerManager ? ['kube-controller-manager'] : [])];
  const found = await Promise.all(needed.map((name) => isExecutable(join(dir, name))));
  const missing = needed.filter((_, index) => found[index] !== true);
  if (missing.length > 0) {
    throw new ControlPlaneError(
      'IncompleteAssets',
      `KUBEBUILDER_ASSETS is ${dir}, where ${missing.join(' and ')} can't be executed: add what is missing, or unset ` +
        'the variable to use the control plane that is built from Go modules',
    );
  }
}

async function inDirectory(
  dir: string,
  source: Binaries['source'],
  helper: string,
  environment: NodeJS.ProcessEnv,
): Promise<Binaries> {
  const own = async (name: string) => ((await isExecutable(join(dir, name))) ? join(dir, name) : undefined);
  const kubectl = (await own('kubectl')) ?? (await findOnPath('kubectl', environment));
  if (kubectl === undefined) {
    throw new ControlPlaneError(
      'IncompleteAssets',
      `no kubectl in ${dir} and none on PATH: install it, or put it there`,
    );
  }
  return {
    source,
    helper,
    etcd: join(dir, 'etcd'),
    apiServer: join(dir, 'kube-apiserver'),
    controllerManager: await own('kube-controller-manager'),
    kubectl,
  };
}
