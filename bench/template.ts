/** One item of each sort, made by the operator itself: what the populations are copies of, and what the raw storm repeats. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { BackupItem } from '../src/api/backup-item.gen.ts';
import type { BackupJob } from '../src/api/backup-job.gen.ts';
import type { KubeEvent } from '../src/runtime/event-object.ts';
import type { ControlPlane } from '../test/support/control-plane/control-plane.ts';
import { must } from '../test/support/operator/identity.ts';
import { until } from '../test/support/operator/until.ts';
import type { Entry, Etcd } from './etcd.ts';

export const NAMESPACE = 'bench';

/** Nothing is written this long after the last change; counts follow at a second's distance. */
const REST_MS = 2_500;

/** Stands in every name and is replaced by a number of the same length. */
export const MARK = 'tttttt';

export interface Template {
  /** A protected item with one recovery point, and the job that made it: as stored. */
  readonly item: Entry;
  readonly point: Entry;
  readonly job: Entry;
  /** An item that was stopped before it had any data: the smallest one at rest. */
  readonly stopped: Entry;
  /** The same protected item after its soft delete, its job and its event. */
  readonly deleted: { readonly item: BackupItem; readonly job: BackupJob; readonly event: KubeEvent };
}

const MANIFESTS = `
apiVersion: reprieve.dev/v1alpha1
kind: Vault
metadata: {name: main, namespace: ${NAMESPACE}}
spec: {}
---
apiVersion: reprieve.dev/v1alpha1
kind: BackupPolicy
metadata: {name: daily, namespace: ${NAMESPACE}}
spec: {retention: {daily: {days: 30}}}
---
apiVersion: reprieve.dev/v1alpha1
kind: BackupItem
metadata: {name: item-${MARK}, namespace: ${NAMESPACE}}
spec:
  vaultRef: {name: main}
  policyRef: {name: daily}
  protection: Active
  source: {apiVersion: kubevirt.io/v1, kind: VirtualMachine, namespace: ${NAMESPACE}, name: vm-${MARK}}
---
apiVersion: reprieve.dev/v1alpha1
kind: BackupItem
metadata: {name: stop-${MARK}, namespace: ${NAMESPACE}}
spec:
  vaultRef: {name: main}
  protection: StopRetainData
  source: {apiVersion: kubevirt.io/v1, kind: VirtualMachine, namespace: ${NAMESPACE}, name: off-${MARK}}
`;

/** Needs a running operator that leads. */
export async function makeTemplate(plane: ControlPlane, etcd: Etcd): Promise<Template> {
  await must(plane, ['create', 'namespace', NAMESPACE]);
  await must(plane, ['create', '-f', '-'], MANIFESTS);
  await seen(plane, `item-${MARK}`, 'protectionState', 'Protected');
  await seen(plane, `stop-${MARK}`, 'protectionState', 'ProtectionStopped');
  await must(plane, ['wait', '-n', NAMESPACE, 'backupjobs', '--all', '--for=jsonpath={.status.state}=Completed']);
  const before = await atRest(etcd);
  await must(plane, ['patch', 'backupitem', `item-${MARK}`, '-n', NAMESPACE, '--type=merge', '-p', DELETION]);
  await seen(plane, `item-${MARK}`, 'deleteState', 'ToBeDeleted');
  await must(plane, ['wait', '-n', NAMESPACE, 'backupjobs', '--all', '--for=jsonpath={.status.state}=Completed']);
  return {
    item: find(before, `backupitems/${NAMESPACE}/item-`),
    stopped: slim(find(before, `backupitems/${NAMESPACE}/stop-`)),
    point: find(before, `recoverypoints/${NAMESPACE}/`),
    job: find(before, `backupjobs/${NAMESPACE}/`),
    deleted: await deletion(plane, await objects(etcd)),
  };
}

const DELETION = JSON.stringify({ spec: { protection: 'StopDeleteData' } });

async function deletion(plane: ControlPlane, after: readonly Entry[]): Promise<Template['deleted']> {
  const event = await until('the event of the soft delete', async () => {
    const list = await must(plane, ['get', 'events.v1.events.k8s.io', '-n', NAMESPACE, '-o', 'json']);
    return (JSON.parse(list) as { items: KubeEvent[] }).items.find(({ reason }) => reason === 'SoftDeleted');
  });
  return {
    item: JSON.parse(find(after, `backupitems/${NAMESPACE}/item-`).value) as BackupItem,
    job: JSON.parse(find(after, `-delete-backup-data-`).value) as BackupJob,
    event,
  };
}

async function seen(plane: ControlPlane, name: string, field: string, value: string): Promise<void> {
  await must(plane, ['wait', '-n', NAMESPACE, `backupitem/${name}`, `--for=jsonpath={.status.${field}}=${value}`]);
}

function objects(etcd: Etcd): Promise<readonly Entry[]> {
  return etcd.read('/registry/reprieve.dev/');
}

/** Copies of what is not finished would all be finished at once by the operator that is measured. */
async function atRest(etcd: Etcd): Promise<readonly Entry[]> {
  for (let seen = await objects(etcd); ;) {
    await sleep(REST_MS);
    const now = await objects(etcd);
    if (JSON.stringify(now) === JSON.stringify(seen)) return now;
    seen = now;
  }
}

function find(entries: readonly Entry[], part: string): Entry {
  const entry = entries.find(({ key }) => key.includes(part));
  if (entry === undefined) throw new Error(`template: no object with ${part} in its key`);
  return entry;
}

/** The size that the budget speaks of: 1.7 KB, of which about 740 B are managedFields (here those of the status). */
function slim({ key, value }: Entry): Entry {
  const object = JSON.parse(value) as BackupItem & { metadata: { managedFields: { subresource?: string }[] } };
  const managedFields = object.metadata.managedFields.filter(({ subresource }) => subresource === 'status');
  return { key, value: JSON.stringify({ ...object, metadata: { ...object.metadata, managedFields } }) };
}
