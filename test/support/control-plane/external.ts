import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ControlPlaneError } from './error.ts';
import { type KubectlOptions, type KubectlResult, runKubectl } from './kubectl.ts';
import { findOnPath } from './paths.ts';
import type { ControlPlane, ControlPlaneOptions, Parts } from './plane.ts';

interface Kubeconfig {
  readonly clusters: readonly [
    { readonly cluster: { readonly server: string; readonly 'certificate-authority-data'?: string } },
  ];
  readonly users: readonly [{ readonly user: Readonly<Record<string, unknown>> }];
}

/**
 * A cluster that somebody else runs, as a plane.
 * @throws ControlPlaneError ExternalCluster when it can't be reached, or an option asks for what only our own plane has
 */
export async function attachExternal(
  kubeconfig: string,
  options: ControlPlaneOptions,
  environment: NodeJS.ProcessEnv,
): Promise<ControlPlane> {
  const refused = [
    ...(options.audit === true ? ['an audit log'] : []),
    ...(options.apiServerFlags === undefined ? [] : ['flags of its API server']),
  ];
  if (refused.length > 0) {
    throw new ControlPlaneError(
      'ExternalCluster',
      `${refused.join(' and ')} can't be had from the cluster of ${kubeconfig}: unset REPRIEVE_TEST_KUBECONFIG for this`,
    );
  }
  const program = await findOnPath('kubectl', environment);
  if (program === undefined) {
    throw new ControlPlaneError(
      'ExternalCluster',
      `no kubectl on PATH to reach the cluster of ${kubeconfig}: install it`,
    );
  }
  const plane = new ExternalControlPlane(kubeconfig, program);
  try {
    await plane.attach();
    return plane;
  } catch (error) {
    await plane.stop();
    throw error;
  }
}

class ExternalControlPlane implements ControlPlane {
  readonly source = 'cluster';
  readonly auditLog = undefined;
  readonly adminKubeconfig: string;
  readonly kubectlPath: string;
  readonly dir: string;
  readonly #written = new Map<string, string>();
  readonly #remover;
  #config: Kubeconfig | undefined;
  #version = '';

  constructor(kubeconfig: string, kubectl: string) {
    this.adminKubeconfig = kubeconfig;
    this.kubectlPath = kubectl;
    this.dir = mkdtempSync(join(tmpdir(), 'reprieve-external-'));
    // Removes the directory when its input ends, which it does however this process ends.
    this.#remover = spawn('sh', ['-c', 'cat; rm -rf -- "$0"', this.dir], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
  }

  get version(): string {
    return this.#version;
  }

  get url(): string {
    return this.#attached().clusters[0].cluster.server;
  }

  get caFile(): string {
    return join(this.dir, 'ca.crt');
  }

  get parts(): Parts {
    throw new ControlPlaneError(
      'ExternalCluster',
      `the parts of the cluster of ${this.adminKubeconfig} are not ours to stop: unset REPRIEVE_TEST_KUBECONFIG for this`,
    );
  }

  async attach(): Promise<void> {
    const view = await this.#read(['config', 'view', '--minify', '--flatten', '--raw', '-o', 'json']);
    this.#config = view as Kubeconfig;
    const authority = this.#config.clusters[0].cluster['certificate-authority-data'] ?? '';
    writeFileSync(this.caFile, Buffer.from(authority, 'base64'));
    const { serverVersion } = (await this.#read(['version', '-o', 'json'])) as {
      readonly serverVersion: { readonly gitVersion: string };
    };
    this.#version = serverVersion.gitVersion;
  }

  kubeconfigFor(user: string, groups: readonly string[] = []): Promise<string> {
    const key = JSON.stringify([user, groups]);
    const path = this.#written.get(key) ?? join(this.dir, `user-${this.#written.size}.kubeconfig`);
    this.#written.set(key, path);
    const config = this.#attached();
    const impersonating = { ...config.users[0], user: { ...config.users[0].user, as: user, 'as-groups': groups } };
    writeFileSync(path, JSON.stringify({ ...config, users: [impersonating] }), { mode: 0o600 });
    return Promise.resolve(path);
  }

  async kubectl(args: readonly string[], options: KubectlOptions = {}): Promise<KubectlResult> {
    const kubeconfig =
      options.kubeconfig ??
      (options.user === undefined ? this.adminKubeconfig : await this.kubeconfigFor(options.user, options.groups));
    const cacheDir = join(this.dir, 'kubectl-cache');
    return runKubectl({ program: this.kubectlPath, kubeconfig, cacheDir }, args, options);
  }

  async stop(): Promise<void> {
    const gone = new Promise((resolve) => this.#remover.once('close', resolve));
    this.#remover.stdin.end();
    if (this.#remover.exitCode === null) await gone;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #attached(): Kubeconfig {
    if (this.#config === undefined) throw new ControlPlaneError('ExternalCluster', 'not attached yet');
    return this.#config;
  }

  async #read(args: readonly string[]): Promise<unknown> {
    const { stdout, stderr, code } = await this.kubectl(args);
    if (code === 0) return JSON.parse(stdout);
    throw new ControlPlaneError('ExternalCluster', `the cluster of ${this.adminKubeconfig}: ${stderr.trim()}`);
  }
}
