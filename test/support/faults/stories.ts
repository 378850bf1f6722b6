/** The workflows of an item, each as: how it comes to its beginning, what sets it off, and how one knows that it is over. */
import type { BackupItem } from '../../../src/api/backup-item.gen.ts';
import { BACKUP_ITEMS, RECOVERY_POINTS } from '../../../src/api/names.ts';
import { until } from '../operator/until.ts';
import type { Place, PlaceOptions } from './place.ts';

export interface Story {
  readonly name: string;
  /** Short days where the story needs a window to end. */
  readonly dayLength: '1h' | '500ms';
  readonly place?: PlaceOptions;
  /** Up to the moment before; no fault strikes here. */
  readonly begin: (place: Place) => Promise<unknown>;
  /** What a user does. */
  readonly act: (place: Place) => Promise<unknown>;
  /** Resolves when it is over. */
  readonly end: (place: Place) => Promise<unknown>;
}

const ITEM = 'db';

const protectedItem = async (place: Place): Promise<void> => {
  await place.protect(ITEM);
  await place.isProtected(ITEM);
};

const softDeleted = async (place: Place): Promise<void> => {
  await protectedItem(place);
  await place.setProtection(ITEM, 'StopDeleteData');
  await place.isIn(ITEM, 'ToBeDeleted');
};

const undeleted = async (place: Place): Promise<void> => {
  await softDeleted(place);
  await place.setProtection(ITEM, 'StopRetainData');
  await isUndeleted(place);
};

/** Undeleted, and its second half too: nothing is held any more. */
const isUndeleted = async (place: Place): Promise<void> => {
  await place.isIn(ITEM, 'NotDeleted');
  await noOpenJobs(place);
};

const noOpenJobs = (place: Place): Promise<unknown> =>
  until(`no job is open in ${place.namespace}`, async () => {
    const jobs = await place.jobs();
    return jobs.every(({ status }) => status?.state !== undefined && status.state !== 'InProgress');
  });

const handedOver = async (place: Place): Promise<void> => {
  await protectedItem(place);
  await place.remove(BACKUP_ITEMS, ITEM);
  await isHandedOver(place);
};

const isHandedOver = async (place: Place): Promise<void> => {
  await place.itemIs(ITEM, 'was handed over', ({ metadata, status }) => {
    return metadata.deletionTimestamp === undefined && status?.handedOver === true;
  });
  await noOpenJobs(place);
};

const nothing = (): Promise<void> => Promise.resolve();

const isPurged = async (place: Place): Promise<void> => {
  await place.isIn(ITEM, 'Purged');
  await noOpenJobs(place);
  await noPoints(place);
};

const noPoints = (place: Place): Promise<unknown> =>
  until(`no point is left in ${place.namespace}`, async () => (await place.points()).length === 0);

const active = (place: Place): Promise<unknown> => {
  const { admin, namespace } = place;
  const patch = { protection: 'Active', policyRef: { name: 'daily' } };
  return place
    .item(ITEM)
    .then(({ metadata }) =>
      admin.patch<BackupItem>(
        BACKUP_ITEMS,
        { namespace, name: ITEM },
        { metadata: { uid: metadata.uid ?? '' }, spec: patch },
        { fieldManager: 'kubectl' },
      ),
    );
};

export const stories: readonly Story[] = [
  {
    name: 'first backup',
    dayLength: '1h',
    begin: nothing,
    act: (place) => place.protect(ITEM),
    end: (place) => place.isProtected(ITEM).then(() => noOpenJobs(place)),
  },
  {
    name: 'soft delete by spec',
    dayLength: '1h',
    begin: protectedItem,
    act: (place) => place.setProtection(ITEM, 'StopDeleteData'),
    end: (place) => place.isIn(ITEM, 'ToBeDeleted').then(() => noOpenJobs(place)),
  },
  {
    name: 'raw delete handed over',
    dayLength: '1h',
    begin: protectedItem,
    act: (place) => place.remove(BACKUP_ITEMS, ITEM),
    end: isHandedOver,
  },
  {
    name: 'undelete',
    dayLength: '1h',
    begin: softDeleted,
    act: (place) => place.setProtection(ITEM, 'StopRetainData'),
    end: isUndeleted,
  },
  {
    name: 'resume',
    dayLength: '1h',
    begin: undeleted,
    act: active,
    end: (place) => place.isProtected(ITEM).then(() => noOpenJobs(place)),
  },
  {
    name: 'raw-deleted point comes back',
    dayLength: '1h',
    begin: protectedItem,
    act: async (place) => {
      const [point] = await place.points();
      await place.remove(RECOVERY_POINTS, point?.metadata.name ?? '');
    },
    end: (place) =>
      until('one point is there, and it is not terminating', async () => {
        const [point, ...others] = await place.points();
        const isBack = point?.metadata.deletionTimestamp === undefined && point?.status?.state === 'Available';
        return others.length === 0 && isBack;
      }),
  },
  {
    name: 'immediate purge',
    dayLength: '1h',
    place: { vault: { softDelete: { state: 'Disabled', retentionDays: 14 } } },
    begin: protectedItem,
    act: (place) => place.setProtection(ITEM, 'StopDeleteData'),
    end: isPurged,
  },
  { name: 'purge at expiry', dayLength: '500ms', begin: softDeleted, act: nothing, end: isPurged },
  {
    name: 'handed-over item goes after its purge',
    dayLength: '500ms',
    begin: handedOver,
    act: nothing,
    end: async (place) => {
      await until('the item is gone', async () => (await place.items()).length === 0, { withinMs: 30_000 });
      await noOpenJobs(place);
      await noPoints(place);
    },
  },
];
