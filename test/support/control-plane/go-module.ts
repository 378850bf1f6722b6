/**
 * The Go module from which the programs of one Kubernetes version are built.
 *
 * k8s.io/kubernetes is a program, not a library: it requires its staging modules at v0.0.0 and replaces them by
 * directories of its own tree. A module that requires it must replace each by the published module of the same minor
 * and patch. Which they are, and which etcd belongs to that version, is read from the go.mod of that very version.
 */
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ControlPlaneError } from './error.ts';
import { type Go, runGo } from './go.ts';
import { contentKey, MODULE_DIR } from './paths.ts';
import { DEFAULT_KUBERNETES_VERSION } from './version.ts';

const ETCD = 'go.etcd.io/etcd/server/v3';

interface GoModFile {
  readonly Go: string;
  readonly Require: readonly { readonly Path: string; readonly Version: string }[];
  readonly Replace: readonly { readonly Old: { readonly Path: string }; readonly New: { readonly Path: string } }[];
}

/** The directory with go.mod, go.sum and parts.go for a version; derived and cached unless it is the default one. */
export async function moduleFor(version: string, root: string, go: Go | undefined): Promise<string> {
  if (version === DEFAULT_KUBERNETES_VERSION) return MODULE_DIR;
  const parts = join(MODULE_DIR, 'parts.go');
  const target = join(root, 'modules', `${version}-${await contentKey([parts, import.meta.filename])}`);
  if (existsSync(join(target, 'go.sum'))) return target;
  if (go === undefined) {
    throw new ControlPlaneError(
      'NoControlPlane',
      `Kubernetes ${version} was never built here and there is no go on PATH: install Go, or unset REPRIEVE_TEST_KUBE_VERSION`,
    );
  }
  await mkdir(dirname(target), { recursive: true });
  const draft = await mkdtemp(`${target}.`);
  try {
    await copyFile(parts, join(draft, 'parts.go'));
    await writeModule(version, draft, go);
    await rename(draft, target).catch((error: unknown) => {
      if (!existsSync(join(target, 'go.sum'))) throw error; // else another process was faster, with the same outcome
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return target;
}

/** Writes go.mod and go.sum for a version into a directory that holds parts.go. What was there does not matter. */
export async function writeModule(version: string, dir: string, go: Go): Promise<void> {
  const upstream = await upstreamModule(version, go);
  await rm(join(dir, 'go.sum'), { force: true });
  await writeFile(join(dir, 'go.mod'), skeleton(version, upstream));
  await runGo(go, dir, ['mod', 'tidy']);
}

async function upstreamModule(version: string, go: Go): Promise<GoModFile> {
  // What is asked concerns no module of ours, and Go takes none from here.
  const anywhere = tmpdir();
  const module = `k8s.io/kubernetes@v${version}`;
  const { Dir } = JSON.parse(await runGo(go, anywhere, ['mod', 'download', '-json', module])) as { Dir: string };
  return JSON.parse(await runGo(go, anywhere, ['mod', 'edit', '-json', join(Dir, 'go.mod')])) as GoModFile;
}

function skeleton(version: string, upstream: GoModFile): string {
  const staging = upstream.Replace.filter((entry) => entry.New.Path.startsWith('./staging/')).map(
    (entry) => entry.Old.Path,
  );
  const etcd = upstream.Require.find((entry) => entry.Path === ETCD)?.Version;
  if (staging.length === 0 || etcd === undefined) {
    throw new ControlPlaneError(
      'BuildFailed',
      `the go.mod of Kubernetes ${version} names no staging modules or no ${ETCD}: it cannot be built this way`,
    );
  }
  const published = `v0${version.slice(version.indexOf('.'))}`;
  return [
    `// Generated for Kubernetes ${version} by \`node test/support/control-plane/cli.ts generate\`; do not edit.`,
    'module reprieve/tools/control-plane',
    '',
    `go ${upstream.Go}`,
    '',
    'require (',
    `\t${ETCD} ${etcd}`,
    `\tk8s.io/kubernetes v${version}`,
    ')',
    '',
    'replace (',
    ...staging.map((name) => `\t${name} => ${name} ${published}`),
    ')',
    '',
  ].join('\n');
}
