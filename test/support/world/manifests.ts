/** Objects as a user would write them, with everything that a story doesn't care about filled in. */
import { API_VERSION } from '../../../src/api/names.ts';

export type Manifest = Readonly<Record<string, unknown>>;

export function vaultManifest(name: string, spec: Manifest = {}): Manifest {
  return { apiVersion: API_VERSION, kind: 'Vault', metadata: { name }, spec };
}

export function policyManifest(name: string): Manifest {
  return {
    apiVersion: API_VERSION,
    kind: 'BackupPolicy',
    metadata: { name },
    spec: { retention: { daily: { days: 30 } } },
  };
}

export interface ItemOptions {
  readonly vault?: string;
  readonly policy?: string | null;
  readonly protection?: 'Active' | 'StopRetainData' | 'StopDeleteData';
  /** Of a VM in the same namespace; the item's own name when left out. */
  readonly source?: string;
  readonly sourceNamespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
}

export function itemManifest(name: string, namespace: string, options: ItemOptions = {}): Manifest {
  const {
    vault = 'main',
    policy = 'nightly',
    protection = 'Active',
    source = name,
    sourceNamespace = namespace,
  } = options;
  const { labels, annotations, finalizers } = options;
  return {
    apiVersion: API_VERSION,
    kind: 'BackupItem',
    metadata: { name, ...definedOnly({ labels, annotations, finalizers }) },
    spec: {
      vaultRef: { name: vault },
      source: { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', namespace: sourceNamespace, name: source },
      ...(policy === null ? {} : { policyRef: { name: policy } }),
      protection,
    },
  };
}

export function backupManifest(name: string, item: string, expiryTime?: string): Manifest {
  return {
    apiVersion: API_VERSION,
    kind: 'BackupJob',
    metadata: { name },
    spec: { operation: 'Backup', itemRef: { name: item }, ...definedOnly({ expiryTime }) },
  };
}

function definedOnly(fields: Manifest): Manifest {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
