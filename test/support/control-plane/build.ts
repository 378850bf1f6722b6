import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Go } from './go.ts';
import { buildProduct, type Progress } from './go-build.ts';
import { contentKey } from './paths.ts';

export type { Progress } from './go-build.ts';

const PACKAGES = [
  'k8s.io/kubernetes/cmd/kube-apiserver',
  'k8s.io/kubernetes/cmd/kube-controller-manager',
  'k8s.io/kubernetes/cmd/kubectl',
  'go.etcd.io/etcd/server/v3',
];

/** Flags of the build. Without a version the programs call themselves v0.0.0-master, which `kubectl version` refuses. */
function buildFlags(version: string): readonly string[] {
  const [major = '', minor = ''] = version.split('.');
  const values = { gitVersion: `v${version}`, gitMajor: major, gitMinor: minor, gitTreeState: 'clean', gitCommit: '' };
  const settings = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].flatMap((module) =>
    Object.entries(values).map(([name, value]) => `-X ${module}.${name}=${value}`),
  );
  return ['-trimpath', '-buildvcs=false', '-ldflags', ['-s -w', ...settings].join(' ')];
}

/** Where the programs built from this module are kept: a change of sums, of flags or of platform is another place. */
export async function builtDirectory(module: string, version: string, root: string): Promise<string> {
  const files = ['go.mod', 'go.sum', 'parts.go'].map((name) => join(module, name));
  return join(root, await contentKey(files, ...buildFlags(version), ...PACKAGES));
}

/**
 * Builds kube-apiserver, kube-controller-manager, kubectl and etcd into `target`: all of them or, on any failure or
 * death, nothing. Of several processes that want it at once, one builds and the others wait for it.
 * @throws ControlPlaneError BuildFailed
 */
export async function build(
  what: { readonly module: string; readonly version: string; readonly target: string },
  tools: { readonly helper: string; readonly go: Go },
  progress: Progress,
): Promise<void> {
  const product = {
    name: 'the control plane',
    module: what.module,
    packages: PACKAGES,
    flags: buildFlags(what.version),
    announcement: `building Kubernetes ${what.version} from Go modules, once: about 7 minutes of processor time`,
    finish: (bin: string) => rename(join(bin, 'server'), join(bin, 'etcd')),
  };
  await buildProduct(product, what.target, tools, progress);
}
