/** One namespace of a story: small verbs, through kubectl as a user would, and questions about what is there. */
import type { BackupItem } from '../../../src/api/backup-item.gen.ts';
import type { BackupJob } from '../../../src/api/backup-job.gen.ts';
import type { BackupPolicy } from '../../../src/api/backup-policy.gen.ts';
import type { KubeObject, ResourceType } from '../../../src/api/meta.ts';
import { BACKUP_ITEMS, BACKUP_JOBS, BACKUP_POLICIES, EVENTS, RECOVERY_POINTS, VAULTS } from '../../../src/api/names.ts';
import type { RecoveryPoint } from '../../../src/api/recovery-point.gen.ts';
import type { Vault } from '../../../src/api/vault.gen.ts';
import { isNotFound } from '../../../src/ports/kube.ts';
import type { KubectlOptions, KubectlResult } from '../control-plane/kubectl.ts';
import { until } from '../operator/until.ts';
import {
  backupManifest,
  itemManifest,
  type ItemOptions,
  type Manifest,
  policyManifest,
  vaultManifest,
} from './manifests.ts';
import { condition } from './conditions.ts';
import type { StoredDisk } from './storage.ts';
import type { World } from './world.ts';

type Status = NonNullable<BackupItem['status']>;
export type DeleteState = NonNullable<Status['deleteState']>;

/** An event as far as stories ask. */
export interface SeenEvent {
  readonly reason: string;
  readonly type: string;
  readonly note: string;
  readonly regarding: { readonly kind: string; readonly name: string };
  readonly series?: { readonly count: number };
}

export class Place {
  readonly world: World;
  readonly namespace: string;

  constructor(world: World, namespace: string) {
    this.world = world;
    this.namespace = namespace;
  }

  // What users do

  /** kubectl in this namespace; a refusal is a result. */
  kubectl(args: readonly string[], options: KubectlOptions = {}): Promise<KubectlResult> {
    return this.world.plane.kubectl([...args, '-n', this.namespace], options);
  }

