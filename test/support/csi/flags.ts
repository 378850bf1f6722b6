import type { CSIBinaries } from './binaries.ts';

/** What the programs of one stack agree on. */
export interface CSILayout {
  readonly driver: string;
  readonly root: string;
  readonly socket: string;
  readonly binaries: CSIBinaries;
  /** Retry in fractions of a second and ask the API server as often as they like; else all as upstream has it. */
  readonly isQuick: boolean;
  /** Paths of the kubeconfigs of each program's own account. */
  readonly kubeconfigs: Readonly<Record<'provisioner' | 'snapshotController' | 'snapshotter', string>>;
  /** Where each says that it runs. */
  readonly ports: Readonly<Record<'provisioner' | 'snapshotController' | 'snapshotter', number>>;
}

const QUICK = [
  '--kube-api-qps=200',
  '--kube-api-burst=400',
  '--retry-interval-start=200ms',
  '--retry-interval-max=2s',
] as const;

// Group snapshots have CRDs of their own. Without these both programs would wait for them for a while.
const WITHOUT_GROUPS = '--feature-gates=CSIVolumeGroupSnapshot=false';

export function driverCommand({ binaries, driver, root, socket }: CSILayout): readonly string[] {
  return [binaries.driver, `--name=${driver}`, `--root=${root}`, `--socket=${socket}`];
}

export function provisionerCommand(layout: CSILayout): readonly string[] {
  return [
    layout.binaries.provisioner,
    `--kubeconfig=${layout.kubeconfigs.provisioner}`,
    `--csi-address=${layout.socket}`,
    `--metrics-port=${layout.ports.provisioner}`,
    ...(layout.isQuick ? QUICK : []),
  ];
}

export function snapshotControllerCommand(layout: CSILayout): readonly string[] {
  return [
    layout.binaries.snapshotController,
    `--kubeconfig=${layout.kubeconfigs.snapshotController}`,
    `--http-endpoint=127.0.0.1:${layout.ports.snapshotController}`,
    WITHOUT_GROUPS,
    ...(layout.isQuick ? [...QUICK, '--resync-period=10s'] : []),
  ];
}

// It ends itself with status 1 when it loses the driver or finds no API server, and counts on a kubelet to start it again.
const AGAIN = `trap 'exit 0' TERM
while :; do
  "$@"
  status=$?
  [ $status = 1 ] || exit $status
  sleep 0.2
done`;

export function snapshotterCommand(layout: CSILayout): readonly string[] {
  return [
    'sh',
    '-c',
    AGAIN,
    'csi-snapshotter',
    layout.binaries.snapshotter,
    `--kubeconfig=${layout.kubeconfigs.snapshotter}`,
    `--csi-address=${layout.socket}`,
    `--http-endpoint=127.0.0.1:${layout.ports.snapshotter}`,
    WITHOUT_GROUPS,
    ...(layout.isQuick ? [...QUICK, '--resync-period=10s'] : []),
  ];
}
