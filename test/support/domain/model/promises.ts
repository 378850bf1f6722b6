/** The invariants of the product (I1 to I12), checked on what changes in the world. */
import type { BackupItem } from '../../../../src/api/backup-item.gen.ts';
import { PREVIOUS_UID_ANNOTATION } from '../../../../src/api/names.ts';
import { DAY_MS, formatInstant } from '../../../../src/domain/time.ts';
import { SETTINGS } from '../observations.ts';
import { Broken, type Ghost, type World } from './world.ts';

function must(holds: boolean, words: string): void {
  if (!holds) throw new Broken(words);
}

export function itemIDOf(ghost: Ghost, item: BackupItem): string | undefined {
  const known = item.status?.itemID ?? ghost.itemOfUid[item.metadata.uid ?? ''];
  return known ?? ghost.itemOfUid[item.metadata.annotations?.[PREVIOUS_UID_ANNOTATION] ?? ''];
}

/** Checks what a write did to the items, and brings the ghost up to date. */
export function observeItems(before: World, after: World): World {
  let next = after;
  for (const item of Object.values(after.api.items)) {
    const old = before.api.items[item.metadata.name];
    if (old === item) continue;
    const same = old?.metadata.uid === item.metadata.uid ? old : undefined;
    next = observeItem(next, same, item);
  }
  for (const [name, old] of Object.entries(before.api.items)) {
    if (after.api.items[name]?.metadata.uid !== old.metadata.uid) letGo(next, old);
  }
  for (const name of Object.keys(before.api.vaults)) if (after.api.vaults[name] === undefined) vaultGone(after);
  return next;
}

function observeItem(world: World, old: BackupItem | undefined, item: BackupItem): World {
  const { itemID, deleteState, purgeTime = '' } = item.status ?? {};
  if (itemID === undefined) return world;
  const entersWaiting = deleteState === 'ToBeDeleted' && old?.status?.deleteState !== deleteState;
  if (entersWaiting) mustBeHeld(world, itemID, purgeTime);
  const itemOfUid = { ...world.ghost.itemOfUid, [item.metadata.uid ?? '']: itemID };
  return { ...world, ghost: { ...world.ghost, said: promised(world, old, item), itemOfUid } };
}

/** I11, and what is promised from now on. */
function promised({ ghost, now }: World, old: BackupItem | undefined, { status }: BackupItem): Ghost['said'] {
  const { itemID = '', deleteState, purgeTime = '' } = status ?? {};
  const { [itemID]: before, ...others } = ghost.said;
  if (deleteState === 'ToBeDeleted' || deleteState === 'Purging') {
    const moved = before !== undefined && purgeTime < before.deadline;
    must(!moved, `I11: deadline of ${itemID} moved from ${before?.deadline ?? ''} to ${purgeTime}`);
    return { ...others, [itemID]: { at: before?.at ?? now, deadline: purgeTime } };
  }
  const voided = deleteState === 'NotDeleted' && old?.status?.deleteState === 'ToBeDeleted';
  return voided ? others : ghost.said;
}

/** P5: hold first, then say so. */
function mustBeHeld(world: World, itemID: string, purgeTime: string): void {
  for (const { spec, metadata } of Object.values(world.api.points)) {
    if (spec.itemID !== itemID) continue;
    const data = world.storage[spec.pointID];
    const held = data === undefined || (data.until !== undefined && data.until >= Date.parse(purgeTime));
    must(held, `P5: ${itemID} says ToBeDeleted while ${metadata.name} is not held until ${purgeTime}`);
  }
}

/** I5: an object goes only where its record doesn't. */
function letGo(world: World, { metadata, status }: BackupItem): void {
  if (status?.dataHeldSince === undefined || status.deleteState === 'Purged') return;
  const recorded = Object.values(world.api.jobs).some(
    (job) =>
      job.spec.operation === 'DeleteBackupData' &&
      job.status?.record?.itemID === status.itemID &&
      (job.status?.state === 'InProgress' || isCarried(world, status.itemID)),
  );
  must(recorded, `I5: ${metadata.name} went in ${status.deleteState ?? 'no state'} and nothing carries its record`);
}

