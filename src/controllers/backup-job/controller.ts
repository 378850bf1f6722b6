/** The BackupJob controller: keeps intents and records, bounds the history. What a job asks for is the item's business. */
import type { BackupJob } from '../../api/backup-job.gen.ts';
import type { ObjectKey } from '../../api/meta.ts';
import { keyOf } from '../../api/meta.ts';
import { BACKUP_JOBS, JOB_FINALIZER, MANAGER } from '../../api/names.ts';
import { finished } from '../../domain/backup-item/jobs.ts';
import { decideJob, type HistoryJob } from '../../domain/backup-job/decide.ts';
import { type Instant, formatInstant, parseInstant } from '../../domain/time.ts';
import { isNotFound } from '../../ports/kube.ts';
import type { Reconciler } from '../../runtime/controller.ts';
import { DONE, requeueAt, type ReconcileResult } from '../../runtime/result.ts';
import { cachedJobs, type JobFacets } from '../cached-kinds.ts';
import { type Context, nowOf, toWall } from '../context.ts';
import { patchFinalizers } from '../finalizers.ts';

export class BackupJobReconciler implements Reconciler {
  readonly name = 'backup-job';
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  async reconcile(key: ObjectKey): Promise<ReconcileResult> {
    const job = this.#context.stores.jobs.get(keyOf(key));
    if (job === undefined) return DONE;
    const decision = decideJob(this.#observe(key, job), {
      now: nowOf(this.#context),
      dayLengthMs: this.#context.settings.dayLengthMs,
      itemName: job.spec.itemRef.name,
    });
    switch (decision.type) {
      case 'Wait':
        return decision.wakeAt === undefined ? DONE : requeueAt(toWall(this.#context, decision.wakeAt));
      case 'LetGo':
        await this.#letGo(job);
        return DONE;
      case 'Delete':
        await this.#delete(key, job);
        return DONE;
      case 'Fail':
        await this.#fail(key, job, decision.message);
        return DONE;
    }
  }

  #observe(key: ObjectKey, job: BackupJob): HistoryJob {
    const facets = cachedJobs.facets(job);
    const { metadata } = job;
    return {
      name: metadata.name,
      operation: facets.operation,
      finished: facets.finished,
      terminating: metadata.deletionTimestamp !== undefined,
      hasFinalizer: metadata.finalizers?.includes(JOB_FINALIZER) ?? false,
      createdAt: parseInstant(metadata.creationTimestamp) ?? nowOf(this.#context),
      endTime: facets.endTime,
      newer: this.#newer(key, facets),
      ...this.#itemOf(key, facets),
      orphaned: this.#isOrphaned(key, facets),
    };
  }

  #siblings(key: ObjectKey, { itemID, itemName }: JobFacets): readonly JobFacets[] {
    const { jobs } = this.#context.stores;
    const keys =
      itemID === undefined
        ? jobs.indexed('item', `${key.namespace}/${itemName}`)
        : jobs.indexed('itemID', `${key.namespace}/${itemID}`);
    return keys.flatMap((sibling) => jobs.facets(sibling) ?? []);
  }

  #newer(key: ObjectKey, job: JobFacets): number {
    const end = job.endTime;
    if (end === undefined) return 0;
    const isHistory = ({ operation }: JobFacets) => operation !== 'DeleteBackupData' && operation !== 'Purge';
    return this.#siblings(key, job).filter((other) => isHistory(other) && other.finished && (other.endTime ?? 0) > end)
      .length;
  }

  #itemOf(key: ObjectKey, facets: JobFacets): Pick<HistoryJob, 'item' | 'purgedAt'> {
    const { items } = this.#context.stores;
    const [itemKey] = facets.itemID === undefined ? [] : items.indexed('itemID', `${key.namespace}/${facets.itemID}`);
    const item = itemKey === undefined ? undefined : items.facets(itemKey);
    const purgedAt = this.#purgedAt(key, facets);
    if (item === undefined) return { item: this.#hasPoints(key, facets) ? 'HasData' : 'None', purgedAt };
    return { item: item.deleteState === 'Purged' ? 'Purged' : 'HasData', purgedAt };
  }

  /** Only a purge that was carried out counts: a refused one ended, too. */
  #purgedAt(key: ObjectKey, facets: JobFacets): Instant | undefined {
    if (facets.itemID === undefined) return undefined;
    return this.#siblings(key, facets)
      .filter(({ operation, completed, acknowledged }) => operation === 'Purge' && completed && acknowledged)
      .reduce<Instant | undefined>((last, { endTime }) => endTime ?? last, undefined);
  }

  /** A record whose item is gone stays as long as there are points it speaks of. */
  #hasPoints(key: ObjectKey, { itemID }: JobFacets): boolean {
    const { points } = this.#context.stores;
    if (itemID === undefined) return false;
    return points
      .indexed('itemID', `${key.namespace}/${itemID}`)
      .some((point) => points.facets(point)?.purged === false);
  }

  /** Whoever it speaks of isn't there, and it isn't itself what will bring it back. */
  #isOrphaned(key: ObjectKey, facets: JobFacets): boolean {
    const { items } = this.#context.stores;
    if (facets.keeps !== undefined) return false;
    if (facets.acknowledged) return items.indexed('itemID', `${key.namespace}/${facets.itemID ?? ''}`).length === 0;
    const named = items.facets(keyOf({ namespace: key.namespace, name: facets.itemName }));
    if (named === undefined) return true;
    return facets.itemID !== undefined && named.itemID !== undefined && facets.itemID !== named.itemID;
  }

  async #letGo(job: BackupJob): Promise<void> {
    const { kube, stores } = this.#context;
    await patchFinalizers(kube, stores.jobs, {
      type: BACKUP_JOBS,
      object: job,
      finalizer: JOB_FINALIZER,
      present: false,
    });
  }

  async #delete(key: ObjectKey, job: BackupJob): Promise<void> {
    const { kube, stores } = this.#context;
    const uid = job.metadata.uid ?? '';
    try {
      await kube.delete(BACKUP_JOBS, key, { uid });
      const deleted = await kube.get<BackupJob>(BACKUP_JOBS, key);
      stores.jobs.upsert(deleted);
      await this.#letGo(deleted);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      stores.jobs.forget(keyOf(key), { uid });
    }
  }

  async #fail(key: ObjectKey, job: BackupJob, message: string): Promise<void> {
    const at = nowOf(this.#context);
    const now = formatInstant(at);
    const written = await this.#context.kube.patchStatus<BackupJob>(
      BACKUP_JOBS,
      key,
      {
        metadata: { resourceVersion: job.metadata.resourceVersion ?? '', uid: job.metadata.uid ?? '' },
        status: {
          state: 'Failed',
          startTime: job.status?.startTime ?? now,
          endTime: now,
          duration: '0s',
          message,
          conditions: finished('Failed', message, at),
        },
      },
      { fieldManager: MANAGER },
    );
    this.#context.stores.jobs.upsert(written.object);
  }
}
