/** Events as a real API server takes them, and as kubectl shows them. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SystemClock } from '../../src/adapters/clock/system-clock.ts';
import { connectKube } from '../../src/adapters/kube/api.ts';
import type { KubeClient } from '../../src/adapters/kube/api.ts';
import { Pacer } from '../../src/runtime/pacer.ts';
import { EventRecorder } from '../../src/runtime/events.ts';
import type { EventNotice } from '../../src/runtime/events.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane/control-plane.ts';
import { waitUntil } from '../support/control-plane/ready.ts';
import { runtimeParts, sample } from '../support/runtime-parts.ts';

const SECOND = 1_000;
const CONFIG_MAP = { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true };
const NAMESPACE = { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace', namespaced: false };

let plane: ControlPlane;
let client: KubeClient;
const clock = new SystemClock();
const parts = { ...runtimeParts(), clock, pacer: new Pacer(clock) };

beforeAll(async () => {
  plane = await startControlPlane({ controllerManager: false });
  client = await connectKube({ type: 'Kubeconfig', file: plane.adminKubeconfig }, parts);
});

afterAll(async () => {
  await client.close();
  await plane.stop();
});

function notice(change: Partial<EventNotice> = {}): EventNotice {
  const key = { namespace: 'default', name: 'events-test' };
  return {
    regarding: { type: CONFIG_MAP, key, uid: 'b7a1c7a4-0000-4000-8000-000000000001' },
    type: 'Normal',
    reason: 'SoftDeleted',
    note: 'Kept until 2026-03-15.',
    action: 'SoftDelete',
    ...change,
  };
}

interface Shown {
  readonly reason: string;
  readonly note: string;
  readonly series?: { readonly count: number };
}

async function shown(): Promise<readonly Shown[]> {
  const { stdout } = await plane.kubectl(['get', 'events.events.k8s.io', '-n', 'default', '-o', 'json']);
  return (JSON.parse(stdout) as { readonly items: readonly Shown[] }).items;
}

test('every kind of event is accepted: of an object, of a namespace, repeated, with a note that is too long', async () => {
  const recorder = new EventRecorder({ ...parts, kube: client.api, instance: 'operator-0' });
  const key = { namespace: '', name: 'default' };
  const uid = 'b7a1c7a4-0000-4000-8000-000000000002';
  recorder.record(notice());
  recorder.record(notice({ reason: 'OfNamespace', regarding: { type: NAMESPACE, key, uid } }));
  recorder.record(notice({ reason: 'Long', note: 'ü'.repeat(2_000), type: 'Warning' }));
  await waitUntil('three events', 10 * SECOND, async () => (await shown()).length >= 3);
  recorder.record(notice());
  recorder.record(notice());
  await recorder.flush(10 * SECOND);

  const events = await shown();
  const series = events.find(({ reason }) => reason === 'SoftDeleted')?.series;
  expect(events.map(({ reason }) => reason).toSorted()).toEqual(
    expect.arrayContaining(['Long', 'OfNamespace', 'SoftDeleted']),
  );
  expect(series?.count).toBe(3);
  expect(events.find(({ reason }) => reason === 'Long')?.note).toHaveLength(511);
  expect(await sample(parts.metrics, 'reprieve_events_dropped_total{cause="Failed"}')).toBeUndefined();
  const { stdout } = await plane.kubectl(['get', 'events', '-n', 'default']);
  expect(stdout).toMatch(/Normal\s+SoftDeleted\s+configmap\/events-test\s+Kept until 2026-03-15\./);
});
