import { expect, test } from 'vitest';
import type { BackupItem } from '../../../src/api/backup-item.gen.ts';
import type { BackupJobRecord } from '../../../src/api/backup-job.gen.ts';
import { RETENTION_FINALIZER } from '../../../src/api/names.ts';
import { decodeItem } from '../../../src/domain/backup-item/decode.ts';
import { continues } from '../../../src/domain/backup-item/identity.ts';
import { aNewItem, aSoftDeletedItem, SOURCE } from '../../support/domain/builders.ts';
import { ITEM, ITEM_ID, OTHER_ID } from '../../support/domain/names.ts';

const record: BackupJobRecord = {
  itemName: ITEM,
  itemUID: 'uid-old',
  spec: { vaultRef: { name: 'gold' }, source: SOURCE },
  itemID: ITEM_ID,
  deleteTime: '2026-03-01T12:00:00Z',
  purgeTime: '2026-03-15T12:00:00Z',
  retentionDays: 14,
  deletionMode: 'Deferred',
  deletionRequest: { by: 'Delete', uid: 'uid-old', generation: 3 },
  recoveryPoints: { count: 1 },
};

const ours = { finalizers: [RETENTION_FINALIZER] };

const objects: readonly (readonly [string, BackupItem, boolean])[] = [
  ['what we posted', aNewItem({ meta: ours, spec: { protection: 'StopDeleteData' } }), true],
  ['what we posted and a user edited since', aNewItem({ meta: ours, spec: { protection: 'StopRetainData' } }), true],
  ['what was told the record already', aSoftDeletedItem({ meta: ours }), true],
  ['an item that carries another record', aSoftDeletedItem({ meta: ours, status: { itemID: OTHER_ID } }), false],
  ['a newcomer without our finalizer', aNewItem({ spec: { protection: 'StopDeleteData' } }), false],
  ['a newcomer of another source', aNewItem({ meta: ours, spec: { source: { ...SOURCE, name: 'other' } } }), false],
  ['an item whose status nobody can read', aNewItem({ meta: ours, status: { deleteState: 'Purged' } }), false],
];

test.for(objects)('a record goes on in the object of its name only where it should: %s', ([, object, expected]) => {
  expect(continues(decodeItem(object), record)).toBe(expected);
});
