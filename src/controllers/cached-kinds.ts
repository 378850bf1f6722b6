/**
 * What is cached of each kind, and how it is found. Facets are the few decoded fields that scans and indexes need; everything
 * else is parsed when somebody asks for the object.
 */
import type { BackupItem } from '../api/backup-item.gen.ts';
import type { BackupJob } from '../api/backup-job.gen.ts';
import type { BackupPolicy } from '../api/backup-policy.gen.ts';
import type { KubeObject, ObjectMeta } from '../api/meta.ts';
import {
  BACKUP_ITEMS,
  BACKUP_JOBS,
  BACKUP_POLICIES,
  NAMESPACES,
  POLICY_FINALIZER,
  RECOVERY_POINTS,
  RETENTION_FINALIZER,
  STAND_IN_FOR_ANNOTATION,
  VAULT_LABEL,
  VAULTS,
} from '../api/names.ts';
import type { RecoveryPoint } from '../api/recovery-point.gen.ts';
import type { Vault } from '../api/vault.gen.ts';
import { type Instant, parseInstant } from '../domain/time.ts';
import { Interner, type CachedKind, type IndexDefinition, type Store } from '../runtime/store.ts';

type SourceRef = BackupItem['spec']['source'];

/** Facets live as long as their objects: what repeats in thousands of them is kept once. */
const names = new Interner();

function shared<S extends string>(text: S | undefined): S | undefined {
  return text === undefined ? undefined : names.of(text);
}

/** Name of an index value: parts never contain a slash twice the same way, as kinds and names are DNS labels. */
export function sourceKey(namespace: string, vault: string, { kind, namespace: ns, name }: SourceRef): string {
  // One flat string: a template would keep a tree of its parts for every object.
  return [namespace, vault, kind, ns, name].join('/');
}

export interface ItemFacets {
  readonly uid: string;
  readonly vault: string;
  readonly source: string;
  readonly itemID: string | undefined;
  readonly deleteState: 'NotDeleted' | 'ToBeDeleted' | 'Purging' | 'Purged' | undefined;
  readonly stopped: boolean;
  readonly dataHeldSince: Instant | undefined;
  readonly purgeTime: Instant | undefined;
  readonly createdAt: Instant | undefined;
  readonly terminating: boolean;
  readonly policy: string | undefined;
  readonly effectivePolicy: string | undefined;
}

export interface PointFacets {
  readonly itemID: string;
  readonly vault: string;
  readonly source: string;
  readonly purged: boolean;
  readonly standInFor: string | undefined;
  readonly terminating: boolean;
  readonly held: boolean;
}

export interface JobFacets {
  readonly itemName: string;
  readonly itemID: string | undefined;
  /** Its status says whose it is; its spec was written by whoever created it. */
  readonly acknowledged: boolean;
  readonly vault: string | undefined;
  readonly operation: BackupJob['spec']['operation'];
  readonly finished: boolean;
  readonly completed: boolean;
  readonly endTime: Instant | undefined;
  /** Name and source that an open hand-over keeps for its record. */
  readonly keeps: { readonly name: string; readonly source: string; readonly itemID: string } | undefined;
}

export interface NamespaceFacets {
  readonly terminating: boolean;
  readonly labels: Readonly<Record<string, string>>;
}

/** Annotations are dropped but for ours: kubectl keeps a whole second copy of the object in one. */
function trimMeta(metadata: ObjectMeta): ObjectMeta {
  const { annotations, ...rest } = metadata;
  const standIn = annotations?.[STAND_IN_FOR_ANNOTATION];
  return standIn === undefined ? rest : { ...rest, annotations: { [STAND_IN_FOR_ANNOTATION]: standIn } };
}

function trim<T extends KubeObject>(object: T): T {
  return { ...object, metadata: trimMeta(object.metadata) };
}

/** Where objects are looked up by name alone, their labels are nobody's business. */
function trimLabels<T extends KubeObject>(object: T): T {
  const { labels: _labels, ...metadata } = trimMeta(object.metadata);
  return { ...object, metadata };
}

function one(value: string | undefined): readonly string[] {
  return value === undefined ? [] : [value];
}

type Values<F> = (facets: F) => readonly string[];

function inNamespace<F>(values: Values<F>): IndexDefinition<F> {
  return { scope: 'Namespace', values };
}

function everywhere<F>(values: Values<F>): IndexDefinition<F> {
  return { scope: 'Everywhere', values };
}

/** To the minute: most of what happens to an object follows its creation at once. */
function minuteOf({ creationTimestamp }: ObjectMeta): string | undefined {
  return creationTimestamp?.slice(0, 'yyyy-mm-ddThh:mm'.length);
}

export const cachedItems: CachedKind<BackupItem, ItemFacets> = {
  type: BACKUP_ITEMS,
  trim: trimLabels,
  facets: ({ metadata, spec, status }) => ({
    uid: metadata.uid ?? '',
    vault: names.of(spec.vaultRef.name),
    source: sourceKey(metadata.namespace ?? '', spec.vaultRef.name, spec.source),
    itemID: status?.itemID,
    deleteState: shared(status?.deleteState),
    stopped: status?.protectionState === 'ProtectionStopped',
    dataHeldSince: parseInstant(status?.dataHeldSince),
    purgeTime: parseInstant(status?.purgeTime),
    createdAt: parseInstant(metadata.creationTimestamp),
    terminating: metadata.deletionTimestamp !== undefined,
    policy: shared(spec.policyRef?.name),
    effectivePolicy: shared(status?.policyRef?.name),
  }),
  indexes: {
    vault: inNamespace((facets) => [facets.vault]),
    source: everywhere((facets) => [facets.source]),
    itemID: inNamespace((facets) => one(facets.itemID)),
    policy: inNamespace((facets) => one(facets.policy)),
    effectivePolicy: inNamespace((facets) => one(facets.effectivePolicy)),
  },
  repeats: ({ metadata }) => [minuteOf(metadata)],
};

