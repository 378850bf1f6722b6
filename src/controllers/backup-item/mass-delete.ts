/** Notices when many items of a vault are soft-deleted at once. It tells, and holds nothing back: the data is kept anyway. */
import { VAULTS } from '../../api/names.ts';
import type { Item } from '../../domain/backup-item/observation.ts';
import { MINUTE_MS } from '../../domain/time.ts';
import type { Context } from '../context.ts';

/** More than this many, or more than this share of the vault, within the span (docs/safety.md P7). */
const COUNT = 5;
const SHARE = 0.2;
const SPAN_MS = 10 * MINUTE_MS;

export class MassDeleteWatch {
  readonly #context: Context;
  readonly #recent = new Map<string, number[]>();
  readonly #toldAt = new Map<string, number>();

  constructor(context: Context) {
    this.#context = context;
  }

  note(item: Item): void {
    const now = this.#context.clock.monotonicMs();
    const vault = `${item.namespace}/${item.vaultName}`;
    const recent = (this.#recent.get(vault) ?? []).filter((at) => now - at < SPAN_MS);
    recent.push(now);
    // Counting beyond what could matter is of no use in a storm.
    this.#recent.set(vault, recent.slice(-1000));
    const told = this.#toldAt.get(vault);
    if (told !== undefined && now - told < SPAN_MS) return;
    if (!this.#isMass(vault, recent.length)) return;
    this.#toldAt.set(vault, now);
    this.#tell(item, recent.length);
  }

  #isMass(vault: string, recent: number): boolean {
    if (recent > COUNT) return true;
    const all = this.#context.stores.items.indexed('vault', vault).length;
    return recent > 1 && recent > all * SHARE && all > COUNT;
  }

  #tell({ namespace, vaultName }: Item, count: number): void {
    const key = { namespace, name: vaultName };
    const uid = this.#context.stores.vaults.get(`${namespace}/${vaultName}`)?.metadata.uid;
    if (uid === undefined) return;
    this.#context.events.record({
      regarding: { type: VAULTS, key, uid },
      type: 'Warning',
      reason: 'MassDeleteRequested',
      note: `${count} items were soft-deleted within 10 minutes; if that was not meant, set spec.suspendPurge and undelete them`,
      action: 'SoftDelete',
    });
  }
}
