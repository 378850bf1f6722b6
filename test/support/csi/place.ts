import type { ControlPlane } from '../control-plane/control-plane.ts';
import { until } from '../operator/until.ts';
import { SNAPSHOT_CLASSES, STORAGE_CLASSES } from './classes.ts';
import type { CSIStack } from './stack.ts';

/** As much of an object as these tests look at. */
interface StorageObject {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
  readonly spec: {
    readonly volumeName?: string;
    readonly csi?: { readonly volumeHandle: string };
    readonly deletionPolicy?: string;
  };
  readonly status?: {
    readonly phase?: string;
    readonly boundVolumeSnapshotContentName?: string;
    readonly readyToUse?: boolean;
    readonly restoreSize?: string | number;
    readonly snapshotHandle?: string;
    readonly error?: { readonly message?: string };
  };
}

interface Claim {
  readonly class?: string;
  readonly size?: string;
  readonly mode?: 'Filesystem' | 'Block';
  readonly from?: { readonly kind: 'VolumeSnapshot' | 'PersistentVolumeClaim'; readonly name: string };
}

const SNAPSHOT_GROUP = 'snapshot.storage.k8s.io';

/** For machines under load. What takes the longest by itself is a namespace: ten seconds. */
const PATIENCE = { withinMs: 60_000 };

/** A namespace of one test with claims and snapshots, and what became of them. */
export class CSIPlace {
  readonly namespace: string;
  readonly #plane: ControlPlane;
  readonly #stack: CSIStack;

  private constructor(plane: ControlPlane, stack: CSIStack, namespace: string) {
    this.#plane = plane;
    this.#stack = stack;
    this.namespace = namespace;
  }

  static async create(plane: ControlPlane, stack: CSIStack, namespace: string): Promise<CSIPlace> {
    const place = new CSIPlace(plane, stack, namespace);
    await place.#kubectl(['create', 'namespace', namespace]);
    return place;
  }

  async claim(name: string, wanted: Claim = {}): Promise<void> {
    const { from } = wanted;
    const dataSource = from && { ...(from.kind === 'VolumeSnapshot' ? { apiGroup: SNAPSHOT_GROUP } : {}), ...from };
    await this.apply({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name, namespace: this.namespace },
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: wanted.class ?? STORAGE_CLASSES.immediate,
        volumeMode: wanted.mode ?? 'Filesystem',
        resources: { requests: { storage: wanted.size ?? '1Mi' } },
        ...(dataSource && { dataSource }),
      },
    });
  }

  /** The handle of the volume that a claim is bound to, waited for. */
  async bound(name: string): Promise<string> {
    const claim = await this.#when('pvc', name, ({ status }) => status?.phase === 'Bound');
    const volume = await this.get('pv', claim.spec.volumeName ?? '');
    return volume?.spec.csi?.volumeHandle ?? '';
  }

  /** A bound claim whose volume holds this text in the file `disk`. */
  async disk(name: string, text: string): Promise<string> {
    await this.claim(name);
    const handle = await this.bound(name);
    await this.#stack.bytes.write(handle, 'disk', text);
    return handle;
  }

  async snapshot(name: string, claim: string, snapshotClass: string = SNAPSHOT_CLASSES.retain): Promise<void> {
    await this.#volumeSnapshot(name, snapshotClass, { persistentVolumeClaimName: claim });
  }

  /** A content that was made for a handle by hand, and then its VolumeSnapshot. */
  async adopt(name: string, handle: string, deletionPolicy = 'Retain'): Promise<void> {
    await this.apply({
      apiVersion: `${SNAPSHOT_GROUP}/v1`,
      kind: 'VolumeSnapshotContent',
      metadata: { name: this.contentOf(name) },
      spec: {
        driver: this.#stack.driver,
        deletionPolicy,
        source: { snapshotHandle: handle },
        volumeSnapshotRef: { name, namespace: this.namespace },
      },
    });
    await this.#volumeSnapshot(name, SNAPSHOT_CLASSES.retain, { volumeSnapshotContentName: this.contentOf(name) });
  }

  /** The name of the content that `adopt` makes. */
  contentOf(name: string): string {
    return `adopted-${this.namespace}-${name}`;
  }

  /** What the driver calls a snapshot, and the name of its content, once it is ready to use. */
  async ready(name: string): Promise<{ readonly handle: string; readonly content: string }> {
    const ready = await this.#when('volumesnapshot', name, ({ status }) => status?.readyToUse === true);
    const content = ready.status?.boundVolumeSnapshotContentName ?? '';
    const found = await this.get('volumesnapshotcontent', content);
    return { handle: found?.status?.snapshotHandle ?? '', content };
  }

  /** What the status of an object says went wrong, waited for. */
  async error(kind: string, name: string): Promise<string> {
    const failed = await this.#when(kind, name, ({ status }) => status?.error?.message !== undefined);
    return failed.status?.error?.message ?? '';
  }

  /**
   * The message of a warning about an object that contains the text, waited for. What is said about a cluster-wide
   * object lies in the namespace `default`.
   */
  warning(name: string, text: string, namespace = this.namespace): Promise<string> {
    const about = `--field-selector=type=Warning,involvedObject.name=${name}`;
    const messages = 'jsonpath={range .items[*]}{.message}{"\\n"}';
    return until(
      `a warning about ${name} says "${text}"`,
      async () => {
        const said = await this.#kubectl(['get', 'events', `--namespace=${namespace}`, about, '-o', messages]);
        return said.split('\n').find((line) => line.includes(text));
      },
      PATIENCE,
    );
  }

  async get(kind: string, name: string): Promise<StorageObject | undefined> {
    const text = await this.#kubectl(['get', kind, name, '--ignore-not-found', '-o', 'json']);
    return text === '' ? undefined : (JSON.parse(text) as StorageObject);
  }

  /** Asks for it, and does not wait. */
  async delete(kind: string, name: string): Promise<void> {
    await this.#kubectl(['delete', kind, name, '--wait=false']);
  }

  async gone(kind: string, name: string): Promise<void> {
    await until(`${kind} ${name} is gone`, async () => (await this.get(kind, name)) === undefined, PATIENCE);
  }

  async apply(object: object): Promise<void> {
    await this.#kubectl(['apply', '-f', '-'], JSON.stringify(object));
  }

  async annotate(kind: string, name: string, annotation: string): Promise<void> {
    await this.#kubectl(['annotate', kind, name, annotation]);
  }

  async #volumeSnapshot(name: string, volumeSnapshotClassName: string, source: object): Promise<void> {
    await this.apply({
      apiVersion: `${SNAPSHOT_GROUP}/v1`,
      kind: 'VolumeSnapshot',
      metadata: { name, namespace: this.namespace },
      spec: { volumeSnapshotClassName, source },
    });
  }

  #when(kind: string, name: string, is: (object: StorageObject) => boolean): Promise<StorageObject> {
    let last: StorageObject | undefined;
    const probe = async () => {
      last = await this.get(kind, name);
      return last !== undefined && is(last) && last;
    };
    const seen = () => `; last seen: ${JSON.stringify(last?.status)}`;
    return until(`${kind} ${name} is as wanted`, probe, { ...PATIENCE, seen });
  }

  async #kubectl(args: readonly string[], input = ''): Promise<string> {
    const { stdout, stderr, code } = await this.#plane.kubectl(['--namespace', this.namespace, ...args], { input });
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr.trim()}`);
    return stdout;
  }
}
