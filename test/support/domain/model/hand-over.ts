/** Posting what carries on a raw-deleted item's record. */
import { decodeItem, decodeJob } from '../../../../src/domain/backup-item/decode.ts';
import { continues, derivedName, postHandedOver } from '../../../../src/domain/backup-item/identity.ts';
import { quickHash } from '../names.ts';
import { type Performed, postItem } from './perform.ts';
import type { Api, Operator, World } from './world.ts';

export function isOpen({ status }: Api['jobs'][string]): boolean {
  return status?.state === undefined || status.state === 'InProgress';
}

type HandOverRecord = NonNullable<NonNullable<Api['jobs'][string]['status']>['record']>;

/** As the controller begins each reconcile: an open hand-over of this name whose record nobody carries is posted. */
export function postNext(world: World, { cache }: Operator, key: string): Performed | undefined {
  for (const object of Object.values(cache.jobs)) {
    const record = object.status?.record;
    if (record?.itemName !== key || !isOpen(object) || isUnderWay(cache, record, key)) continue;
    const nameIsTaken = cache.items[key] !== undefined;
    const action = postHandedOver(decodeJob(object), { nameIsTaken, hash: quickHash });
    if (action?.type === 'CreateItem') return postItem(world, action.item);
  }
  return undefined;
}

/** Somebody carries the record, or will by himself. */
function isUnderWay({ items }: Api, record: HandOverRecord, key: string): boolean {
  if (Object.values(items).some(({ status }) => status?.itemID === record.itemID)) return true;
  const beside = items[derivedName(record, quickHash)];
  if (beside !== undefined && beside.status?.itemID === undefined) return true;
  const present = items[key];
  if (present === undefined) return false;
  return present.metadata.uid === record.itemUID || continues(decodeItem(present), record);
}