export const cachedPoints: CachedKind<RecoveryPoint, PointFacets> = {
  type: RECOVERY_POINTS,
  trim,
  facets: ({ metadata, spec, status }) => ({
    itemID: spec.itemID,
    vault: names.of(spec.vaultRef.name),
    source: sourceKey(metadata.namespace ?? '', spec.vaultRef.name, spec.source),
    purged: status?.state === 'Purged',
    standInFor: metadata.annotations?.[STAND_IN_FOR_ANNOTATION],
    terminating: metadata.deletionTimestamp !== undefined,
    held: metadata.finalizers?.includes(RETENTION_FINALIZER) ?? false,
  }),
  indexes: {
    itemID: inNamespace((facets) => [facets.itemID]),
    vault: inNamespace((facets) => (facets.purged ? [] : [facets.vault])),
    source: everywhere((facets) => (facets.purged ? [] : [facets.source])),
    standInFor: inNamespace((facets) => one(facets.standInFor)),
  },
  repeats: ({ metadata, spec }) => [minuteOf(metadata), spec.itemID],
};

type JobRecord = NonNullable<NonNullable<BackupJob['status']>['record']>;

const OPEN = new Set([undefined, 'InProgress']);

/** What a finished job tells people of its course, and its labels: nothing is decided from them, and jobs are many. */
function trimJob(job: BackupJob): BackupJob {
  if (OPEN.has(job.status?.state)) return trim(job);
  const { state, itemID, pointName, startTime, endTime, record } = job.status ?? {};
  const status = { state, itemID, pointName, startTime, endTime, record: record && withoutHealth(record) };
  return trimLabels({ ...job, status } as BackupJob);
}

function withoutHealth({ conditions: _health, ...record }: JobRecord): JobRecord {
  return record;
}

export const cachedJobs: CachedKind<BackupJob, JobFacets> = {
  type: BACKUP_JOBS,
  trim: trimJob,
  facets: ({ metadata, spec, status }) => {
    const finished = !OPEN.has(status?.state);
    const record = finished ? undefined : status?.record;
    return {
      itemName: spec.itemRef.name,
      itemID: status?.itemID ?? spec.itemID,
      acknowledged: status?.itemID !== undefined,
      vault: shared(metadata.labels?.[VAULT_LABEL]),
      operation: names.of(spec.operation),
      finished,
      completed: status?.state === 'Completed',
      endTime: parseInstant(status?.endTime),
      keeps: record && {
        name: record.itemName,
        source: sourceKey(metadata.namespace ?? '', record.spec.vaultRef.name, record.spec.source),
        itemID: record.itemID,
      },
    };
  },
  indexes: {
    item: inNamespace((facets) => [facets.itemName]),
    itemID: inNamespace((facets) => one(facets.itemID)),
    openByVault: inNamespace((facets) => (facets.finished ? [] : one(facets.vault))),
    keepsName: inNamespace((facets) => one(facets.keeps?.name)),
    keepsSource: everywhere((facets) => one(facets.keeps?.source)),
  },
  repeats: ({ metadata, spec, status }) => [minuteOf(metadata), status?.itemID ?? spec.itemID],
};

/** What items need to hear of a vault or a policy: that its spec changed, or that it is going. */
export interface SpecFacets {
  readonly generation: number;
  readonly terminating: boolean;
  /** Whether a finalizer of ours, or anybody's, holds it. */
  readonly held: boolean;
}

function specFacets({ metadata }: KubeObject): SpecFacets {
  return {
    generation: metadata.generation ?? 0,
    terminating: metadata.deletionTimestamp !== undefined,
    held: (metadata.finalizers?.length ?? 0) > 0,
  };
}

/** Vaults and policies are few: they are scanned by name alone. */
export const cachedVaults: CachedKind<Vault, SpecFacets> = {
  type: VAULTS,
  trim: trimLabels,
  facets: specFacets,
  indexes: {},
};

export interface PolicyFacets extends SpecFacets {
  /** It bears our finalizer: nobody can take it from under the items that use it. */
  readonly held: boolean;
}

export const cachedPolicies: CachedKind<BackupPolicy, PolicyFacets> = {
  type: BACKUP_POLICIES,
  trim: trimLabels,
  facets: (policy) => ({
    ...specFacets(policy),
    held: policy.metadata.finalizers?.includes(POLICY_FINALIZER) ?? false,
  }),
  indexes: {},
};

export const cachedNamespaces: CachedKind<KubeObject, NamespaceFacets> = {
  type: NAMESPACES,
  trim: ({ apiVersion, kind, metadata }) => ({ apiVersion, kind, metadata: trimMeta(metadata) }),
  facets: ({ metadata }) => ({
    terminating: metadata.deletionTimestamp !== undefined,
    labels: metadata.labels ?? {},
  }),
  indexes: {},
};

/** The operator's caches. Writers put their own writes in with upsert, so that they never read behind themselves. */
export interface Stores {
  readonly items: Store<BackupItem, ItemFacets>;
  readonly points: Store<RecoveryPoint, PointFacets>;
  readonly jobs: Store<BackupJob, JobFacets>;
  readonly vaults: Store<Vault, SpecFacets>;
  readonly policies: Store<BackupPolicy, PolicyFacets>;
  readonly namespaces: Store<KubeObject, NamespaceFacets>;
}
