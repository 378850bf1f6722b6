import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findBinaries } from '../support/control-plane/binaries.ts';
import { builtDirectory } from '../support/control-plane/build.ts';
import { startControlPlane } from '../support/control-plane/control-plane.ts';
import { helperPath } from '../support/control-plane/helper.ts';
import { startOwner } from '../support/control-plane/owner-process.ts';
import { cacheRoot, MODULE_DIR } from '../support/control-plane/paths.ts';
import { waitUntil } from '../support/control-plane/ready.ts';
import { DEFAULT_KUBERNETES_VERSION } from '../support/control-plane/version.ts';

const quiet = () => undefined;

let home: string;
/** A machine on which nothing is installed and nothing was ever built. */
let bare: NodeJS.ProcessEnv;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'reprieve-discovery-'));
  bare = { HOME: home, PATH: join(home, 'bin') };
});

afterEach(async () => {
  await rm(home, { recursive: true, force: true });
});

async function place(dir: string, ...names: readonly string[]): Promise<string> {
  await mkdir(dir, { recursive: true });
  for (const name of names) {
    await writeFile(join(dir, name), '#!/bin/sh\n');
    await chmod(join(dir, name), 0o755);
  }
  return dir;
}

async function placeHelper(): Promise<void> {
  const root = cacheRoot(bare);
  await place(root, (await helperPath(root)).slice(root.length + 1));
}

function placeBuilt(): Promise<string> {
  return builtDirectory(MODULE_DIR, DEFAULT_KUBERNETES_VERSION, cacheRoot(bare)).then((target) =>
    place(target, 'etcd', 'kube-apiserver', 'kube-controller-manager', 'kubectl'),
  );
}

