/** Writes to BackupJobs. Names are derived from the occasion, so that asking twice makes one job. */
import type { BackupJob } from '../../api/backup-job.gen.ts';
import { API_VERSION, BACKUP_JOBS, JOB_FINALIZER, MANAGER } from '../../api/names.ts';
import type { Action } from '../../domain/backup-item/actions.ts';
import type { Item, Job } from '../../domain/backup-item/observation.ts';
import { isSame } from '../../domain/canonical.ts';
import { suffixed } from '../../domain/object-name.ts';
import { hasCode, KubeError } from '../../ports/kube.ts';
import { mergePatch } from '../../runtime/merge-patch.ts';
import type { Context } from '../context.ts';
import { recordLabels } from '../labels.ts';

type ActionOf<T extends Action['type']> = Extract<Action, { type: T }>;

/** Names of jobs can be predicted; a foreign object in the way doesn't count, the next suffix is tried. */
const SUFFIXES = 20;

export async function createJob(context: Context, item: Item, action: ActionOf<'CreateJob'>): Promise<void> {
  const { spec, occasion } = action;
  for (let attempt = 0; attempt < SUFFIXES; attempt++) {
    const job: BackupJob = {
      apiVersion: API_VERSION,
      kind: 'BackupJob',
      metadata: {
        name: jobName(context, item, { operation: spec.operation, occasion, attempt }),
        namespace: item.namespace,
        finalizers: [JOB_FINALIZER],
        labels: recordLabels(item, spec.itemID, context.hash),
      },
      spec,
    };
    if (await created(context, job)) return;
  }
  throw new KubeError(
    `backupjobs ${item.namespace}/${item.name}: ${SUFFIXES} names in a row are taken by foreign jobs`,
    {
      code: 'AlreadyExists',
      status: 409,
    },
  );
}

interface Naming {
  readonly operation: Job['operation'];
  readonly occasion: string;
  readonly attempt: number;
}

function jobName({ hash }: Context, item: Item, { operation, occasion, attempt }: Naming): string {
  const word = operation.replace(/(?<!^)([A-Z])/g, '-$1').toLowerCase();
  const suffix = attempt === 0 ? '' : `-${attempt + 1}`;
  return suffixed(item.name, `${word}-${hash(occasion).slice(0, 8)}${suffix}`);
}

/** @returns whether the job is there and ours: just made, or made by an earlier attempt and not finished */
async function created(context: Context, job: BackupJob): Promise<boolean> {
  try {
    const written = await context.kube.create(BACKUP_JOBS, job, { fieldManager: MANAGER });
    context.stores.jobs.upsert(written.object);
    return true;
  } catch (error) {
    if (!hasCode(error, 'AlreadyExists')) throw error;
    const existing = await context.kube.get<BackupJob>(BACKUP_JOBS, {
      namespace: job.metadata.namespace ?? '',
      name: job.metadata.name,
    });
    const open = existing.status?.state === undefined || existing.status.state === 'InProgress';
    const ours = isSame(existing.spec, job.spec) && open && bears(existing, job.metadata.labels ?? {});
    if (ours) context.stores.jobs.upsert(existing);
    return ours;
  }
}

/** Somebody else's job may have our name and our words; without finalizer and labels it is no intent that outlives a deletion. */
function bears({ metadata }: BackupJob, labels: Readonly<Record<string, string>>): boolean {
  const held = metadata.finalizers?.includes(JOB_FINALIZER) ?? false;
  return held && Object.entries(labels).every(([name, value]) => metadata.labels?.[name] === value);
}

/** A user's job gets our finalizer and labels before it counts. */
export async function acceptJob(context: Context, item: Item, { job, status }: ActionOf<'AcceptJob'>): Promise<void> {
  let { resourceVersion } = job;
  const object = context.stores.jobs.get(`${item.namespace}/${job.name}`);
  const labels = recordLabels(item, status.itemID, context.hash);
  if (object !== undefined && !bears(object, labels)) {
    const written = await context.kube.patch<BackupJob>(
      BACKUP_JOBS,
      { namespace: item.namespace, name: job.name },
      {
        metadata: {
          resourceVersion,
          uid: job.uid,
          finalizers: [...new Set([...(object.metadata.finalizers ?? []), JOB_FINALIZER])],
          labels,
        },
      },
      { fieldManager: MANAGER },
    );
    context.stores.jobs.upsert(written.object);
    resourceVersion = written.object.metadata.resourceVersion ?? resourceVersion;
  }
  await writeJob(context, item.namespace, { type: 'WriteJob', job: { ...job, resourceVersion }, status });
}

export async function writeJob(
  context: Context,
  namespace: string,
  { job, status }: ActionOf<'WriteJob'>,
): Promise<void> {
  const patch = mergePatch(job.status as Record<string, unknown>, status as Record<string, unknown>);
  if (patch === undefined) return;
  const written = await context.kube.patchStatus<BackupJob>(
    BACKUP_JOBS,
    { namespace, name: job.name },
    { metadata: { resourceVersion: job.resourceVersion, uid: job.uid }, status: patch },
    { fieldManager: MANAGER },
  );
  context.stores.jobs.upsert(written.object);
}
