/**
 * A control plane with the manifests applied and the operator running as its ServiceAccount. Stories play in places (namespaces)
 * of their own, side by side; what they assert is the state of the world.
 */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { SystemClock } from '../../../src/adapters/clock/system-clock.ts';
import { connectKube, type KubeClient } from '../../../src/adapters/kube/api.ts';
import { type ControlPlane, startControlPlane } from '../control-plane/control-plane.ts';
import { installManifests, must, operatorIdentity, type OperatorIdentity } from '../operator/identity.ts';
import { startOperator, type OperatorProcess } from '../operator/process.ts';
import { runtimeParts } from '../runtime-parts.ts';
import { Place } from './place.ts';
import { StoredData } from './storage.ts';

export interface WorldOptions {
  /** A window of 14 days is 14 of these: `1s` where it is to end, `1h` where it is not. */
  readonly dayLength: string;
  readonly audit?: boolean;
  readonly apiServerFlags?: readonly string[];
  readonly args?: readonly string[];
}

export class World {
  readonly plane: ControlPlane;
  readonly data: StoredData;
  readonly #client: KubeClient;
  readonly #options: WorldOptions;
  readonly #identity: OperatorIdentity;
  #operator: OperatorProcess | undefined;
  #places = 0;

  private constructor(
    plane: ControlPlane,
    parts: { readonly client: KubeClient; readonly identity: OperatorIdentity; readonly options: WorldOptions },
  ) {
    this.plane = plane;
    this.data = new StoredData(path.join(plane.dir, 'storage'));
    this.#client = parts.client;
    this.#identity = parts.identity;
    this.#options = parts.options;
  }

  static async start(options: WorldOptions): Promise<World> {
    const { audit = false, apiServerFlags = [] } = options;
    const plane = await startControlPlane({ audit, apiServerFlags });
    await installManifests(plane, 'overlays/development');
    const clock = new SystemClock();
    const client = await connectKube({ type: 'Kubeconfig', file: plane.adminKubeconfig }, { ...runtimeParts(), clock });
    const world = new World(plane, { client, identity: await operatorIdentity(plane), options });
    await mkdir(world.data.directory);
    await world.startOperator();
    return world;
  }

  /** Reads as the administrator, past every cache. */
  get kube(): KubeClient['api'] {
    return this.#client.api;
  }

  get operator(): OperatorProcess {
    if (this.#operator === undefined) throw new Error('the operator is not running');
    return this.#operator;
  }

  async startOperator(): Promise<void> {
    const { dayLength, args = [] } = this.#options;
    this.#operator = await startOperator(this.plane, {
      storage: this.data.directory,
      dayLength,
      args: [...args, '--log-level=debug'],
      identity: this.#identity,
    });
    await this.#operator.leading();
  }

  async stopOperator(): Promise<void> {
    await this.operator.stop();
    this.#operator = undefined;
  }

  /** A namespace with a vault `main` and a policy `nightly`, unless told otherwise. */
  async place({
    vault = {},
    empty = false,
  }: { readonly vault?: object; readonly empty?: boolean } = {}): Promise<Place> {
    this.#places += 1;
    const place = new Place(this, `backup-${this.#places}`);
    await must(this.plane, ['create', 'namespace', place.namespace]);
    if (empty) return place;
    await place.aVault('main', { ...vault });
    await place.aPolicy('nightly');
    return place;
  }

  async stop(): Promise<void> {
    await this.#operator?.stop();
    await this.#client.close();
    await this.plane.stop();
  }
}
