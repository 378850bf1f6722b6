/**
 * Carries out one action. Nothing is decided here; every write is guarded by the resourceVersion or uid of what was decided
 * on, and its answer goes into the cache, so that the next observation includes it.
 */
import type { BackupItem } from '../../api/backup-item.gen.ts';
import { BACKUP_ITEMS, MANAGER, PURGE_MANAGER, RETENTION_FINALIZER, UNDELETE_MANAGER } from '../../api/names.ts';
import type { Action, Manager } from '../../domain/backup-item/actions.ts';
import type { Item, Observation } from '../../domain/backup-item/observation.ts';
import { instantOf } from '../../domain/time.ts';
import { isNotFound, KubeError } from '../../ports/kube.ts';
import { mergePatch } from '../../runtime/merge-patch.ts';
import type { Context } from '../context.ts';
import type { Claims } from './claims.ts';
import { acceptJob, createJob, writeJob } from './perform-jobs.ts';
import { createPoint, recordHandles, removePoint, writePoint } from './perform-points.ts';
import { say } from './events.ts';
import { holdAll, inspect, release, take } from './engine-steps.ts';
import {
  isNamespaceTerminating,
  readBeforeDestroy,
  readGate,
  readItem,
  readJob,
  readLeftovers,
  readOrigin,
  readVault,
} from './live.ts';
import type { MassDeleteWatch } from './mass-delete.ts';
import type { Pass } from './pass.ts';
import { destroy } from './purge.ts';
import { createItem } from './post-item.ts';
import type { PurgeRate } from './purge-rate.ts';

export interface Performer {
  readonly context: Context;
  readonly rate: PurgeRate;
  readonly massDelete: MassDeleteWatch;
  readonly claims: Claims;
}

const managers: Readonly<Record<Manager, string>> = {
  Operator: MANAGER,
  Purge: PURGE_MANAGER,
  Undelete: UNDELETE_MANAGER,
};

type ActionOf<T extends Action['type']> = Extract<Action, { type: T }>;

/** @throws KubeError Conflict where the object has changed: the decision is then made anew, never the write repeated */
export async function perform(performer: Performer, action: Action, o: Observation, pass: Pass): Promise<void> {
  if (isLook(action)) return look(performer, action, o, pass);
  if (isEngineStep(action)) return engineStep(performer, action, o, pass);
  await write(performer, action, o, pass);
  pass.forgetLive();
}

type Look = ActionOf<
  | 'LookForOrigin'
  | 'LookAtVault'
  | 'LookAtNamespace'
  | 'LookForLeftovers'
  | 'LookThroughGate'
  | 'LookBeforeDestroy'
  | 'ReadBackJob'
>;
type EngineStep = ActionOf<'Inspect' | 'Take' | 'Hold' | 'Release' | 'Destroy'>;
type Write = Exclude<Action, Look | EngineStep>;

function isLook(action: Action): action is Look {
  return action.type.startsWith('Look') || action.type === 'ReadBackJob';
}

function isEngineStep(action: Action): action is EngineStep {
  return ['Inspect', 'Take', 'Hold', 'Release', 'Destroy'].includes(action.type);
}

async function look({ context, rate }: Performer, action: Look, o: Observation, pass: Pass): Promise<void> {
  const { item } = o;
  switch (action.type) {
    case 'LookForOrigin': {
      pass.saw({ origin: await readOrigin(context, item, (itemID) => isCarried(context, item, itemID)) });
      return;
    }
    case 'LookAtVault': {
      pass.saw({ vault: await readVault(context, item) });
      return;
    }
    case 'LookAtNamespace': {
      pass.saw({ namespaceTerminating: await isNamespaceTerminating(context, item.namespace) });
      return;
    }
    case 'LookForLeftovers': {
      pass.saw({ leftovers: await readLeftovers(context, item, itemIDOf(item)) });
      return;
    }
    case 'LookThroughGate': {
      pass.saw({ gate: await readGate(context, item, rate.freeInMs()) });
      return;
    }
    case 'LookBeforeDestroy': {
      pass.saw({ destroy: await readBeforeDestroy(context, item, action.point) });
      return;
    }
    case 'ReadBackJob': {
      const job = await readJob(context, item.namespace, action.job.name);
      pass.saw({ readBack: { jobName: action.job.name, record: job.status?.record } });
      return;
    }
  }
}

/** Whether another item has this itemID. */
function isCarried({ stores }: Context, item: Item, itemID: string): boolean {
  const carriers = stores.items.indexed('itemID', `${item.namespace}/${itemID}`);
  return carriers.some((key) => stores.items.facets(key)?.uid !== item.uid);
}

function itemIDOf({ state }: Item): string {
  return state.type === 'Known' ? state.record.itemID : '';
}

async function engineStep({ context }: Performer, action: EngineStep, o: Observation, pass: Pass): Promise<void> {
  switch (action.type) {
    case 'Inspect': {
      pass.answered({ inspected: await inspect(context, o) });
      return;
    }
    case 'Take':
      return void pass.taken.set(action.point.name, await take(context, o, action.point));
    case 'Hold': {
      pass.wasHeld(await holdAll(context, o, action));
      return;
    }
    case 'Release': {
      pass.wasReleased(action.point.name, await release(context, o, action.point));
      return;
    }
    case 'Destroy':
      return void pass.purged.set(action.point.name, await destroy(context, o.item, action.point));
  }
}

