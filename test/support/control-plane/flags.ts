import { join } from 'node:path';

/** What the programs of one plane agree on. */
export interface Layout {
  readonly dir: string;
  readonly certificates: string;
  readonly etcdUrl: string;
  readonly port: number;
  readonly adminKubeconfig: string;
  /** Undefined for no audit. */
  readonly audit: { readonly policy: string; readonly log: string } | undefined;
}

export function etcdFlags({ dir, etcdUrl }: Layout): readonly string[] {
  return [
    `--data-dir=${join(dir, 'etcd')}`,
    `--listen-client-urls=${etcdUrl}`,
    `--advertise-client-urls=${etcdUrl}`,
    // A single member talks to no peer: any port will do.
    '--listen-peer-urls=http://127.0.0.1:0',
    // The data need not outlive the machine. It outlives the process: what was written is in the kernel's hands.
    '--unsafe-no-fsync',
    '--log-level=error',
  ];
}

export function apiServerFlags(layout: Layout): readonly string[] {
  const { certificates, etcdUrl, port, audit } = layout;
  return [
    `--etcd-servers=${etcdUrl}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    // No node and no pod looks for the API server, and a machine without a network has no other address to give.
    '--advertise-address=127.0.0.1',
    '--endpoint-reconciler-type=none',
    `--tls-cert-file=${join(certificates, 'apiserver.crt')}`,
    `--tls-private-key-file=${join(certificates, 'apiserver.key')}`,
    `--client-ca-file=${join(certificates, 'ca.crt')}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${join(certificates, 'service-account.pub')}`,
    `--service-account-signing-key-file=${join(certificates, 'service-account.key')}`,
    '--authorization-mode=RBAC',
    '--service-cluster-ip-range=10.0.0.0/24',
    '--allow-privileged=true',
    // Without it an end by SIGTERM waits a minute for open watches.
    '--shutdown-send-retry-after=true',
    ...(audit === undefined ? [] : [`--audit-policy-file=${audit.policy}`, `--audit-log-path=${audit.log}`]),
  ];
}

export function controllerManagerFlags({ certificates, adminKubeconfig }: Layout): readonly string[] {
  return [
    `--kubeconfig=${adminKubeconfig}`,
    // There are no nodes to look after, and no cloud to ask for addresses.
    '--controllers=*,-nodeipam,-nodelifecycle',
    '--use-service-account-credentials=true',
    `--service-account-private-key-file=${join(certificates, 'service-account.key')}`,
    `--root-ca-file=${join(certificates, 'ca.crt')}`,
    '--leader-elect=false',
    '--secure-port=0',
    // At the default of 20 requests a second it needs five seconds to make the accounts of its controllers.
    '--kube-api-qps=1000',
    '--kube-api-burst=2000',
  ];
}

/** Everything at level Metadata, once it is done, but the reads of the control plane itself. */
export const AUDIT_POLICY = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [
    {
      level: 'None',
      users: ['system:apiserver', 'system:kube-controller-manager'],
      verbs: ['get', 'list', 'watch'],
    },
    { level: 'None', userGroups: ['system:serviceaccounts:kube-system'], verbs: ['get', 'list', 'watch'] },
    { level: 'Metadata' },
  ],
} as const;