function isCarried(world: World, itemID: string | undefined): boolean {
  return Object.values(world.api.items).some((item) => item.status?.itemID === itemID);
}

/** I12 */
function vaultGone({ api }: World): void {
  const held = Object.values(api.items).find(
    ({ status }) =>
      status?.itemID === undefined || (status.dataHeldSince !== undefined && status.deleteState !== 'Purged'),
  );
  must(held === undefined, `I12: the vault went while ${held?.metadata.name ?? ''} has or may have data`);
  const point = Object.values(api.points).find(({ status }) => status?.state !== 'Purged');
  must(point === undefined, `I12: the vault went while ${point?.metadata.name ?? ''} is there`);
}

/** I1 to I4, at the moment of destruction. */
export function destroyed(world: World, pointID: string, itemID: string): World {
  const { ghost } = world;
  const item = Object.values(world.api.items).find(({ status }) => status?.itemID === itemID);
  const { deleteState, deletionMode, softDeleteState, purgeTime = '' } = item?.status ?? {};
  must(deleteState === 'Purging', `I3: ${pointID} was destroyed while its item is ${deleteState ?? 'gone'}`);
  if (deletionMode === 'Immediate') {
    must(
      ghost.vaultWasDisabled && softDeleteState === 'Disabled',
      `I1: ${pointID} went at once though soft delete was on`,
    );
  } else {
    const said = ghost.said[itemID];
    const whole = said !== undefined && world.now >= said.at + 14 * DAY_MS;
    must(whole && formatInstant(world.now) >= purgeTime, `I1: ${pointID} was destroyed early`);
  }
  must(ghost.undeleted[itemID] !== true, `I4: ${pointID} was destroyed after an accepted undelete`);
  const count = (ghost.destroyed[pointID] ?? 0) + 1;
  must(count === 1, `I2: ${pointID} was destroyed ${count} times`);
  return { ...world, ghost: { ...ghost, destroyed: { ...ghost.destroyed, [pointID]: count } } };
}

/** I7 */
export function pointMade(before: World, after: World): void {
  for (const [name, { spec }] of Object.entries(after.api.points)) {
    if (before.api.points[name] !== undefined) continue;
    const item = Object.values(after.api.items).find(({ status }) => status?.itemID === spec.itemID);
    must(
      item?.status?.deleteState === 'NotDeleted',
      `I7: ${name} was begun while its item is ${item?.status?.deleteState ?? 'gone'}`,
    );
  }
}

/** What must hold in a world that has come to rest. */
export function settled({ api, storage, now }: World): void {
  for (const pointID of Object.keys(storage)) {
    must(
      Object.values(api.points).some(({ spec }) => spec.pointID === pointID),
      `I6: nobody knows of ${pointID}`,
    );
  }
  for (const { metadata, spec, status } of Object.values(api.items)) {
    const { deleteState, purgeTime = '9', itemID, conditions = [] } = status ?? {};
    const waits = deleteState === 'ToBeDeleted';
    const undelete = waits && spec.protection !== 'StopDeleteData' && metadata.deletionTimestamp === undefined;
    must(!undelete, `${metadata.name} was not undeleted though nobody asks for its deletion`);
    const blocked = conditions.some(({ type, status: value }) => type === 'PurgeBlocked' && value === 'True');
    const late = waits && formatInstant((now - SETTINGS.marginMs) as typeof now) > purgeTime;
    must(!late || blocked, `${metadata.name} is past its deadline, unpurged, and does not say why`);
    must(deleteState !== 'Purging' || blocked, `${metadata.name} stays in Purging and does not say why`);
    const kept = deleteState === 'NotDeleted' || waits;
    const lost = Object.values(api.points).filter(
      (point) =>
        kept &&
        point.spec.itemID === itemID &&
        point.status?.state === 'Available' &&
        storage[point.spec.pointID] === undefined,
    );
    must(lost.length === 0, `I8: the data of ${metadata.name} is gone`);
  }
}