async function write(performer: Performer, action: Write, o: Observation, pass: Pass): Promise<void> {
  const { context } = performer;
  switch (action.type) {
    case 'WriteStatus':
      return writeStatus(performer, action, o, pass);
    case 'AddFinalizer':
      return addFinalizer(context, o.item);
    case 'RemoveFinalizer':
      return removeFinalizer(context, o.item);
    case 'DeleteItem':
      return deleteItem(context, o.item);
    case 'CreateItem':
      return createItem(context, o.item.namespace, action.item);
    case 'CreateJob':
      return createJob(context, o.item, action);
    case 'AcceptJob':
      return acceptJob(context, o.item, action);
    case 'WriteJob':
      await writeJob(context, o.item.namespace, action);
      {
        say(context, o.item, action.event);
        return;
      }
    case 'CreatePoint':
      return createPoint(context, o.item, action);
    case 'RecordHandles':
      return recordHandles(context, o.item.namespace, action);
    case 'WritePoint':
      await writePoint(context, o.item.namespace, action);
      {
        say(context, o.item, action.event);
        return;
      }
    case 'RemovePoint':
      return removePoint(context, o.item.namespace, action.point);
  }
}

/** The first itemID of an object: no other may have it, nor be about to get it. */
async function writeStatus(
  performer: Performer,
  action: ActionOf<'WriteStatus'>,
  o: Observation,
  pass: Pass,
): Promise<void> {
  const { context, claims } = performer;
  const { itemID } = action.status;
  if (o.item.state.type !== 'None' || itemID === undefined) return writeKnownStatus(performer, action, o, pass);
  const id = `${o.item.namespace}/${itemID}`;
  if (isCarried(context, o.item, itemID) || !claims.take(id, o.item.uid)) {
    throw changed(o.item, `another item carries on the record ${itemID}`);
  }
  try {
    await writeKnownStatus(performer, action, o, pass);
  } catch (error) {
    // Where it may have been written all the same, nobody else gets it.
    if (error instanceof KubeError && !error.ambiguous) claims.release(id);
    throw error;
  }
  claims.release(id);
}

async function writeKnownStatus(
  { context, rate, massDelete }: Performer,
  action: ActionOf<'WriteStatus'>,
  { item }: Observation,
  pass: Pass,
): Promise<void> {
  if (action.expect !== undefined && action.expect.resourceVersion !== item.resourceVersion) {
    // The live look saw a newer object than the decision was made on.
    await refresh(context, item);
    throw changed(item, 'the object has changed since the cache saw it');
  }
  const status = mergePatch(item.status as Record<string, unknown>, action.status as Record<string, unknown>);
  if (status === undefined) return;
  const written = await context.kube.patchStatus<BackupItem>(
    BACKUP_ITEMS,
    item,
    { metadata: { resourceVersion: item.resourceVersion, uid: item.uid }, status },
    { fieldManager: managers[action.manager] },
  );
  context.stores.items.upsert(written.object);
  const before = item.status.deleteState;
  const after = action.status.deleteState;
  if (before !== after && after === 'Purging') rate.take();
  if (before !== after && after === 'ToBeDeleted') {
    if (written.serverTimeMs !== undefined) pass.answered({ acceptedAt: instantOf(written.serverTimeMs) });
    massDelete.note(item);
  }
  say(context, item, action.event);
}

function changed(item: Item, why: string): KubeError {
  return new KubeError(`backupitems ${item.namespace}/${item.name}: ${why}; deciding anew`, {
    code: 'Conflict',
    status: 409,
  });
}

/** Brings the cache up to the live object, where a decision was made on an older one. */
async function refresh(context: Context, item: Item): Promise<void> {
  context.stores.items.upsert(await readItem(context, item));
}

async function addFinalizer(context: Context, item: Item): Promise<void> {
  const object = context.stores.items.get(`${item.namespace}/${item.name}`);
  const finalizers = [...(object?.metadata.finalizers ?? []), RETENTION_FINALIZER];
  const written = await context.kube.patch<BackupItem>(
    BACKUP_ITEMS,
    item,
    { metadata: { resourceVersion: item.resourceVersion, uid: item.uid, finalizers } },
    { fieldManager: MANAGER },
  );
  context.stores.items.upsert(written.object);
}

async function removeFinalizer(context: Context, item: Item): Promise<void> {
  const key = `${item.namespace}/${item.name}`;
  const finalizers = (context.stores.items.get(key)?.metadata.finalizers ?? []).filter(
    (name) => name !== RETENTION_FINALIZER,
  );
  try {
    const written = await context.kube.patch<BackupItem>(
      BACKUP_ITEMS,
      item,
      { metadata: { resourceVersion: item.resourceVersion, uid: item.uid, finalizers } },
      { fieldManager: MANAGER },
    );
    // With the last finalizer a terminating object is gone; the answer is its last state.
    if (finalizers.length === 0) context.stores.items.forget(key, { uid: item.uid });
    else context.stores.items.upsert(written.object);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    context.stores.items.forget(key, { uid: item.uid });
  }
}

async function deleteItem(context: Context, item: Item): Promise<void> {
  await context.kube.delete(BACKUP_ITEMS, item, { uid: item.uid, resourceVersion: item.resourceVersion });
  await refreshOrForget(context, item);
}

async function refreshOrForget(context: Context, item: Item): Promise<void> {
  try {
    await refresh(context, item);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    context.stores.items.forget(`${item.namespace}/${item.name}`, { uid: item.uid });
  }
}
