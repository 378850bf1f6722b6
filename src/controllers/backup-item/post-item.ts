/** Posts the item that carries on a raw-deleted one's record. */
import type { BackupItem } from '../../api/backup-item.gen.ts';
import { API_VERSION, BACKUP_ITEMS, MANAGER, PREVIOUS_UID_ANNOTATION, RETENTION_FINALIZER } from '../../api/names.ts';
import type { NewItem } from '../../domain/backup-item/actions.ts';
import { decodeItem } from '../../domain/backup-item/decode.ts';
import { continues, derivedName } from '../../domain/backup-item/identity.ts';
import { hasCode, KubeError } from '../../ports/kube.ts';
import type { Context } from '../context.ts';

/** No label or annotation of the old object goes along, so that no tool prunes the new one. */
export async function createItem(context: Context, namespace: string, item: NewItem): Promise<void> {
  const { record } = item;
  const object: BackupItem = {
    apiVersion: API_VERSION,
    kind: 'BackupItem',
    metadata: {
      name: item.name,
      namespace,
      finalizers: [RETENTION_FINALIZER],
      annotations: { [PREVIOUS_UID_ANNOTATION]: item.previousUid },
    },
    spec: { ...record.spec, protection: 'StopDeleteData' },
  };
  try {
    const written = await context.kube.create(BACKUP_ITEMS, object, { fieldManager: MANAGER });
    context.stores.items.upsert(written.object);
    if (item.name !== record.itemName) sayNameTaken(context, written.object, record);
  } catch (error) {
    if (!hasCode(error, 'AlreadyExists')) throw error;
    const existing = await context.kube.get<BackupItem>(
      BACKUP_ITEMS,
      object.metadata as { namespace: string; name: string },
    );
    context.stores.items.upsert(existing);
    if (continues(decodeItem(existing), record)) return;
    const derived = derivedName(record, context.hash);
    // A newcomer has the name: it is left alone, and the record goes on beside it.
    if (item.name !== derived) return createItem(context, namespace, { ...item, name: derived });
    throw new KubeError(
      `backupitems ${namespace}/${derived}: the name is taken; remove it to let the record continue`,
      {
        code: 'AlreadyExists',
        status: 409,
        cause: error,
      },
    );
  }
}

function sayNameTaken({ events }: Context, { metadata }: BackupItem, record: NewItem['record']): void {
  const key = { namespace: metadata.namespace ?? '', name: metadata.name };
  events.record({
    regarding: { type: BACKUP_ITEMS, key, uid: metadata.uid ?? '' },
    type: 'Warning',
    reason: 'NameTaken',
    note: `carries on the deleted item ${record.itemName}, whose name another object took meanwhile: same data, same deadline ${record.purgeTime}`,
    action: 'HandOver',
  });
}
