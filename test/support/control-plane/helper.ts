import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ControlPlaneError } from './error.ts';
import { type Go, runGo } from './go.ts';
import { contentKey, goFiles, MODULE_DIR } from './paths.ts';

const FLAGS = ['-trimpath', '-buildvcs=false', '-ldflags', '-s -w'];

/** Where the helper of this very source is, once it was built. */
export async function helperPath(root: string): Promise<string> {
  const source = await goFiles(join(MODULE_DIR, 'helper'));
  return join(root, `helper-${await contentKey(source, ...FLAGS)}`);
}

/**
 * The path of the helper (certificates and supervision; see its main.go), built when the cache has none: seconds.
 * @throws ControlPlaneError NoControlPlane when it must be built and there is no Go.
 */
export async function ensureHelper(root: string, go: Go | undefined): Promise<string> {
  const target = await helperPath(root);
  if (existsSync(target)) return target;
  if (go === undefined) {
    throw new ControlPlaneError(
      'NoControlPlane',
      'the control plane needs its small helper, which was never built here, and there is no go on PATH: install Go, ' +
        'or name a running cluster in REPRIEVE_TEST_KUBECONFIG',
    );
  }
  await mkdir(dirname(target), { recursive: true });
  const draft = await mkdtemp(`${target}.`);
  try {
    await runGo(go, MODULE_DIR, ['build', ...FLAGS, '-o', join(draft, 'helper'), './helper']);
    await rename(join(draft, 'helper'), target);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return target;
}
