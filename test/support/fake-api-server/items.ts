/** Objects of the size that the memory and speed goals speak of: 1.7 KB of JSON, 740 B of it managedFields. */
import type { KubeObject } from '../../../src/api/meta.ts';
import type { CachedKind } from '../../../src/runtime/store.ts';
import { Interner } from '../../../src/runtime/store.ts';
import { THINGS } from './server.ts';

interface Item extends KubeObject {
  readonly spec: { readonly vaultRef: { readonly name: string }; readonly protection: string };
  readonly status: { readonly itemID: string; readonly deleteState: string; readonly purgeTime: string };
}

interface ItemFacets {
  readonly vault: string;
  readonly deleteState: string;
  readonly purgeTime: string;
}

const interner = new Interner();

/** Such a kind as a cache would hold it. */
export const ITEMS: CachedKind<Item, ItemFacets> = {
  type: THINGS,
  trim: (item) => item,
  facets: ({ metadata, spec, status }) => ({
    vault: interner.of(`${metadata.namespace ?? ''}/${spec.vaultRef.name}`),
    deleteState: interner.of(status.deleteState),
    purgeTime: interner.of(status.purgeTime),
  }),
  indexes: { vault: { scope: 'Everywhere', values: ({ vault }) => [vault] } },
};

export function itemAt(i: number): KubeObject {
  const name = `vm-${String(i).padStart(6, '0')}`;
  const uuid = `8f14e45f-ceea-467f-9b0e-${String(i).padStart(12, '0')}`;
  return {
    apiVersion: 'test.dev/v1',
    kind: 'Thing',
    metadata: {
      creationTimestamp: '2026-03-01T10:00:00Z',
      finalizers: ['reprieve.dev/retention'],
      generation: 1,
      labels: { 'reprieve.dev/item-id': uuid },
      managedFields: [
        managed('kubectl-create', undefined, [
          'f:spec',
          'f:policyRef',
          'f:protection',
          'f:source',
          'f:vaultRef',
          'f:x',
        ]),
        managed('reprieve', 'status', statusFields),
      ],
      name,
      namespace: `team-${i % 50}`,
      resourceVersion: String(1_000_000 + i),
      uid: uuid,
    },
    spec: {
      policyRef: { name: 'daily' },
      protection: 'Active',
      source: { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', name, namespace: `team-${i % 50}` },
      vaultRef: { name: 'vault-1' },
    },
    status: {
      conditions: [
        {
          lastTransitionTime: '2026-03-01T10:00:05Z',
          message: 'All checks passed',
          observedGeneration: 1,
          reason: 'Ready',
          status: 'True',
          type: 'Ready',
        },
      ],
      deleteState: 'NotDeleted',
      itemID: uuid,
      observedGeneration: 1,
      protectionState: 'Protected',
      purgeTime: '',
      recoveryPoints: { count: 3 },
    },
  } as KubeObject;
}

const statusFields = [
  'f:conditions',
  'f:deleteState',
  'f:itemID',
  'f:observedGeneration',
  'f:protectionState',
  'f:purgeTime',
  'f:recoveryPoints',
  'f:lastBackup',
  'f:dataHeldSince',
  'f:softDeleteState',
];

function managed(manager: string, subresource: string | undefined, fields: readonly string[]) {
  return {
    apiVersion: 'test.dev/v1',
    fieldsType: 'FieldsV1',
    fieldsV1: Object.fromEntries(fields.map((field) => [field, { '.': {} }])),
    manager,
    operation: 'Update',
    ...(subresource === undefined ? {} : { subresource }),
    time: '2026-03-01T10:00:05Z',
  };
}
