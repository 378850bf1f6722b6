/** Labels of points and jobs: how their records are found live without reading whole namespaces. */
import { ITEM_ID_LABEL, SOURCE_LABEL, VAULT_LABEL } from '../api/names.ts';
import type { Item } from '../domain/backup-item/observation.ts';
import type { Hash } from '../ports/identity.ts';

type Labelled = Pick<Item, 'vaultName' | 'source'>;

/** Of an item's points and jobs; of a job that isn't accepted yet no itemID is known. */
export function recordLabels(item: Labelled, itemID: string | undefined, hash: Hash): Record<string, string> {
  return {
    [VAULT_LABEL]: item.vaultName,
    [SOURCE_LABEL]: sourceLabel(item, hash),
    ...(itemID === undefined ? {} : { [ITEM_ID_LABEL]: itemID }),
  };
}

/** A source's names may be longer than a label's value, so it is a hash; who finds something by it compares the names, too. */
export function sourceLabel({ vaultName, source }: Labelled, hash: Hash): string {
  const { apiVersion, kind, namespace, name } = source;
  return hash([vaultName, apiVersion, kind, namespace, name].join('\n')).slice(0, 32);
}
