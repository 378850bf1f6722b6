/** A real API server with Reprieve's manifests, and the administrator's hands on it. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { SystemClock } from '../../../src/adapters/clock/system-clock.ts';
import { connectKube, type KubeClient } from '../../../src/adapters/kube/api.ts';
import { PrometheusMetrics } from '../../../src/adapters/metrics/prometheus.ts';
import type { KubeObject } from '../../../src/api/meta.ts';
import { API_VERSION, BACKUP_POLICIES, NAMESPACES, VAULTS } from '../../../src/api/names.ts';
import type { KubeApi } from '../../../src/ports/kube.ts';
import { type ControlPlane, startControlPlane } from '../control-plane/control-plane.ts';
import { installManifests, operatorIdentity, type OperatorIdentity } from '../operator/identity.ts';
import { recordingLog } from '../runtime-parts.ts';
import { Place, type PlaceOptions } from './place.ts';

export type ClusterOptions = NonNullable<Parameters<typeof startControlPlane>[0]>;

export class Cluster {
  readonly plane: ControlPlane;
  readonly identity: OperatorIdentity;
  readonly #client: KubeClient;

  private constructor(plane: ControlPlane, identity: OperatorIdentity, client: KubeClient) {
    this.plane = plane;
    this.identity = identity;
    this.#client = client;
  }

  static async start(options: ClusterOptions = {}): Promise<Cluster> {
    const plane = await startControlPlane(options);
    try {
      await installManifests(plane, 'overlays/development');
      return new Cluster(plane, await operatorIdentity(plane), await adminOf(plane));
    } catch (error) {
      await plane.stop();
      throw error;
    }
  }

  /** The administrator's API: reads past every cache, writes as no operator may. */
  get admin(): KubeApi {
    return this.#client.api;
  }

  /** A namespace with a vault `gold`, a policy `daily` and a storage of its own. */
  async place(name: string, options: PlaceOptions = {}): Promise<Place> {
    const storage = path.join(this.plane.dir, 'storage', name);
    await mkdir(storage, { recursive: true });
    const { admin } = this;
    const as = { fieldManager: 'kubectl' };
    const namespace: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
    await admin.create(NAMESPACES, namespace, as);
    const own = (kind: string, named: string, spec: object) =>
      ({ apiVersion: API_VERSION, kind, metadata: { namespace: name, name: named }, spec }) as KubeObject;
    await admin.create(VAULTS, own('Vault', 'gold', options.vault ?? {}), as);
    const spec = { schedule: { cron: '0 1 * * *' }, retention: { daily: { days: 7 } } };
    await admin.create(BACKUP_POLICIES, own('BackupPolicy', 'daily', spec), as);
    return new Place(admin, { namespace: name, storage });
  }

  async stop(): Promise<void> {
    await this.#client.close();
    await this.plane.stop();
  }
}

function adminOf(plane: ControlPlane): Promise<KubeClient> {
  const { log } = recordingLog('error');
  const parts = { clock: new SystemClock(), random: Math.random, log, metrics: new PrometheusMetrics() };
  return connectKube({ type: 'Kubeconfig', file: plane.adminKubeconfig }, parts, { userAgent: 'administrator' });
}
