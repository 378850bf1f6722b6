/**
 * Stands between operators and their storage and API, and judges by what the API server says at that moment. It knows nothing
 * of how the operator decides; it knows what must never be (I1, I2, I4, I11 and P5 of the safety rules).
 */
import type { BackupItem } from '../../../src/api/backup-item.gen.ts';
import { BACKUP_ITEMS } from '../../../src/api/names.ts';
import type { EnginePoint, PurgeEvidence, Step } from '../../../src/ports/engine.ts';
import type { KubeApi } from '../../../src/ports/kube.ts';
import type { ApiCall, Around } from './calls.ts';
import { readDisks } from './disks.ts';

export class Witness {
  /** Sentences about what must not have happened. */
  readonly violations: string[] = [];
  /** Handles that were really destroyed, in order. */
  readonly destroyed: string[] = [];
  /** By itemID: the latest purgeTime that was ever seen on it. */
  readonly #promised = new Map<string, number>();
  readonly #admin: KubeApi;
  readonly #namespace: string;
  readonly #storage: string;

  constructor(admin: KubeApi, { namespace, storage }: { readonly namespace: string; readonly storage: string }) {
    this.#admin = admin;
    this.#namespace = namespace;
    this.#storage = storage;
  }

  readonly around: Around = async (call, send) => {
    if (call.target === 'Api') {
      await this.#beforeWrite(call);
      return send();
    }
    const { point } = call;
    if (point === undefined) return send();
    if (call.verb === 'release') await this.#mayBeReleased(point);
    if (call.verb !== 'purge') return send();
    return this.#purge(point, send as () => Promise<Step<PurgeEvidence>>);
  };

  /** Hold first, then say so: when ToBeDeleted is written, every disk is held until the deadline. */
  async #beforeWrite(call: ApiCall): Promise<void> {
    if (call.verb !== 'patchStatus' || call.type !== BACKUP_ITEMS) return;
    const { status } = call.body as { readonly status?: BackupItem['status'] };
    if (status?.deleteState !== 'ToBeDeleted') return;
    const until = Date.parse(status.purgeTime ?? '');
    const itemID = status.itemID ?? (await this.#itemIDOf(call.key));
    for (const disk of await readDisks(this.#storage, itemID)) {
      const held = Date.parse(disk.retainUntil ?? '');
      if (!(held >= until)) this.#accuse(`${call.key} became ToBeDeleted while ${disk.handle} was not held until then`);
    }
  }

  async #itemIDOf(key: string): Promise<string | undefined> {
    const [namespace = '', name = ''] = key.split('/');
    return (await this.#admin.get<BackupItem>(BACKUP_ITEMS, { namespace, name })).status?.itemID;
  }

  async #mayBeReleased(point: EnginePoint): Promise<void> {
    const item = await this.#owner(point);
    if (item?.status?.deleteState === 'ToBeDeleted') {
      this.#accuse(`the hold of ${point.pointID} was released while its item was ToBeDeleted`);
    }
  }

  async #purge(point: EnginePoint, send: () => Promise<Step<PurgeEvidence>>): Promise<Step<PurgeEvidence>> {
    const item = await this.#owner(point);
    const before = await this.#handlesOf(point);
    const answer = await send();
    const after = await this.#handlesOf(point);
    const gone = before.filter((handle) => !after.includes(handle));
    for (const handle of gone) {
      if (this.destroyed.includes(handle)) this.#accuse(`${handle} was destroyed twice`);
      this.destroyed.push(handle);
      this.#judge(handle, point, item);
    }
    return answer;
  }

  #judge(handle: string, { itemID }: EnginePoint, item: BackupItem | undefined): void {
    if (item === undefined) {
      const early = (this.#promised.get(itemID) ?? Number.POSITIVE_INFINITY) - Date.now();
      if (early > 0) this.#accuse(`${handle} was destroyed though nobody has seen its deadline pass`);
      return;
    }
    const { deleteState, purgeTime, deletionMode } = item.status ?? {};
    if (deleteState !== 'Purging') this.#accuse(`${handle} was destroyed while its item was ${String(deleteState)}`);
    const wanted = item.spec.protection === 'StopDeleteData' || item.metadata.deletionTimestamp !== undefined;
    if (!wanted) this.#accuse(`${handle} was destroyed after its undelete had been accepted`);
    if (deletionMode === 'Immediate') return;
    const due = Math.max(Date.parse(purgeTime ?? ''), this.#promised.get(itemID) ?? 0);
    if (!(Date.now() >= due)) this.#accuse(`${handle} was destroyed ${due - Date.now()} ms early`);
  }

  /** To be called with every state of an item that a test sees: a deadline never comes nearer while it stands. */
  saw({ status }: BackupItem): void {
    const { itemID, deleteState, purgeTime } = status ?? {};
    if (itemID === undefined) return;
    if (deleteState === 'NotDeleted' && purgeTime === undefined) this.#promised.delete(itemID);
    if (deleteState !== 'ToBeDeleted' && deleteState !== 'Purging') return;
    const now = Date.parse(purgeTime ?? '');
    const before = this.#promised.get(itemID) ?? 0;
    if (now < before) this.#accuse(`the deadline of ${itemID} came ${before - now} ms nearer`);
    this.#promised.set(itemID, Math.max(now, before));
  }

  async #handlesOf({ itemID, pointID }: EnginePoint): Promise<readonly string[]> {
    return (await readDisks(this.#storage, itemID))
      .filter((disk) => disk.pointID === pointID)
      .map(({ handle }) => handle);
  }

  /**
   * In these stories an item has the name of its source, unless somebody else took that.
   * @returns undefined where the API server doesn't answer either
   */
  async #owner({ itemID, source }: EnginePoint): Promise<BackupItem | undefined> {
    const key = { namespace: this.#namespace, name: source.name };
    const likely = await this.#admin.get<BackupItem>(BACKUP_ITEMS, key).catch(() => undefined);
    const candidates = likely?.status?.itemID === itemID ? [likely] : await this.#items().catch(() => []);
    const owner = candidates.find((item) => item.status?.itemID === itemID);
    if (owner !== undefined) this.saw(owner);
    return owner;
  }

  #items(): Promise<readonly BackupItem[]> {
    return this.#admin.list<BackupItem>(BACKUP_ITEMS, { namespace: this.#namespace });
  }

  #accuse(sentence: string): void {
    this.violations.push(sentence);
  }
}
