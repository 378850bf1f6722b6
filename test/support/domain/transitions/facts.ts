/** What the rows of the table start from. */
import { RETENTION_FINALIZER } from '../../../../src/api/names.ts';
import { formatInstant, instantOf } from '../../../../src/domain/time.ts';
import {
  aJob,
  aNewItem,
  anItem,
  aPoint,
  aSoftDeletedItem,
  aStoppedItem,
  aVault,
  TERMINATING,
  windowStatus,
  withoutStatus,
} from '../builders.ts';
import { at, ITEM, NOW, OTHER_ID } from '../names.ts';
import { digestOf, type Facts, SETTINGS } from '../observations.ts';

export interface Transition {
  readonly state: 'New' | 'NotDeleted' | 'ToBeDeleted' | 'Purging' | 'Purged';
  /** What is there or comes, in words. */
  readonly when: string;
  readonly facts: Facts;
  readonly rule: string;
  /** Action type, with the next state where one is written; Wait. */
  readonly does: string;
}

export const points = [aPoint()];
export const frozen = { recoveryPoints: { count: 1, digest: digestOf(points) } };
export const held = { finalizers: [RETENTION_FINALIZER] };
export const disabled = aVault({ spec: { softDelete: { state: 'Disabled' } } });
export const going = aVault({ meta: TERMINATING });
export const bySpec = { spec: { request: { by: 'Spec', uid: `uid-${ITEM}`, generation: 1 } } } as const;
export const asked = { spec: { protection: 'StopDeleteData' } } as const;
export const held14 = {
  window: { deleteTime: NOW, purgeTime: at(14), retentionDays: 14, mode: 'Deferred' },
  tookMs: 1,
  answer: { type: 'Done', value: { retainUntil: at(14), missing: [] } },
} as const;
export const done = { type: 'Done', value: {} } as const;
export const proven = new Map([['web-p1', { type: 'Done', value: { lines: ['gone'] } } as const]]);
export const bare = withoutStatus(anItem(), 'dataHeldSince');
export const due = instantOf(at(13) + SETTINGS.marginMs);
export const waiting: Facts = { item: aSoftDeletedItem({ status: frozen }), points };
export const dying: Facts = {
  item: aSoftDeletedItem({ meta: { generation: 3, ...held, ...TERMINATING }, status: frozen }),
  points,
};
export const edited: Facts = {
  item: aSoftDeletedItem({
    meta: { generation: 9, ...held, ...TERMINATING },
    spec: { protection: 'StopRetainData' },
    status: frozen,
  }),
  points,
};
export const immediate = aStoppedItem({
  ...asked,
  status: {
    ...windowStatus(NOW, NOW),
    deletionMode: 'Immediate',
    softDeleteState: 'Disabled',
    deletionRequest: { by: 'Spec', uid: `uid-${ITEM}`, generation: 1 },
    ...frozen,
  },
});
export const purging: Facts = {
  item: aSoftDeletedItem({ status: { ...frozen, deleteState: 'Purging' } }),
  points,
  jobs: [aJob('Purge')],
};
export const purged: Facts = { item: aSoftDeletedItem({ status: { deleteState: 'Purged' } }) };
export const twin = anItem({
  meta: { name: 'twin', uid: 'a-twin', creationTimestamp: formatInstant(at(-20)) },
  status: { itemID: OTHER_ID, dataHeldSince: formatInstant(at(-9)) },
});
export const settledItem = anItem({
  status: { lastBackup: { time: formatInstant(at(-5)), state: 'Completed', jobName: 'job-web-p1' } },
});
export const lost = aNewItem({ meta: held });
