/** A control plane with the CSI stack beside it, the operator's own rights, and everything that tests of the CSI engine do to both. */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { SystemClock } from '../../../src/adapters/clock/system-clock.ts';
import { CSIEngine, type CSIEngineOptions } from '../../../src/adapters/engines/csi/engine.ts';
import type { SnapshotContent, VolumeSnapshot } from '../../../src/adapters/engines/csi/objects.ts';
import { connectKube, type KubeClient, type KubeTarget } from '../../../src/adapters/kube/api.ts';
import type { ResourceType } from '../../../src/api/meta.ts';
import { SNAPSHOT_CLASS_LABEL, VOLUME_SNAPSHOT_CONTENTS, VOLUME_SNAPSHOTS } from '../../../src/api/names.ts';
import type { EngineSource } from '../../../src/ports/engine.ts';
import type { KubeApi } from '../../../src/ports/kube.ts';
import { startControlPlane, type ControlPlane } from '../control-plane/control-plane.ts';
import { SNAPSHOT_CLASSES, STORAGE_CLASSES } from '../csi/classes.ts';
import { startCSIStack, type CSIStack } from '../csi/stack.ts';
import { quietLog, RecordedMetrics } from '../fake-api-server/quiet.ts';
import { installManifests, must, operatorIdentity } from '../operator/identity.ts';
import { until } from '../operator/until.ts';

/** Where sources are. */
export const APPS = 'apps';
const OPERATOR = 'reprieve-system';
/** The rights of the engine, beside those of the base. */
const MANIFESTS = path.resolve(import.meta.dirname, '../../../manifests/engines/csi');

