import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Binaries } from './binaries.ts';
import type { Progress } from './build.ts';
import { ControlPlaneError } from './error.ts';
import { apiServerFlags, AUDIT_POLICY, controllerManagerFlags, etcdFlags, type Layout } from './flags.ts';
import { Identities } from './identities.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { type KubectlOptions, type KubectlResult, runKubectl } from './kubectl.ts';
import { SupervisedPart } from './part.ts';
import type { ControlPlane, ControlPlaneOptions, Parts } from './plane.ts';
import { freePort } from './ports.ts';
import { type ClientFiles, get, statusOf, waitUntil } from './ready.ts';
import { Supervisor } from './supervisor.ts';

const ATTEMPTS = 5;
const SYSTEM_OBJECTS_WITHIN_MS = 30_000;

/** A plane of our own processes. A port that somebody takes between the choice and the start: all again with others. */
export async function startEmbedded(
  binaries: Binaries,
  options: ControlPlaneOptions,
  progress: Progress,
): Promise<ControlPlane> {
  for (let attempt = 1; ; attempt += 1) {
    const plane = await EmbeddedControlPlane.create(binaries, options, progress);
    try {
      await plane.start();
      return plane;
    } catch (error) {
      await plane.stop();
      const isClash = error instanceof ControlPlaneError && error.message.includes('address already in use');
      if (!isClash || attempt === ATTEMPTS) throw error;
    }
  }
}

class EmbeddedControlPlane implements ControlPlane {
  readonly source: ControlPlane['source'];
  readonly url: string;
  readonly adminKubeconfig: string;
  readonly kubectlPath: string;
  readonly dir: string;
  readonly auditLog: string | undefined;
  readonly parts: Parts;
  readonly #helper: string;
  readonly #supervisor: Supervisor;
  readonly #identities: Identities;
  readonly #all: readonly SupervisedPart[];
  readonly #etcd: SupervisedPart;
  readonly #apiServer: SupervisedPart;
  readonly #controllerManager: SupervisedPart | undefined;
  #admin: ClientFiles | undefined;
  #version = '';

  private constructor(
    supervisor: Supervisor,
    binaries: Binaries,
    ports: { readonly etcd: number; readonly apiServer: number },
    setup: { readonly options: ControlPlaneOptions; readonly progress: Progress },
  ) {
    const { options, progress } = setup;
    const dir = supervisor.directory;
    this.#supervisor = supervisor;
    this.dir = dir;
    this.source = binaries.source;
    this.url = `https://127.0.0.1:${ports.apiServer}`;
    this.#helper = binaries.helper;
    this.kubectlPath = binaries.kubectl;
    this.adminKubeconfig = join(dir, 'admin.kubeconfig');
    this.#identities = new Identities(binaries.helper, join(dir, 'certificates'), this.url);
    const audit = options.audit === true ? auditFiles(dir) : undefined;
    this.auditLog = audit?.log;
    const layout: Layout = {
      dir,
      certificates: this.#identities.dir,
      etcdUrl: `http://127.0.0.1:${ports.etcd}`,
      port: ports.apiServer,
      adminKubeconfig: this.adminKubeconfig,
      audit,
    };
    const part = (name: string, argv: readonly string[], isReady: () => Promise<boolean>) =>
      new SupervisedPart({ name, argv, log: join(dir, `${name}.log`), isReady }, supervisor, progress);
    this.#etcd = part('etcd', [binaries.etcd, ...etcdFlags(layout)], async () => {
      return (await statusOf(`${layout.etcdUrl}/health`)) === 200;
    });
    const extra = options.apiServerFlags ?? [];
    this.#apiServer = part('kube-apiserver', [binaries.apiServer, ...apiServerFlags(layout), ...extra], () =>
      this.#answers('/readyz'),
    );
    if (options.controllerManager !== false && binaries.controllerManager !== undefined) {
      const argv = [binaries.controllerManager, ...controllerManagerFlags(layout)];
      this.#controllerManager = part('kube-controller-manager', argv, () =>
        this.#answers('/api/v1/namespaces/default/serviceaccounts/default'),
      );
    }
    this.#all = [this.#etcd, this.#apiServer, this.#controllerManager].filter((one) => one !== undefined);
    this.parts = partsOf(this.#etcd, this.#apiServer, this.#controllerManager);
  }

  static async create(
    binaries: Binaries,
    options: ControlPlaneOptions,
    progress: Progress,
  ): Promise<EmbeddedControlPlane> {
    const supervisor = await Supervisor.start(binaries.helper, tmpdir(), 'reprieve-control-plane-');
    const etcd = await freePort();
    let apiServer = await freePort();
    while (apiServer === etcd) apiServer = await freePort();
    return new EmbeddedControlPlane(supervisor, binaries, { etcd, apiServer }, { options, progress });
  }

  get version(): string {
    return this.#version;
  }

  get caFile(): string {
    return this.#identities.caFile;
  }

  async start(): Promise<void> {
    const etcd = this.#etcd.start();
    await Promise.all([etcd, this.#createAdmin()]);
    await this.#apiServer.start();
    await waitUntil('the namespaces default and kube-system exist', SYSTEM_OBJECTS_WITHIN_MS, async () => {
      return (
        (await this.#answers('/api/v1/namespaces/default')) && (await this.#answers('/api/v1/namespaces/kube-system'))
      );
    });
    await this.#controllerManager?.start();
    const version = await get(`${this.url}/version`, this.#admin);
    this.#version = (JSON.parse(version?.body ?? '{}') as { gitVersion?: string }).gitVersion ?? 'unknown';
  }

  kubeconfigFor(user: string, groups: readonly string[] = []): Promise<string> {
    return this.#identities.kubeconfigFor(user, groups);
  }

  async kubectl(args: readonly string[], options: KubectlOptions = {}): Promise<KubectlResult> {
    const kubeconfig =
      options.kubeconfig ??
      (options.user === undefined ? this.adminKubeconfig : await this.kubeconfigFor(options.user, options.groups));
    const cacheDir = join(this.dir, 'kubectl-cache');
    return runKubectl({ program: this.kubectlPath, kubeconfig, cacheDir, helper: this.#helper }, args, options);
  }

  async stop(): Promise<void> {
    for (const part of this.#all) part.expectEnd();
    await this.#supervisor.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #createAdmin(): Promise<void> {
    await this.#identities.create();
    this.#admin = await this.#identities.issue('admin', 'admin', ['system:masters']);
    writeKubeconfig(this.adminKubeconfig, this.url, this.#admin);
  }

  async #answers(path: string): Promise<boolean> {
    return (await statusOf(`${this.url}${path}`, this.#admin)) === 200;
  }
}

function auditFiles(dir: string): { readonly policy: string; readonly log: string } {
  const policy = join(dir, 'audit-policy.json');
  writeFileSync(policy, JSON.stringify(AUDIT_POLICY));
  return { policy, log: join(dir, 'audit.log') };
}

function partsOf(etcd: SupervisedPart, apiServer: SupervisedPart, manager: SupervisedPart | undefined): Parts {
  return {
    etcd,
    apiServer,
    get controllerManager() {
      if (manager === undefined) {
        throw new ControlPlaneError('PartFailed', 'this plane was started without a kube-controller-manager');
      }
      return manager;
    },
  };
}