  /** @throws Error with kubectl's words where it fails. @returns standard output */
  async must(args: readonly string[], input?: string): Promise<string> {
    const result = await this.kubectl(args, input === undefined ? {} : { input });
    if (result.code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${result.stderr.trim()}`);
    return result.stdout;
  }

  /** What kubectl says to a call that has to be refused. */
  async refusal(args: readonly string[], options: KubectlOptions = {}): Promise<string> {
    const result = await this.kubectl(args, options);
    if (result.code === 0) throw new Error(`kubectl ${args.join(' ')} was not refused: ${result.stdout.trim()}`);
    return result.stderr.trim();
  }

  async create(...objects: readonly Manifest[]): Promise<void> {
    await this.must(['create', '-f', '-'], listOf(objects));
  }

  aVault(name: string, spec: Manifest = {}): Promise<void> {
    return this.create(vaultManifest(name, spec));
  }

  aPolicy(name: string): Promise<void> {
    return this.create(policyManifest(name));
  }

  anItem(name: string, options: ItemOptions = {}): Promise<void> {
    return this.create(itemManifest(name, this.namespace, options));
  }

  aBackup(name: string, item: string, expiryTime?: string): Promise<void> {
    return this.create(backupManifest(name, item, expiryTime));
  }

  /** An item whose first backup is done. @returns it as it then is */
  async aProtectedItem(name: string, options: ItemOptions = {}): Promise<BackupItem> {
    await this.anItem(name, options);
    return this.protected(name);
  }

  protected(name: string): Promise<BackupItem> {
    return this.itemWhere(name, 'is protected, its backup done', (item) => isReady(item, 'Protected'));
  }

  async patch(kind: string, name: string, patch: Manifest): Promise<void> {
    await this.must(['patch', kind, name, '--type=merge', '-p', JSON.stringify(patch)]);
  }

  async softDelete(name: string): Promise<BackupItem> {
    await this.patch('backupitem', name, { spec: { protection: 'StopDeleteData' } });
    return this.softDeleted(name);
  }

  /** ToBeDeleted, and its job ended: only then the deadline stands (a late answer moves it once). */
  async softDeleted(name: string): Promise<BackupItem> {
    await this.itemInState(name, 'ToBeDeleted');
    await this.jobsEnded(name);
    return this.itemInState(name, 'ToBeDeleted');
  }

  async stop(name: string): Promise<BackupItem> {
    await this.patch('backupitem', name, { spec: { protection: 'StopRetainData' } });
    return this.stopped(name);
  }

  async stopped(name: string): Promise<BackupItem> {
    const item = await this.itemWhere(
      name,
      'is stopped',
      (now) => now.status?.deleteState === 'NotDeleted' && isReady(now, 'ProtectionStopped'),
    );
    await this.jobsEnded(name);
    return item;
  }

  /** As a soft-deleted one is brought back; the same words as a stop. */
  undelete(name: string): Promise<BackupItem> {
    return this.stop(name);
  }

  async resume(name: string, policy = 'nightly'): Promise<BackupItem> {
    await this.patch('backupitem', name, { spec: { protection: 'Active', policyRef: { name: policy } } });
    const item = await this.protected(name);
    await this.jobsEnded(name);
    return item;
  }

  async refusesActive(name: string): Promise<string> {
    const patch = JSON.stringify({ spec: { protection: 'Active', policyRef: { name: 'nightly' } } });
    return this.refusal(['patch', 'backupitem', name, '--type=merge', '-p', patch]);
  }

  // What is there

  async get<T extends KubeObject>(type: ResourceType, name: string): Promise<T | undefined> {
    try {
      return await this.world.kube.get<T>(type, { namespace: this.namespace, name });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  item(name: string): Promise<BackupItem | undefined> {
    return this.get<BackupItem>(BACKUP_ITEMS, name);
  }

  vault(name = 'main'): Promise<Vault | undefined> {
    return this.get<Vault>(VAULTS, name);
  }

  policy(name = 'nightly'): Promise<BackupPolicy | undefined> {
    return this.get<BackupPolicy>(BACKUP_POLICIES, name);
  }

  job(name: string): Promise<BackupJob | undefined> {
    return this.get<BackupJob>(BACKUP_JOBS, name);
  }

  items(): Promise<readonly BackupItem[]> {
    return this.world.kube.list<BackupItem>(BACKUP_ITEMS, { namespace: this.namespace });
  }

  /** Points of an item by its itemID (all of the namespace without one), by name. */
  async points(itemID?: string): Promise<readonly RecoveryPoint[]> {
    const points = await this.world.kube.list<RecoveryPoint>(RECOVERY_POINTS, { namespace: this.namespace });
    return points.filter(({ spec }) => itemID === undefined || spec.itemID === itemID);
  }

  /** Jobs of an item by name, of one operation or all. */
  async jobs(item: string, operation?: BackupJob['spec']['operation']): Promise<readonly BackupJob[]> {
    const jobs = await this.world.kube.list<BackupJob>(BACKUP_JOBS, { namespace: this.namespace });
    return jobs.filter(({ spec }) => spec.itemRef.name === item && (operation ?? spec.operation) === spec.operation);
  }

  async events(kind: string, name: string, reason?: string): Promise<readonly SeenEvent[]> {
    const events = await this.world.kube.list<KubeObject & SeenEvent>(EVENTS, { namespace: this.namespace });
    return events.filter(
      (event) =>
        event.regarding.kind === kind && event.regarding.name === name && (reason ?? event.reason) === event.reason,
    );
  }

  stored(item: BackupItem): Promise<readonly StoredDisk[]> {
    return this.world.data.of(item.status?.itemID ?? 'none');
  }

  /** `kubectl get` as a person sees it: one object per column title. */
  async table(kind: string, ...args: readonly string[]): Promise<readonly Readonly<Record<string, string>>[]> {
    const [header = '', ...lines] = (await this.must(['get', kind, ...args])).trimEnd().split('\n');
    const titles = [...header.matchAll(/\S+(?: \S+)*/g)].map((match) => ({ title: match[0], at: match.index }));
    return lines.map((line) =>
      Object.fromEntries(titles.map(({ title, at }, index) => [title, line.slice(at, titles[index + 1]?.at).trim()])),
    );
  }

  // Waiting for it

  itemWhere(name: string, what: string, holds: (item: BackupItem) => boolean, withinMs = 20_000): Promise<BackupItem> {
    return this.#where<BackupItem>(BACKUP_ITEMS, name, { what, holds, withinMs });
  }

  itemInState(name: string, state: DeleteState, withinMs = 20_000): Promise<BackupItem> {
    return this.itemWhere(name, `is ${state}`, (item) => item.status?.deleteState === state, withinMs);
  }

  /** Ready says this reason. */
  itemReady(name: string, reason: string): Promise<BackupItem> {
    return this.itemWhere(name, `has Ready reason ${reason}`, (item) => condition(item, 'Ready')?.reason === reason);
  }

  vaultWhere(name: string, what: string, holds: (vault: Vault) => boolean, withinMs = 20_000): Promise<Vault> {
    return this.#where<Vault>(VAULTS, name, { what, holds, withinMs });
  }

  jobWhere(name: string, what: string, holds: (job: BackupJob) => boolean, withinMs = 20_000): Promise<BackupJob> {
    return this.#where<BackupJob>(BACKUP_JOBS, name, { what, holds, withinMs });
  }

  jobEnded(name: string): Promise<BackupJob> {
    return this.jobWhere(name, 'has ended', isEnded);
  }

  async jobsEnded(item: string): Promise<readonly BackupJob[]> {
    return until(`all jobs of ${item} ended`, async () => {
      const jobs = await this.jobs(item);
      return jobs.every(isEnded) && jobs;
    });
  }

  async gone(type: ResourceType, name: string, withinMs = 20_000): Promise<void> {
    await until(`${type.kind} ${name} is gone`, async () => (await this.get(type, name)) === undefined, { withinMs });
  }

  /** Events come after the write they tell of. */
  event(kind: string, name: string, reason: string): Promise<SeenEvent> {
    return until(`event ${reason} on ${kind} ${name}`, async () => (await this.events(kind, name, reason))[0]);
  }

  /** Another object of the same name, soft-deleted like the one that was deleted. */
  comeBack(name: string, previous: BackupItem): Promise<BackupItem> {
    return this.itemWhere(
      name,
      'has come back, soft-deleted',
      ({ metadata, status }) => metadata.uid !== previous.metadata.uid && status?.deleteState === 'ToBeDeleted',
    );
  }

  async #where<T extends KubeObject>(
    type: ResourceType,
    name: string,
    {
      what,
      holds,
      withinMs,
    }: { readonly what: string; readonly holds: (object: T) => boolean; readonly withinMs: number },
  ): Promise<T> {
    let last: T | undefined;
    return until(
      `${type.kind} ${name} ${what}`,
      async () => {
        last = await this.get<T>(type, name);
        return last !== undefined && holds(last) && last;
      },
      { withinMs, seen: () => `; last seen: ${JSON.stringify(last, withoutNoise)}` },
    );
  }
}

function withoutNoise(key: string, value: unknown): unknown {
  return key === 'managedFields' ? undefined : value;
}

function listOf(objects: readonly Manifest[]): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
}

function isEnded({ status }: BackupJob): boolean {
  return status?.state !== undefined && status.state !== 'InProgress';
}

function isReady(item: BackupItem, reason: string): boolean {
  const ready = condition(item, 'Ready');
  return ready?.status === 'True' && ready.reason === reason && ready.observedGeneration === item.metadata.generation;
}
