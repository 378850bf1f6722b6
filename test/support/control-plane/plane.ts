import type { Progress } from './build.ts';
import type { KubectlOptions, KubectlResult } from './kubectl.ts';
import type { Part } from './part.ts';

export interface ControlPlaneOptions {
  /** Added after the harness's own, so that they win; such as `--feature-gates=WatchList=false`. */
  readonly apiServerFlags?: readonly string[];
  /** False starts no kube-controller-manager: faster, but no namespace goes away and no garbage is collected. */
  readonly controllerManager?: boolean;
  /** Writes `auditLog`: who did what, at level Metadata, without the reads of the control plane itself. */
  readonly audit?: boolean;
  /** A cluster to use instead of starting one; goes before REPRIEVE_TEST_KUBECONFIG. */
  readonly kubeconfig?: string;
  /** Gets a line now and then while something takes long or goes wrong; standard error when left out. */
  readonly progress?: Progress;
  /** The variables that decide which control plane it is; those of this process when left out. */
  readonly environment?: NodeJS.ProcessEnv;
}

export interface Parts {
  readonly etcd: Part;
  readonly apiServer: Part;
  /** Throws when the plane was started without one. */
  readonly controllerManager: Part;
}

/** A Kubernetes control plane for a test, a demonstration or a measurement. */
export interface ControlPlane extends AsyncDisposable {
  /** Where it came from: a cluster that was named, KUBEBUILDER_ASSETS, the cache, or a build just now. */
  readonly source: 'cluster' | 'assets' | 'cache' | 'built';
  /** What its API server says of itself, such as v1.36.3. */
  readonly version: string;
  /** Of the API server, without a path. */
  readonly url: string;
  /** The certificate that signs the API server's. */
  readonly caFile: string;
  /** A kubeconfig of somebody who may do everything. */
  readonly adminKubeconfig: string;
  /** The path of a kubectl that fits. */
  readonly kubectlPath: string;
  /** A directory of its own, removed when it stops; free for files of the test. */
  readonly dir: string;
  /** JSON lines of audit.k8s.io/v1; undefined unless asked for. */
  readonly auditLog: string | undefined;
  /** @throws ControlPlaneError ExternalCluster for a cluster that was named */
  readonly parts: Parts;
  /** The path of a kubeconfig that makes its user this one (a client certificate; impersonation on a named cluster). */
  kubeconfigFor(user: string, groups?: readonly string[]): Promise<string>;
  kubectl(args: readonly string[], options?: KubectlOptions): Promise<KubectlResult>;
  /** Ends every process and removes `dir`. A named cluster stays as it is. */
  stop(): Promise<void>;
}
