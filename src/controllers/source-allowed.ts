/** Whether a vault may protect a source: its own namespace always, others by spec.sources.namespaceSelector. */
import { keyOf } from '../api/meta.ts';
import type { Item } from '../domain/backup-item/observation.ts';
import { selectorMatches } from '../domain/label-selector.ts';
import type { Context } from './context.ts';

export function allowsSource({ stores }: Context, item: Item): boolean | 'Unknown' {
  if (item.source.namespace === item.namespace) return true;
  const vault = stores.vaults.get(keyOf({ namespace: item.namespace, name: item.vaultName }));
  const selector = vault?.spec.sources?.namespaceSelector;
  if (selector === undefined) return false;
  const namespace = stores.namespaces.facets(`/${item.source.namespace}`);
  return namespace === undefined ? 'Unknown' : selectorMatches(selector, namespace.labels);
}
