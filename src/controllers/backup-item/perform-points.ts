/** Writes to RecoveryPoints. The record is there before the bytes, and goes after them. */
import { API_VERSION, MANAGER, RECOVERY_POINTS, RETENTION_FINALIZER } from '../../api/names.ts';
import type { RecoveryPoint } from '../../api/recovery-point.gen.ts';
import type { Action } from '../../domain/backup-item/actions.ts';
import type { Item, Point } from '../../domain/backup-item/observation.ts';
import { hasCode, isNotFound } from '../../ports/kube.ts';
import { mergePatch } from '../../runtime/merge-patch.ts';
import type { Context } from '../context.ts';
import { recordLabels } from '../labels.ts';

type ActionOf<T extends Action['type']> = Extract<Action, { type: T }>;

export async function createPoint(
  context: Context,
  item: Item,
  { name, spec }: ActionOf<'CreatePoint'>,
): Promise<void> {
  const point: RecoveryPoint = {
    apiVersion: API_VERSION,
    kind: 'RecoveryPoint',
    metadata: {
      name,
      namespace: item.namespace,
      finalizers: [RETENTION_FINALIZER],
      labels: recordLabels(item, spec.itemID, context.hash),
    },
    spec,
  };
  try {
    const written = await context.kube.create(RECOVERY_POINTS, point, { fieldManager: MANAGER });
    context.stores.points.upsert(written.object);
  } catch (error) {
    if (!hasCode(error, 'AlreadyExists')) throw error;
    const existing = await context.kube.get<RecoveryPoint>(RECOVERY_POINTS, { namespace: item.namespace, name });
    if (existing.spec.pointID !== spec.pointID) throw error;
    context.stores.points.upsert(existing);
  }
}

/** Handles may be set once (CEL); the whole list of disks is sent, as merge patches replace lists. */
export async function recordHandles(
  context: Context,
  namespace: string,
  { point, taken }: ActionOf<'RecordHandles'>,
): Promise<void> {
  const object = context.stores.points.get(`${namespace}/${point.name}`);
  if (object === undefined) return;
  const disks = object.spec.disks.map((disk) => {
    const facts = taken.disks.find(({ name }) => name === disk.name);
    return facts === undefined ? disk : { ...disk, ...facts };
  });
  const written = await context.kube.patch<RecoveryPoint>(
    RECOVERY_POINTS,
    { namespace, name: point.name },
    { metadata: guardOf(point), spec: { disks } },
    { fieldManager: MANAGER },
  );
  context.stores.points.upsert(written.object);
}

export async function writePoint(
  context: Context,
  namespace: string,
  { point, status }: ActionOf<'WritePoint'>,
): Promise<void> {
  const object = context.stores.points.get(`${namespace}/${point.name}`);
  if (object === undefined) return;
  const wanted = { ...object.status, ...status };
  const patch = mergePatch((object.status ?? {}) as Record<string, unknown>, wanted);
  if (patch === undefined) return;
  const written = await context.kube.patchStatus<RecoveryPoint>(
    RECOVERY_POINTS,
    { namespace, name: point.name },
    { metadata: guardOf(point), status: patch },
    { fieldManager: MANAGER },
  );
  context.stores.points.upsert(written.object);
}

/** Only ever called for a point that is Purged, its evidence on record. */
export async function removePoint(context: Context, namespace: string, point: Point): Promise<void> {
  const key = { namespace, name: point.name };
  try {
    const { finalizers = [] } = context.stores.points.get(`${namespace}/${point.name}`)?.metadata ?? {};
    const others = finalizers.filter((name) => name !== RETENTION_FINALIZER);
    await context.kube.patch(
      RECOVERY_POINTS,
      key,
      { metadata: { ...guardOf(point), finalizers: others } },
      { fieldManager: MANAGER },
    );
    await context.kube.delete(RECOVERY_POINTS, key, { uid: point.uid });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  context.stores.points.forget(`${namespace}/${point.name}`, { uid: point.uid });
}

function guardOf({ uid, resourceVersion }: Point): { readonly uid: string; readonly resourceVersion: string } {
  return { uid, resourceVersion };
}
