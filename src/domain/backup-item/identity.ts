/**
 * Whose record is this? Rules for objects without a (readable) status of ours.
 *
 * A status-less object is new, unless something says that it has lost its status: our finalizer on it, or points and jobs of
 * its vault and source that no item carries. Then a live look decides, and whatever it finds is kept.
 */
import { formatInstant, earliest, later, parseInstant, type Instant } from '../time.ts';
import type { Action } from './actions.ts';
import { suffixed } from '../object-name.ts';
import { isFinished } from './decode.ts';
import type { HandOverRecord, Item, Job, Observation, Origin } from './observation.ts';
import { type Outcome, ready, settle, type Settlement, type StatusChange } from './outcome.ts';

/** Nothing is done to a record that this version can't read (P17). */
export function recordIsUnreadable(o: Observation): Outcome | undefined {
  const { state } = o.item;
  if (state.type !== 'Unreadable') return undefined;
  return settle([
    ready(
      'False',
      'RecordUnreadable',
      `${state.why}: nothing is done to this item; restore its status from the BackupJobs`,
    ),
  ]);
}

/** Our finalizer, or records without an item: this object may have had a status before. */
export function recordMayBeLost(o: Observation): Outcome | undefined {
  if (o.item.state.type !== 'None') return undefined;
  const suspicious = o.item.hasFinalizer || o.orphanPoints > 0 || o.handOvers.length > 0;
  if (!suspicious) return undefined;
  if (o.live.origin === undefined) return { type: 'LookForOrigin' };
  return carryOn(o, o.live.origin) ?? rebuild(o, o.live.origin);
}

/** Nothing was ever known of this object. Its itemID is given now, once. */
export function isNew(o: Observation): Outcome | undefined {
  if (o.item.state.type !== 'None') return undefined;
  if (o.item.terminating && !o.item.hasFinalizer) return undefined;
  return settle([ready('Unknown', 'Initializing', 'seen for the first time')], begin(o, o.freshID));
}

/** The first status of a record. */
export function begin(o: Observation, itemID: string): StatusChange {
  return {
    itemID,
    deleteState: 'NotDeleted',
    protectionState: 'InitialBackupPending',
    ...(typeof o.vault === 'object' ? { softDeleteState: o.vault.softDelete } : {}),
  };
}

/**
 * An item that the operator posted to carry on a raw-deleted one: it has our finalizer, no status, and an open hand-over whose
 * record fits. If its spec was changed since, the record is written all the same, and the change is judged as what it is
 * (an undelete).
 */
function carryOn(o: Observation, origin: Origin): Settlement | undefined {
  if (!o.item.hasFinalizer) return undefined;
  const records = origin.jobs.flatMap((job) =>
    job.record !== undefined && carries(o, job, origin) ? [job.record] : [],
  );
  // An earlier hand-over may still be open: of two records of one item, the later deadline holds (P12).
  const [record] = records.sort((a, b) => (a.purgeTime < b.purgeTime ? 1 : -1));
  if (record === undefined) return undefined;
  return settle([ready('True', 'SoftDeleted', softDeletedWords(record)), ...(record.conditions ?? [])], {
    ...recordFields(record),
    deleteState: 'ToBeDeleted',
    protectionState: 'ProtectionStopped',
    handedOver: true,
  });
}

function carries(o: Observation, job: Job, origin: Origin): boolean {
  const { record } = job;
  if (job.operation !== 'DeleteBackupData' || isFinished(job) || record === undefined) return false;
  return !origin.taken.has(record.itemID) && isSameSource(o, record) && isPosted(o, record);
}

/**
 * Whether an object that has a name we want is what the record goes on in: it says so, or it bears our finalizer and was told
 * nothing yet. Its intent may have been edited since it was posted; that is an undelete, not another object.
 */
export function continues(item: Item, record: HandOverRecord): boolean {
  if (item.state.type === 'Known') return item.state.record.itemID === record.itemID;
  return item.state.type === 'None' && item.hasFinalizer && isSameSource({ item }, record);
}

export function isSameSource(o: Pick<Observation, 'item'>, { spec }: HandOverRecord): boolean {
  return (
    spec.vaultRef.name === o.item.vaultName &&
    JSON.stringify(sorted(spec.source)) === JSON.stringify(sorted(o.item.source))
  );
}

/** Ours by name: the old one, or the name derived from the itemID. */
function isPosted(o: Observation, record: HandOverRecord): boolean {
  return o.item.name === record.itemName || o.item.name === derivedName(record, o.hash);
}

