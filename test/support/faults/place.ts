/** One namespace in which a story plays: what its user does there, and what can be seen of it. */
import type { BackupItem, BackupItemSpec } from '../../../src/api/backup-item.gen.ts';
import type { BackupJob } from '../../../src/api/backup-job.gen.ts';
import type { KubeObject, ResourceType } from '../../../src/api/meta.ts';
import { API_VERSION, BACKUP_ITEMS, BACKUP_JOBS, RECOVERY_POINTS } from '../../../src/api/names.ts';
import type { RecoveryPoint } from '../../../src/api/recovery-point.gen.ts';
import { hasCode, type KubeApi } from '../../../src/ports/kube.ts';
import { until } from '../operator/until.ts';
import { type Disk, readDisks } from './disks.ts';

export interface PlaceOptions {
  /** Spec of the vault. */
  readonly vault?: object;
}

export type Protection = BackupItemSpec['protection'];

const asUser = { fieldManager: 'kubectl' };

export class Place {
  readonly namespace: string;
  readonly storage: string;
  readonly admin: KubeApi;

  constructor(admin: KubeApi, { namespace, storage }: { readonly namespace: string; readonly storage: string }) {
    this.admin = admin;
    this.namespace = namespace;
    this.storage = storage;
  }

  async protect(name: string): Promise<void> {
    const item: BackupItem = {
      apiVersion: API_VERSION,
      kind: 'BackupItem',
      metadata: { namespace: this.namespace, name },
      spec: {
        vaultRef: { name: 'gold' },
        source: { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', namespace: this.namespace, name },
        policyRef: { name: 'daily' },
        protection: 'Active',
      },
    };
    await this.admin.create(BACKUP_ITEMS, item, asUser);
  }

  /** As `kubectl patch` does: whatever stands there. @throws KubeError Invalid where the API refuses it */
  async setProtection(name: string, protection: Protection): Promise<BackupItem> {
    const { metadata } = await this.item(name);
    const patch = { metadata: { uid: metadata.uid ?? '' }, spec: { protection } };
    return (await this.admin.patch<BackupItem>(BACKUP_ITEMS, { namespace: this.namespace, name }, patch, asUser))
      .object;
  }

  /** A raw `kubectl delete --wait=false`. */
  async remove(type: ResourceType, name: string): Promise<void> {
    const key = { namespace: this.namespace, name };
    const { metadata } = await this.admin.get(type, key);
    await this.admin.delete(type, key, { uid: metadata.uid ?? '' });
  }

  item(name: string): Promise<BackupItem> {
    return this.admin.get<BackupItem>(BACKUP_ITEMS, { namespace: this.namespace, name });
  }

  items(): Promise<readonly BackupItem[]> {
    return this.#list<BackupItem>(BACKUP_ITEMS);
  }

  points(): Promise<readonly RecoveryPoint[]> {
    return this.#list<RecoveryPoint>(RECOVERY_POINTS);
  }

  jobs(): Promise<readonly BackupJob[]> {
    return this.#list<BackupJob>(BACKUP_JOBS);
  }

  disks(): Promise<readonly Disk[]> {
    return readDisks(this.storage);
  }

  /** Waits until the item is as described; one that isn't there is not. */
  itemIs(
    name: string,
    what: string,
    is: (item: BackupItem) => boolean,
    { withinMs = 30_000 }: { readonly withinMs?: number } = {},
  ): Promise<BackupItem> {
    let last: BackupItem | undefined;
    return until(
      `${this.namespace}/${name} ${what}`,
      async () => {
        last = await this.#found(name);
        return last !== undefined && is(last) && last;
      },
      { withinMs, everyMs: 100, seen: () => `; its status: ${JSON.stringify(last?.status)}` },
    );
  }

  isProtected(name: string): Promise<BackupItem> {
    return this.itemIs(name, 'is protected', ({ status }) => {
      return status?.protectionState === 'Protected' && (status.recoveryPoints?.count ?? 0) > 0;
    });
  }

  isIn(name: string, state: string, options: { readonly withinMs?: number } = {}): Promise<BackupItem> {
    return this.itemIs(name, `is ${state}`, ({ status }) => status?.deleteState === state, options);
  }

  /** Its condition of that type has this reason. */
  says(name: string, type: string, reason: string, options: { readonly withinMs?: number } = {}): Promise<BackupItem> {
    return this.itemIs(name, `says ${type} ${reason}`, (item) => conditionOf(item, type)?.reason === reason, options);
  }

  async #found(name: string): Promise<BackupItem | undefined> {
    try {
      return await this.item(name);
    } catch (error) {
      // While the API server is away nothing can be seen, either.
      if (hasCode(error, 'NotFound', 'Unavailable', 'Timeout', 'TooManyRequests')) return undefined;
      throw error;
    }
  }

  #list<T extends KubeObject>(type: ResourceType): Promise<readonly T[]> {
    return this.admin.list<T>(type, { namespace: this.namespace });
  }
}

export function conditionOf({ status }: BackupItem, type: string) {
  return status?.conditions?.find((condition) => condition.type === type);
}
