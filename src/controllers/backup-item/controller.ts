/**
 * The BackupItem controller: observe, decide, do one thing, until there is nothing to do. Everything about an item happens
 * under its key, so that two workers never act on one item: its jobs and points, too.
 */
import type { ObjectKey } from '../../api/meta.ts';
import { keyOf, parseKey } from '../../api/meta.ts';
import { decodeItem, decodeJob } from '../../domain/backup-item/decode.ts';
import { decide } from '../../domain/backup-item/decide.ts';
import { suffixed } from '../../domain/object-name.ts';
import { continues, postHandedOver } from '../../domain/backup-item/identity.ts';
import type { Item, Job, Observation } from '../../domain/backup-item/observation.ts';
import type { Log } from '../../ports/log.ts';
import type { ReconcileContext, Reconciler } from '../../runtime/controller.ts';
import { DONE, requeueAfter, requeueAt, type ReconcileResult } from '../../runtime/result.ts';
import { type Context, toWall } from '../context.ts';
import { Claims } from './claims.ts';
import { MassDeleteWatch } from './mass-delete.ts';
import { observe } from './observe.ts';
import { Pass } from './pass.ts';
import { perform, type Performer } from './perform.ts';
import { createItem } from './post-item.ts';
import type { PurgeRate } from './purge-rate.ts';

/** Steps of one reconcile; an item with thousands of points gives others their turn in between. */
const STEPS = 256;

export class BackupItemReconciler implements Reconciler {
  readonly name = 'backup-item';
  readonly #context: Context;
  readonly #rate: PurgeRate;
  readonly #performer: Performer;

  constructor(context: Context, rate: PurgeRate) {
    this.#context = context;
    this.#rate = rate;
    this.#performer = { context, rate, massDelete: new MassDeleteWatch(context), claims: new Claims() };
  }

  async reconcile(key: ObjectKey, ctx: ReconcileContext): Promise<ReconcileResult> {
    await this.#continueHandOvers(key);
    const pass = new Pass(this.#context.newID());
    for (let step = 0; step < STEPS; step++) {
      ctx.throwIfAborted();
      const observation = observe(this.#context, key, pass, this.#rate);
      if (observation === undefined) return this.#gone(key, step);
      // An open hand-over was looked for before the first step only; an engine may have answered anew since it was asked, and what
      // was read live is older than the events that came meanwhile.
      if (observation.handOvers.length === 0 && !pass.waitsForEngine && !pass.hasLooked) ctx.looksAgain();
      const decision = decide(observation);
      if (decision.type === 'Wait') {
        return decision.wakeAt === undefined ? DONE : requeueAt(toWall(this.#context, decision.wakeAt));
      }
      ctx.log.debug('step', { rule: decision.rule, action: decision.action.type });
      await perform(this.#performer, decision.action, observation, pass);
      if (decision.action.type === 'WriteStatus')
        logTransition(ctx.log, observation, decision.rule, decision.action.status);
    }
    return requeueAfter(0);
  }

  /** The object went while we worked on it: with a record in a job, its successor is posted at once. */
  async #gone(key: ObjectKey, step: number): Promise<ReconcileResult> {
    if (step > 0 && (await this.#continueHandOvers(key))) return requeueAfter(0);
    return DONE;
  }

  /** @returns whether an item was posted */
  async #continueHandOvers(key: ObjectKey): Promise<boolean> {
    let posted = false;
    for (const job of this.#handOversOf(key)) {
      const nameIsTaken = this.#nameIsTaken(key, job);
      if (nameIsTaken === 'ByItself') continue;
      const action = postHandedOver(job, { nameIsTaken, hash: this.#context.hash });
      if (action?.type !== 'CreateItem') continue;
      await createItem(this.#context, key.namespace, action.item);
      posted = true;
    }
    return posted;
  }

  /** Open hand-overs of this name whose record no item carries. */
  #handOversOf(key: ObjectKey): readonly Job[] {
    const { jobs, items } = this.#context.stores;
    return jobs.indexed('keepsName', keyOf(key)).flatMap((jobKey) => {
      const object = jobs.get(jobKey);
      const itemID = object?.status?.record?.itemID;
      if (object === undefined || itemID === undefined) return [];
      const carried = items.indexed('itemID', `${parseKey(jobKey).namespace}/${itemID}`).length > 0;
      return carried ? [] : [decodeJob(object)];
    });
  }

  /** The deleted object itself carries the record until it is gone, and so does one that was posted but has no status yet. */
  #nameIsTaken(key: ObjectKey, job: Job): boolean | 'ByItself' {
    const { stores, hash } = this.#context;
    const present = stores.items.get(keyOf(key));
    const derived = suffixed(key.name, hash(job.record?.itemID ?? '').slice(0, 8));
    const beside = stores.items.facets(keyOf({ namespace: key.namespace, name: derived }));
    if (beside !== undefined && beside.itemID === undefined) return 'ByItself';
    if (present === undefined || job.record === undefined) return false;
    const isIts = present.metadata.uid === job.record.itemUID || continues(decodeItem(present), job.record);
    return isIts ? 'ByItself' : true;
  }
}

/** One line per transition: what changed, by which rule, and until when the data is kept. */
function logTransition(log: Log, { item }: Observation, rule: string, status: Item['status']): void {
  const from = item.status;
  if (from.deleteState === status.deleteState && from.protectionState === status.protectionState) return;
  log.info('transition', {
    rule,
    itemID: status.itemID,
    vault: item.vaultName,
    from: `${from.deleteState ?? 'New'}/${from.protectionState ?? 'New'}`,
    to: `${status.deleteState ?? ''}/${status.protectionState ?? ''}`,
    requestedBy: status.deletionRequest?.by,
    purgeTime: status.purgeTime,
  });
}
