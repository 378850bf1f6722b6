/** Names of the classes that a stack comes with. */
export const STORAGE_CLASSES = {
  /** Immediate, reclaim policy Delete. */
  immediate: 'csi-immediate',
  /** Immediate, reclaim policy Retain. */
  retain: 'csi-retain',
  /** WaitForFirstConsumer: bound once the annotation volume.kubernetes.io/selected-node names any node. */
  waiting: 'csi-waiting',
} as const;

export const SNAPSHOT_CLASSES = {
  delete: 'csi-delete',
  retain: 'csi-retain',
  /** Snapshots that go with their volume; deletion policy Retain. */
  dependent: 'csi-dependent',
} as const;

/** Parameters of a VolumeSnapshotClass that the driver knows. */
export interface SnapshotParameters {
  /** As Go writes durations ("2s"): for so long a new snapshot is not ready to use. */
  readonly readyAfter?: string;
  /** "true": deleting the volume deletes the snapshot. */
  readonly dependsOnVolume?: string;
}

export function storageClasses(driver: string): readonly object[] {
  const storageClass = (name: string, reclaimPolicy: string, volumeBindingMode: string) => ({
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name },
    provisioner: driver,
    reclaimPolicy,
    volumeBindingMode,
  });
  return [
    storageClass(STORAGE_CLASSES.immediate, 'Delete', 'Immediate'),
    storageClass(STORAGE_CLASSES.retain, 'Retain', 'Immediate'),
    storageClass(STORAGE_CLASSES.waiting, 'Delete', 'WaitForFirstConsumer'),
  ];
}

/** A VolumeSnapshotClass of this driver, for a test that wants another one. */
export function snapshotClass(
  driver: string,
  name: string,
  deletionPolicy: 'Delete' | 'Retain',
  parameters: SnapshotParameters = {},
): object {
  return {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshotClass',
    metadata: { name },
    driver,
    deletionPolicy,
    parameters,
  };
}

export function snapshotClasses(driver: string): readonly object[] {
  return [
    snapshotClass(driver, SNAPSHOT_CLASSES.delete, 'Delete'),
    snapshotClass(driver, SNAPSHOT_CLASSES.retain, 'Retain'),
    snapshotClass(driver, SNAPSHOT_CLASSES.dependent, 'Retain', { dependsOnVolume: 'true' }),
  ];
}
