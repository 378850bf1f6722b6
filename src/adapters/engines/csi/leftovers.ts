/** What the cluster has of an item, whatever became of labels: by them, and by the names that every cut was made under. */
import { ITEM_ID_LABEL, VOLUME_SNAPSHOT_CONTENTS, VOLUME_SNAPSHOTS } from '../../../api/names.ts';
import { handleOf } from './contents.ts';
import { snapshotPrefix } from './names.ts';
import type { SnapshotContent, VolumeSnapshot } from './objects.ts';
import type { Parts } from './parts.ts';
import { isProbe } from './prove.ts';

/** Handles; names of objects where they have none yet. Live lists of the whole cluster. */
export async function leftovers({ kube }: Parts, itemID: string): Promise<readonly string[]> {
  // Snapshots first: one whose content appears in between is found with it.
  const labelSelector = `${ITEM_ID_LABEL}=${itemID}`;
  const snapshots = await kube.list<VolumeSnapshot>(VOLUME_SNAPSHOTS, { labelSelector });
  const contents = await kube.list<SnapshotContent>(VOLUME_SNAPSHOT_CONTENTS);
  const own = contents.filter((content) => !isProbe(content) && isOfItem(content, itemID));
  const names = new Set(own.map(({ metadata }) => metadata.name));
  const unbound = snapshots.filter(({ status }) => !names.has(status?.boundVolumeSnapshotContentName ?? ''));
  return [
    ...new Set(own.map((content) => handleOf(content) ?? `content ${content.metadata.name}`)),
    ...unbound.map(({ metadata }) => `VolumeSnapshot ${metadata.namespace ?? ''}/${metadata.name}`),
  ];
}

function isOfItem({ metadata, spec }: SnapshotContent, itemID: string): boolean {
  return (
    metadata.labels?.[ITEM_ID_LABEL] === itemID ||
    spec.volumeSnapshotRef.name?.startsWith(snapshotPrefix(itemID)) === true
  );
}