/** The name a record gets where somebody else took its own in between. */
export function derivedName(record: HandOverRecord, hash: (text: string) => string): string {
  return suffixed(record.itemName, hash(record.itemID).slice(0, 8));
}

function sorted(source: HandOverRecord['spec']['source']): readonly string[] {
  return [source.apiVersion, source.kind, source.namespace, source.name];
}

function recordFields(record: HandOverRecord): StatusChange {
  return {
    itemID: record.itemID,
    dataHeldSince: record.dataHeldSince ?? null,
    deleteTime: record.deleteTime,
    purgeTime: record.purgeTime,
    retentionDays: record.retentionDays,
    deletionMode: record.deletionMode,
    softDeleteState: record.softDeleteState ?? null,
    deletionRequest: record.deletionRequest,
    recoveryPoints: record.recoveryPoints,
  };
}

export function softDeletedWords({ purgeTime }: { readonly purgeTime: string }): string {
  return `soft-deleted; the data is kept until ${purgeTime}. Undelete with protection: StopRetainData`;
}

/** Status lost, data found: the record begins again as NotDeleted, which keeps everything. */
function rebuild(o: Observation, origin: Origin): Settlement | undefined {
  // What an open hand-over carries is on its way to an object of its own: a newcomer must not take it.
  const carried = new Set(origin.jobs.flatMap((job) => (isFinished(job) ? [] : (job.record?.itemID ?? []))));
  const isFree = (itemID: string) => !origin.taken.has(itemID) && !carried.has(itemID);
  const points = origin.points.filter((point) => isFree(point.itemID) && point.state !== 'Purged');
  const newest = points.reduce<(typeof points)[number] | undefined>(
    (last, point) => (last === undefined || point.plannedTime > last.plannedTime ? point : last),
    undefined,
  );
  const job = origin.jobs.find(
    (open) => !isFinished(open) && open.itemID !== undefined && isFree(open.itemID) && speaksOf(o, open),
  );
  const itemID = newest?.itemID ?? job?.itemID;
  if (itemID === undefined) return undefined;
  const since = earliest(points.filter((point) => point.itemID === itemID).map((point) => point.plannedTime)) ?? o.now;
  return settle(
    [ready('Unknown', 'RecordRebuilt', 'its status was lost and has been rebuilt from recovery points and jobs')],
    // What the vault was when this record was alive is not known: a deletion that is asked for has a window.
    {
      ...begin(o, itemID),
      softDeleteState: null,
      dataHeldSince: formatInstant(since),
      protectionState: 'ProtectionStopped',
    },
    {
      event: {
        reason: 'RecordRebuilt',
        type: 'Warning',
        note: `status was lost; rebuilt from ${points.length} recovery points as item ${itemID}`,
      },
    },
  );
}

/** By its status alone: a job's spec was written by whoever created it, and could name anybody's record. */
function speaksOf({ item: { source } }: Observation, { acknowledged, status: { workload } }: Job): boolean {
  if (!acknowledged || workload === undefined) return false;
  return workload.kind === source.kind && workload.namespace === source.namespace && workload.name === source.name;
}

/**
 * The latest deadline that a job recorded for this itemID and no undelete has voided since: a lost status must not shorten it
 * (P11, P12).
 */
export function promisedPurgeTime(jobs: readonly Job[], itemID: string): Instant | undefined {
  const ours = jobs.filter((job) => job.acknowledged && job.itemID === itemID);
  const undone = ours
    .filter((job) => job.operation === 'Undelete' && job.state === 'Completed')
    .reduce((last, job) => Math.max(last, job.createdAt), -1);
  let promised: Instant | undefined;
  for (const { record, createdAt } of ours) {
    const at = createdAt > undone ? parseInstant(record?.purgeTime) : undefined;
    if (at !== undefined) promised = later(at, promised);
  }
  return promised;
}

/**
 * An open hand-over whose item nobody carries yet: post it. Asked for names that are free and for names that a newcomer has
 * taken; there the record continues under a derived name.
 */
export function postHandedOver(
  job: Job,
  context: { readonly nameIsTaken: boolean; readonly hash: (text: string) => string },
): Action | undefined {
  const { record } = job;
  if (record === undefined || isFinished(job)) return undefined;
  const name = context.nameIsTaken ? derivedName(record, context.hash) : record.itemName;
  return { type: 'CreateItem', item: { name, previousUid: record.itemUID, record } };
}