const vmDefinition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'virtualmachines.kubevirt.io' },
  spec: {
    group: 'kubevirt.io',
    scope: 'Namespaced',
    names: { plural: 'virtualmachines', kind: 'VirtualMachine' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
};

export class CSIStorage {
  readonly plane: ControlPlane;
  readonly stack: CSIStack;
  /** As administrator: sees everything, past the engine. */
  readonly admin: KubeClient;
  readonly #operator: KubeTarget;
  readonly #open: { close(): Promise<void> }[] = [];
  #sources = 0;

  private constructor(parts: { plane: ControlPlane; stack: CSIStack; admin: KubeClient; operator: KubeTarget }) {
    this.plane = parts.plane;
    this.stack = parts.stack;
    this.admin = parts.admin;
    this.#operator = parts.operator;
  }

  static async start(): Promise<CSIStorage> {
    const plane = await startControlPlane();
    const stack = await startCSIStack(plane);
    await must(plane, ['create', '-f', '-'], JSON.stringify(vmDefinition));
    await installManifests(plane, 'overlays/development');
    await must(plane, ['apply', '--server-side', '-k', MANIFESTS]);
    await must(plane, ['create', 'namespace', APPS]);
    await must(plane, ['label', 'volumesnapshotclass', SNAPSHOT_CLASSES.retain, `${SNAPSHOT_CLASS_LABEL}=true`]);
    const { directory } = await operatorIdentity(plane);
    const operator: KubeTarget = { type: 'ServiceAccount', directory, server: plane.url };
    const admin = await client({ type: 'Kubeconfig', file: plane.adminKubeconfig });
    return new CSIStorage({ plane, stack, admin, operator });
  }

  /**
   * An engine as the operator would have it, with the rights of its ServiceAccount.
   * @param counted gets `verb plural` of each of its calls, and of lists with a label selector that they are `selected`
   */
  async engine(options: Partial<CSIEngineOptions> = {}, counted?: string[]): Promise<CSIEngine> {
    const kube = await client(this.#operator);
    const parts = { watchApi: kube.watchApi, clock: new SystemClock(), random: Math.random, namespace: OPERATOR };
    const api = counted === undefined ? kube.api : counting(kube.api, counted);
    const engine = new CSIEngine({ kube: api, ...parts, ...options });
    this.#open.push({
      close: async () => {
        await engine.close();
        await kube.close();
      },
    });
    return engine;
  }

  /** A VM with two disks, bound. */
  async newVM(namespace = APPS): Promise<EngineSource> {
    this.#sources += 1;
    const name = `vm-${this.#sources}`;
    const claims = [`${name}-root`, `${name}-data`];
    const [root = '', data = ''] = claims;
    const volumes = [
      { name: 'root', dataVolume: { name: root } },
      { name: 'data', persistentVolumeClaim: { claimName: data } },
      { name: 'seed', cloudInitNoCloud: { userData: 'x' } },
    ];
    await this.apply({
      apiVersion: 'kubevirt.io/v1',
      kind: 'VirtualMachine',
      metadata: { name, namespace },
      spec: { template: { spec: { volumes } } },
    });
    for (const claim of claims) await this.apply(claimOf(claim, STORAGE_CLASSES.immediate, namespace));
    for (const claim of claims) await this.bound(claim, namespace);
    return { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', namespace, name };
  }

  async bound(claim: string, namespace = APPS): Promise<void> {
    const isBound = '--for=jsonpath={.status.phase}=Bound';
    await must(this.plane, ['wait', isBound, `pvc/${claim}`, '-n', namespace, '--timeout=60s']);
  }

  async removeVM({ namespace, name }: EngineSource): Promise<void> {
    const objects = [`virtualmachine/${name}`, `pvc/${name}-root`, `pvc/${name}-data`];
    await must(this.plane, ['delete', '-n', namespace, ...objects, '--timeout=60s']);
  }

  /** What is behind a handle goes, past driver and API. */
  async lose(handle: string): Promise<void> {
    await rm(path.join(this.stack.root, 'snapshots', handle), { recursive: true });
  }

  contents(): Promise<readonly SnapshotContent[]> {
    return this.admin.api.list<SnapshotContent>(VOLUME_SNAPSHOT_CONTENTS);
  }

  /** The one that stands for this handle. @throws Error where there is none, or more than one */
  async contentOf(handle: string): Promise<SnapshotContent> {
    const found = (await this.contents()).filter(
      ({ status, spec }) => (status?.snapshotHandle ?? spec.source.snapshotHandle) === handle,
    );
    const [only] = found;
    if (only === undefined || found.length > 1) throw new Error(`${found.length} contents of ${handle}`);
    return only;
  }

  snapshots(): Promise<readonly VolumeSnapshot[]> {
    return this.admin.api.list<VolumeSnapshot>(VOLUME_SNAPSHOTS);
  }

  /** Somebody else's snapshot of a claim, ready. Gives its handle. */
  async foreignSnapshot(name: string, claim: string): Promise<string> {
    await this.apply({
      apiVersion: 'snapshot.storage.k8s.io/v1',
      kind: 'VolumeSnapshot',
      metadata: { name, namespace: APPS },
      spec: { source: { persistentVolumeClaimName: claim }, volumeSnapshotClassName: SNAPSHOT_CLASSES.retain },
    });
    return until(`the snapshot ${name} has a handle`, async () => {
      const contents = await this.contents();
      return contents.find(({ spec }) => spec.volumeSnapshotRef.name === name)?.status?.snapshotHandle;
    });
  }

  /** Somebody's own pre-provisioned content of a handle. */
  async foreignContent(handle: string, deletionPolicy: 'Delete' | 'Retain'): Promise<string> {
    const name = `foreign-${randomUUID()}`;
    await this.apply({
      apiVersion: 'snapshot.storage.k8s.io/v1',
      kind: 'VolumeSnapshotContent',
      metadata: { name },
      spec: {
        deletionPolicy,
        driver: this.stack.driver,
        source: { snapshotHandle: handle },
        volumeSnapshotRef: { name, namespace: APPS },
      },
    });
    return name;
  }

  async apply(object: object): Promise<void> {
    await must(this.plane, ['create', '-f', '-'], JSON.stringify(object));
  }

  async patchContent(name: string, patch: object): Promise<void> {
    await must(this.plane, ['patch', 'volumesnapshotcontent', name, '--type=merge', '-p', JSON.stringify(patch)]);
  }

  /** Ends the engines that were made since the last time. */
  async closeEngines(): Promise<void> {
    await Promise.all(this.#open.splice(0).map((one) => one.close()));
  }

  async stop(): Promise<void> {
    await this.closeEngines();
    await this.admin.close();
    await this.stack.stop();
    await this.plane.stop();
  }
}

export function claimOf(name: string, storageClassName: string, namespace = APPS): object {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace },
    spec: { storageClassName, accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } },
  };
}

function client(target: KubeTarget): Promise<KubeClient> {
  // Retries come soon: a test of a dead API server waits for all of them.
  const random = () => 0.05;
  const parts = { clock: new SystemClock(), random, log: quietLog, metrics: new RecordedMetrics() };
  return connectKube(target, parts, { callTimeoutMs: 10_000 });
}

function counting(api: KubeApi, calls: string[]): KubeApi {
  const note = (verb: string, { plural }: ResourceType) => void calls.push(`${verb} ${plural}`);
  return {
    ...api,
    get: (type, key, options) => (note('get', type), api.get(type, key, options)),
    list: (type, options) => {
      calls.push(`list ${type.plural}${options?.labelSelector === undefined ? '' : ' selected'}`);
      return api.list(type, options);
    },
    create: (type, object, options) => (note('create', type), api.create(type, object, options)),
    patch: (type, key, patch, options) => (note('patch', type), api.patch(type, key, patch, options)),
    patchStatus: (type, key, patch, options) => (note('patch', type), api.patchStatus(type, key, patch, options)),
    replace: (type, object, options) => (note('update', type), api.replace(type, object, options)),
    delete: (type, key, options) => (note('delete', type), api.delete(type, key, options)),
  };
}
