/**
 * Undelete against purge, at the last moment. Each item ends on one side: undeleted with all its bytes, or purged. An undelete
 * that the API accepted while the item was ToBeDeleted is kept; one that comes after Purging is refused.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BackupItem } from '../../../src/api/backup-item.gen.ts';
import { BACKUP_ITEMS } from '../../../src/api/names.ts';
import { hasCode } from '../../../src/ports/kube.ts';
import { type Around, chain } from '../../support/faults/calls.ts';
import { Cluster } from '../../support/faults/cluster.ts';
import { runOperator } from '../../support/faults/in-process.ts';
import type { Place } from '../../support/faults/place.ts';
import { Witness } from '../../support/faults/witness.ts';
import { until } from '../../support/operator/until.ts';

const ITEMS = 200;
const names = Array.from({ length: ITEMS }, (_, index) => `vm-${index}`);

let cluster: Cluster;

beforeAll(async () => {
  cluster = await Cluster.start();
});
afterAll(() => cluster.stop());

type Outcome = 'Accepted' | 'Refused';

/** One undelete for each item, begun from 200 ms before to 200 ms after its write of Purging is sent. */
class Rescuer {
  readonly outcomes = new Map<string, Promise<Outcome>>();
  readonly #place: Place;

  constructor(place: Place) {
    this.#place = place;
  }

  readonly around: Around = async (call, send) => {
    if (call.target !== 'Api' || call.verb !== 'patchStatus' || call.type !== BACKUP_ITEMS) return send();
    const { status } = call.body as { readonly status: { readonly deleteState?: string } };
    if (status.deleteState !== 'Purging') return send();
    const name = call.key.split('/')[1] ?? '';
    const at = this.#offsetOf(name);
    const rescue = (): Promise<Outcome> => this.#undelete(name);
    if (at > 0) this.outcomes.set(name, later(at).then(rescue));
    else {
      this.outcomes.set(name, rescue());
      // The write is held back, so that the undelete had its head start.
      await later(-at);
    }
    return send();
  };

  /** Half of them within 10 ms, where it is decided. */
  #offsetOf(name: string): number {
    const index = names.indexOf(name);
    return index % 2 === 0 ? (index % 20) - 10 : ((index * 37) % 400) - 200;
  }

  async #undelete(name: string): Promise<Outcome> {
    try {
      const { status } = await this.#place.setProtection(name, 'StopRetainData');
      // Purged already: there is nothing to undelete, and nobody is told that there is.
      return status?.deleteState === 'ToBeDeleted' ? 'Accepted' : 'Refused';
    } catch (error) {
      if (!hasCode(error, 'Invalid')) throw error;
      return 'Refused';
    }
  }
}

function later(ms: number): Promise<unknown> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

test('200 items are undeleted within 200 ms of their purge: every accepted undelete keeps all bytes', async () => {
  const place = await cluster.place('race');
  const witness = new Witness(cluster.admin, place);
  const rescuer = new Rescuer(place);
  const around = chain(rescuer.around, witness.around);
  const operator = await runOperator(cluster, place, { dayLength: '500ms', around });
  await Promise.all(names.map((name) => place.protect(name)));
  const isProtected = ({ status }: BackupItem): boolean => status?.protectionState === 'Protected';
  await until('all are protected', async () => (await place.items()).every(isProtected), { withinMs: 60_000 });
  const bytes = new Map((await place.disks()).map(({ itemID, content }) => [itemID, content]));
  await Promise.all(names.map((name) => place.setProtection(name, 'StopDeleteData')));

  const decided = async () => {
    const items = await place.items();
    const open = items.filter(({ status }) => !['NotDeleted', 'Purged'].includes(status?.deleteState ?? ''));
    return rescuer.outcomes.size === ITEMS && open.length === 0 && items;
  };
  const items = await until('all are decided', decided, { withinMs: 60_000, everyMs: 250 });
  const disks = new Map((await place.disks()).map(({ itemID, content }) => [itemID, content]));
  let kept = 0;
  for (const { metadata, status } of items) {
    const outcome = await rescuer.outcomes.get(metadata.name);
    const itemID = status?.itemID ?? '';
    const end = { name: metadata.name, state: status?.deleteState, bytes: disks.get(itemID) };
    if (outcome === 'Accepted') {
      kept += 1;
      expect(end).toEqual({ ...end, state: 'NotDeleted', bytes: bytes.get(itemID) });
    } else expect(end).toEqual({ ...end, state: 'Purged', bytes: undefined });
  }
  expect(kept).toBeGreaterThan(ITEMS / 10);
  expect(ITEMS - kept).toBeGreaterThan(ITEMS / 10);
  expect(witness.violations).toEqual([]);
  await operator.stop();
});
