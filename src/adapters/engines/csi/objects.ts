/** The kinds that the engine reads, each with the fields that it looks at; times and sizes as they are on the wire. */
import type { KubeObject } from '../../../api/meta.ts';

export interface SnapshotError {
  readonly message?: string;
}

export interface VolumeSnapshot extends KubeObject {
  readonly spec: {
    readonly source: { readonly persistentVolumeClaimName?: string };
    readonly volumeSnapshotClassName?: string;
  };
  readonly status?: {
    readonly boundVolumeSnapshotContentName?: string;
    readonly readyToUse?: boolean;
    readonly error?: SnapshotError;
  };
}

export interface SnapshotContent extends KubeObject {
  readonly spec: {
    readonly deletionPolicy: 'Delete' | 'Retain';
    readonly driver: string;
    readonly volumeSnapshotClassName?: string;
    readonly sourceVolumeMode?: 'Filesystem' | 'Block';
    readonly source: { readonly volumeHandle?: string; readonly snapshotHandle?: string };
    readonly volumeSnapshotRef: {
      readonly apiVersion?: string;
      readonly kind?: string;
      readonly namespace?: string;
      readonly name?: string;
      readonly uid?: string;
    };
  };
  readonly status?: {
    readonly snapshotHandle?: string;
    /** Nanoseconds: too long for a number here. Only whether it is there counts. */
    readonly creationTime?: number;
    readonly restoreSize?: number;
    readonly readyToUse?: boolean;
    readonly error?: SnapshotError;
    readonly volumeGroupSnapshotHandle?: string;
  };
}

export interface SnapshotClass extends KubeObject {
  readonly driver: string;
  readonly deletionPolicy: 'Delete' | 'Retain';
  readonly parameters?: Readonly<Record<string, string>>;
}

export interface Claim extends KubeObject {
  readonly spec: {
    readonly volumeName?: string;
    readonly volumeMode?: 'Filesystem' | 'Block';
    readonly storageClassName?: string;
  };
  readonly status?: { readonly phase?: string };
}

export interface Volume extends KubeObject {
  readonly spec: { readonly csi?: { readonly driver: string; readonly volumeHandle: string } };
}

export interface VirtualMachine extends KubeObject {
  readonly spec: {
    readonly template?: { readonly spec?: { readonly volumes?: readonly VMVolume[] } };
  };
  readonly status?: { readonly snapshotInProgress?: string };
}

export interface VMVolume {
  readonly persistentVolumeClaim?: { readonly claimName?: string };
  readonly dataVolume?: { readonly name?: string };
  readonly memoryDump?: { readonly claimName?: string };
}

/** events.k8s.io: what the driver's helpers have to say. */
export interface NotedEvent extends KubeObject {
  readonly type?: string;
  readonly reason?: string;
  readonly note?: string;
}