describe('a control plane is looked for', () => {
  test.for([{}, { CI: 'true' }])('in vain on a bare machine with %j: one line names the choices', async (more) => {
    const failed = await startControlPlane({ environment: { ...bare, ...more } }).catch((error: unknown) => error);
    const message = String(failed);
    expect(message).toMatch(/^ControlPlaneError: no control plane for Kubernetes .*\[NoControlPlane\]$/);
    for (const choice of ['Install Go', 'KUBEBUILDER_ASSETS', 'REPRIEVE_TEST_KUBECONFIG']) {
      expect(message).toContain(choice);
    }
  });

  test('in the cache of the user, without Go', async () => {
    await placeHelper();
    const target = await placeBuilt();
    const found = await findBinaries(bare, true, quiet);
    expect(found).toMatchObject({ source: 'cache', apiServer: join(target, 'kube-apiserver') });
    expect(found.kubectl).toBe(join(target, 'kubectl'));
  });

  test('in KUBEBUILDER_ASSETS before the cache', async () => {
    await placeHelper();
    await placeBuilt();
    const assets = await place(join(home, 'assets'), 'etcd', 'kube-apiserver', 'kube-controller-manager');
    const environment = { ...bare, KUBEBUILDER_ASSETS: assets };
    await expect(findBinaries(environment, true, quiet)).rejects.toThrow(/no kubectl in .*assets and none on PATH/);
    const bin = await place(join(home, 'bin'), 'kubectl');
    const found = await findBinaries(environment, true, quiet);
    expect(found).toMatchObject({ source: 'assets', etcd: join(assets, 'etcd'), kubectl: join(bin, 'kubectl') });
  });

  test('in the cluster that is named before KUBEBUILDER_ASSETS', async () => {
    const environment = {
      ...bare,
      KUBEBUILDER_ASSETS: home,
      REPRIEVE_TEST_KUBECONFIG: join(home, 'nobody.kubeconfig'),
    };
    await expect(startControlPlane({ environment })).rejects.toThrow(/no kubectl on PATH.*nobody.kubeconfig.*\[Ext/);
  });

  test.for([
    { there: ['etcd'], needs: true, missing: 'kube-apiserver and kube-controller-manager' },
    { there: ['etcd', 'kube-apiserver'], needs: true, missing: 'kube-controller-manager' },
    { there: ['kube-apiserver'], needs: false, missing: 'etcd' },
  ])('in KUBEBUILDER_ASSETS that hold only $there, and $missing is named', async ({ there, needs, missing }) => {
    const assets = await place(join(home, 'assets'), ...there);
    const found = findBinaries({ ...bare, KUBEBUILDER_ASSETS: assets }, needs, quiet);
    await expect(found).rejects.toThrow(`KUBEBUILDER_ASSETS is ${assets}, where ${missing} can't be executed`);
  });

  test('in KUBEBUILDER_ASSETS without a controller manager when none is wanted', async () => {
    await placeHelper();
    const assets = await place(join(home, 'assets'), 'etcd', 'kube-apiserver', 'kubectl');
    const found = await findBinaries({ ...bare, KUBEBUILDER_ASSETS: assets }, false, quiet);
    expect(found.controllerManager).toBeUndefined();
  });

  test.for(['1.33', 'latest', '2.0.0'])('never for the version %s', async (version) => {
    const environment = { ...bare, REPRIEVE_TEST_KUBE_VERSION: version };
    await expect(startControlPlane({ environment })).rejects.toThrow(/give a full version.*\[BadVersion\]/);
  });

  test('for another version only where it can be built', async () => {
    const environment = { ...bare, REPRIEVE_TEST_KUBE_VERSION: '1.33.13' };
    await expect(startControlPlane({ environment })).rejects.toThrow(
      /1.33.13 was never built here.*\[NoControlPlane\]/,
    );
  });
});

describe('a cluster that is named', () => {
  test('is used as it is, and left as it is', async () => {
    await using cluster = await startControlPlane({
      environment: { ...process.env, REPRIEVE_TEST_KUBECONFIG: undefined },
      controllerManager: false,
    });
    const environment = {
      ...bare,
      PATH: dirname(cluster.kubectlPath),
      REPRIEVE_TEST_KUBECONFIG: cluster.adminKubeconfig,
    };
    const named = await startControlPlane({ environment });
    const { source, url, version, auditLog } = named;
    expect({ source, url, version, auditLog }).toEqual({
      source: 'cluster',
      url: cluster.url,
      version: cluster.version,
      auditLog: undefined,
    });
    const { stdout } = await named.kubectl(['auth', 'whoami'], { user: 'alice', groups: ['developers'] });
    expect(stdout).toContain('alice');
    expect(stdout).toContain('developers');
    expect(() => named.parts).toThrow(/not ours to stop.*\[ExternalCluster\]/);
    await expect(startControlPlane({ environment, audit: true })).rejects.toThrow(/an audit log can't be had/);
    const elsewhere = { ...environment, REPRIEVE_TEST_KUBE_VERSION: '1.2.3' };
    await expect(startControlPlane({ environment: elsewhere })).rejects.toThrow(/is 1.2.3, but .*\[VersionMismatch\]/);
    await named.stop();
    expect((await cluster.kubectl(['get', 'namespaces'])).code).toBe(0);
  });
});

describe('a build', () => {
  test('is waited for by others, ends with its owner, and leaves nothing half done', async () => {
    const { stdout } = await promisify(execFile)('go', ['env', 'GOCACHE']);
    const environment = { ...process.env, KUBEBUILDER_ASSETS: '', XDG_CACHE_HOME: home, GOCACHE: stdout.trim() };
    const library = join(import.meta.dirname, '../support/control-plane/binaries.ts');
    const script = `
      import { findBinaries } from ${JSON.stringify(library)};
      await findBinaries(process.env, true, (line) => process.stdout.write(line + '\\n'));
    `;
    const root = join(home, 'reprieve', 'control-plane');
    const drafts = async () => (await readdir(root)).filter((name) => /^\w{16}\.(?!lock)/.test(name));
    const first = startOwner(script, environment);
    await first.line(/^building Kubernetes/);
    expect(await drafts()).toHaveLength(1);
    const second = startOwner(script, environment);
    await second.line(/^waiting for another process/);
    expect(await drafts()).toHaveLength(1);
    first.kill();
    await second.line(/^building Kubernetes/);
    second.kill();
    await waitUntil('both drafts are gone', 30_000, async () => (await drafts()).length === 0);
    const left = await readdir(root);
    expect(left.filter((name) => !/^helper-|\.lock$|^modules$/.test(name))).toEqual([]);
  });
});
