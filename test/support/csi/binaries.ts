/** The programs of the CSI stack: built once from tools/csi-stack, and kept beside those of the control plane. */
import { existsSync } from 'node:fs';
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ControlPlaneError } from '../control-plane/error.ts';
import { buildProduct, type Product, type Progress } from '../control-plane/go-build.ts';
import { ensureHelper } from '../control-plane/helper.ts';
import { cacheRoot, contentKey, findOnPath, goFiles } from '../control-plane/paths.ts';

const MODULE_DIR = join(import.meta.dirname, '../../../tools/csi-stack');
const SNAPSHOTTER = 'github.com/kubernetes-csi/external-snapshotter';
const OURS = ['driver', 'provisioner'];
const PACKAGES = [
  ...OURS.map((name) => `./${name}`),
  `${SNAPSHOTTER}/v8/cmd/snapshot-controller`,
  `${SNAPSHOTTER}/v8/cmd/csi-snapshotter`,
  'github.com/kubernetes-csi/csi-test/v5/cmd/csi-sanity',
];
const FLAGS = ['-trimpath', '-buildvcs=false', '-ldflags', '-s -w'];

/** What the modules bring to be applied: the snapshot CRDs, and the rights of the programs. */
const MANIFESTS: Readonly<Record<string, readonly string[]>> = {
  [`${SNAPSHOTTER}/client/v8`]: [
    'config/crd/snapshot.storage.k8s.io_volumesnapshotclasses.yaml',
    'config/crd/snapshot.storage.k8s.io_volumesnapshotcontents.yaml',
    'config/crd/snapshot.storage.k8s.io_volumesnapshots.yaml',
  ],
  [`${SNAPSHOTTER}/v8`]: [
    'deploy/kubernetes/snapshot-controller/rbac-snapshot-controller.yaml',
    'deploy/kubernetes/csi-snapshotter/rbac-csi-snapshotter.yaml',
    'deploy/kubernetes/csi-snapshotter/rbac-external-provisioner.yaml',
  ],
};

/** Paths of the programs, of the directory with the manifests, and where they were found. */
export interface CSIBinaries {
  readonly source: 'cache' | 'built';
  readonly helper: string;
  readonly driver: string;
  readonly provisioner: string;
  readonly snapshotController: string;
  readonly snapshotter: string;
  /** csi-sanity, the test suite for CSI drivers. */
  readonly sanity: string;
  /** A directory of YAML files. */
  readonly manifests: string;
}

/**
 * The programs from the cache of this user, or else from a build into it: minutes, once for each state of the module.
 * @throws ControlPlaneError BuildFailed, also where there is no Go
 */
export async function findCSIBinaries(environment: NodeJS.ProcessEnv, progress: Progress): Promise<CSIBinaries> {
  const root = cacheRoot(environment);
  const target = await targetIn(root);
  const program = await findOnPath('go', environment);
  const go = program === undefined ? undefined : { program, environment };
  if (existsSync(target)) return inDirectory(target, 'cache', await ensureHelper(root, go));
  if (go === undefined) {
    throw new ControlPlaneError(
      'BuildFailed',
      `no CSI stack: ${target} does not exist, and there is no go on PATH to build it. Install Go: then it is built ` +
        'once, in minutes',
    );
  }
  const helper = await ensureHelper(root, go);
  await buildProduct(PRODUCT, target, { helper, go }, progress);
  return inDirectory(target, 'built', helper);
}

/** Another state of the module, of our sources or of this list of files is another place. */
async function targetIn(root: string): Promise<string> {
  const own = await Promise.all(OURS.map((name) => goFiles(join(MODULE_DIR, name))));
  const files = [...['go.mod', 'go.sum', 'parts.go'].map((name) => join(MODULE_DIR, name)), ...own.flat()];
  const key = await contentKey(files, ...FLAGS, ...PACKAGES, JSON.stringify(MANIFESTS));
  return join(root, `csi-${key}`);
}

const PRODUCT: Product = {
  name: 'the CSI stack',
  module: MODULE_DIR,
  packages: PACKAGES,
  flags: FLAGS,
  announcement: 'building the CSI snapshot stack from Go modules, once: about 6 minutes of processor time',
  async finish(bin, go) {
    const manifests = join(bin, 'manifests');
    await mkdir(manifests);
    let count = 0;
    for (const [module, files] of Object.entries(MANIFESTS)) {
      const printed = await go(`where-${count}`, ['list', '-m', '-f', '{{.Dir}}', module]);
      // The line before may be about a download.
      const directory = printed.split('\n').at(-1) ?? '';
      for (const file of files) {
        // Numbered, since kubectl applies the files of a directory in the order of their names.
        await copyFile(join(directory, file), join(manifests, `${count}.yaml`));
        count += 1;
      }
    }
  },
};

function inDirectory(directory: string, source: CSIBinaries['source'], helper: string): CSIBinaries {
  const program = (name: string) => join(directory, name);
  return {
    source,
    helper,
    driver: program('driver'),
    provisioner: program('provisioner'),
    snapshotController: program('snapshot-controller'),
    snapshotter: program('csi-snapshotter'),
    sanity: program('csi-sanity'),
    manifests: program('manifests'),
  };
}
