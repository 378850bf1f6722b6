/** What refers to a vault: by the caches for showing, by live lists for letting go. */
import type { BackupItem } from '../../api/backup-item.gen.ts';
import type { BackupJob } from '../../api/backup-job.gen.ts';
import { BACKUP_ITEMS, BACKUP_JOBS, RECOVERY_POINTS } from '../../api/names.ts';
import type { ObjectKey } from '../../api/meta.ts';
import { keyOf } from '../../api/meta.ts';
import type { RecoveryPoint } from '../../api/recovery-point.gen.ts';
import { decodeJob, isFinished } from '../../domain/backup-item/decode.ts';
import type { References, VaultItem } from '../../domain/vault/decide.ts';
import { cachedItems, type ItemFacets } from '../cached-kinds.ts';
import type { Context } from '../context.ts';

/** Operations whose unfinished job means that data is, or is about to be, there. */
const BINDING = new Set(['Backup', 'Restore', 'DeleteBackupData', 'Undelete', 'Purge']);

export function cachedReferences({ stores }: Context, key: ObjectKey): References {
  const items: VaultItem[] = [];
  for (const itemKey of stores.items.indexed('vault', keyOf(key))) {
    const facets = stores.items.facets(itemKey);
    if (facets !== undefined) items.push(new CachedItem(itemKey, facets));
  }
  return {
    items,
    points: stores.points.indexed('vault', keyOf(key)).map(nameOf),
    jobs: stores.jobs
      .indexed('openByVault', keyOf(key))
      .filter((job) => binds(stores, job, key))
      .map(nameOf),
  };
}

/** The label of a job that was not acknowledged yet is the word of whoever created it: its item says which vault it is about. */
function binds({ items, jobs }: Context['stores'], jobKey: string, { namespace, name }: ObjectKey): boolean {
  const job = jobs.facets(jobKey);
  if (job === undefined || !BINDING.has(job.operation)) return false;
  return job.acknowledged || items.facets(`${namespace}/${job.itemName}`)?.vault === name;
}

function nameOf(key: string): string {
  return key.slice(key.indexOf('/') + 1);
}

/** A view of facets: a vault of 50,000 items is counted each second of a storm, and a copy of all would be 8 MB each time. */
class CachedItem implements VaultItem {
  readonly #key: string;
  readonly #facets: ItemFacets;

  constructor(key: string, facets: ItemFacets) {
    this.#key = key;
    this.#facets = facets;
  }

  get name(): string {
    return nameOf(this.#key);
  }

  get deleteState(): VaultItem['deleteState'] {
    return this.#facets.itemID === undefined ? undefined : this.#facets.deleteState;
  }

  get stopped(): boolean {
    return this.#facets.stopped;
  }

  get holdsData(): boolean {
    return this.#facets.dataHeldSince !== undefined;
  }

  get purgeTime(): VaultItem['purgeTime'] {
    return this.#facets.purgeTime;
  }
}

/** After the deletion was seen: one of a backup and this look always sees the other (protocols.md, first backup). */
export async function liveReferences({ kube }: Context, { namespace, name }: ObjectKey): Promise<References> {
  const items = await kube.list<BackupItem>(BACKUP_ITEMS, { namespace });
  const points = await kube.list<RecoveryPoint>(RECOVERY_POINTS, { namespace });
  const jobs = await kube.list<BackupJob>(BACKUP_JOBS, { namespace });
  const own = items.filter((item) => item.spec.vaultRef.name === name);
  const names = new Set(own.map((item) => item.metadata.name));
  const ids = new Set([
    ...own.flatMap((item) => item.status?.itemID ?? []),
    ...points.filter((point) => point.spec.vaultRef.name === name).map((point) => point.spec.itemID),
  ]);
  return {
    items: own.map((item) => new CachedItem(`${namespace}/${item.metadata.name}`, cachedItems.facets(item))),
    points: points
      .filter((point) => point.spec.vaultRef.name === name && point.status?.state !== 'Purged')
      .map((point) => point.metadata.name),
    jobs: jobs
      .map(decodeJob)
      .filter((job) => BINDING.has(job.operation) && !isFinished(job))
      .filter(
        (job) =>
          job.record?.spec.vaultRef.name === name ||
          (job.itemID === undefined ? names.has(job.itemName) : ids.has(job.itemID)),
      )
      .map((job) => job.name),
  };
}
