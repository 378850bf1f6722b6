/** Sends an event draft about an item, and about its vault where the owner of that must know. */
import { BACKUP_ITEMS, VAULTS } from '../../api/names.ts';
import type { EventDraft } from '../../domain/backup-item/actions.ts';
import type { Item } from '../../domain/backup-item/observation.ts';
import type { Context } from '../context.ts';

export function say(context: Context, item: Item, draft: EventDraft | undefined): void {
  if (draft === undefined) return;
  const { reason, type, note } = draft;
  const key = { namespace: item.namespace, name: item.name };
  context.events.record({
    regarding: { type: BACKUP_ITEMS, key, uid: item.uid },
    type,
    reason,
    note,
    action: reason,
  });
  if (draft.alsoOnVault !== true) return;
  const vaultKey = { namespace: item.namespace, name: item.vaultName };
  const vault = context.stores.vaults.get(`${vaultKey.namespace}/${vaultKey.name}`);
  if (vault?.metadata.uid === undefined) return;
  context.events.record({
    regarding: { type: VAULTS, key: vaultKey, uid: vault.metadata.uid },
    type,
    reason,
    note: `${item.name}: ${note}`,
    action: reason,
  });
}
