/**
 * A storm of StopDeleteData. Side by side: the raw storm, where a process without an operator's reasons sends the very same
 * writes (raw-storm.ts), and the operator. In both, this process sets spec.protection of every item, 16 at a time.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BACKUP_ITEMS } from '../src/api/names.ts';
import type { BackupItem } from '../src/api/backup-item.gen.ts';
import { adminClient, apiServerSamples, type Bed, startSubject, type Subject } from './bed.ts';
import { itemOf } from './population.ts';
import { cpuMs } from './process-usage.ts';
import type { RawStormOrder, RawStormReport } from './raw-storm.ts';
import { type Sample, total } from './scrape.ts';
import { figure, limit, type Row } from './table.ts';
import { NAMESPACE } from './template.ts';

const METER_IN_FLIGHT = 16;
/** Spec patch, job, hold said in the status, job again, event. */
const WRITES_PER_ITEM = 5;

interface Storm {
  readonly seconds: number;
  /** Of the operator, or of the process that stands in for it. */
  readonly cpuMs: number;
  readonly apiServerCpuMs: number;
  /** By the API server's count, over the storm: the meter's spec patches left out. */
  readonly writes: Writes;
}

interface Writes {
  readonly status: number;
  readonly jobs: number;
  readonly events: number;
  readonly all: number;
}

type Say = (line: string) => void;

export async function rawStorm(bed: Bed, items: number, say: Say): Promise<Storm> {
  const child = fork(path.join(import.meta.dirname, 'raw-storm.ts'), { stdio: 'inherit' });
  const exited = once(child, 'exit');
  const order: RawStormOrder = { identity: bed.identity, template: bed.template, items };
  child.send(order);
  await once(child, 'message');
  const result = await around(bed, child.pid ?? 0, async () => {
    const done = once(child, 'message') as Promise<[RawStormReport]>;
    await sendAll(bed, items, say, (index, resourceVersion) => child.send({ index, resourceVersion }));
    const [{ failed }] = await done;
    if (failed !== undefined) throw new Error(`raw storm: ${failed}`);
  });
  child.disconnect();
  await exited;
  return result;
}

export async function operatorStorm(
  bed: Bed,
  items: number,
  say: Say,
  nodeArgs: readonly string[] = [],
): Promise<Storm & { readonly ended: string }> {
  const subject = await startSubject(bed, { nodeArgs });
  await subject.ready();
  await subject.settled();
  const before = await subject.samples();
  const result = await around(bed, subject.operator.pid, async () => {
    await sendAll(bed, items, say, () => undefined);
    await finished(subject, before, items);
  });
  await subject.settled();
  say(`reconciles: ${reconciles(before, await subject.samples())}`);
  const ended = await stateOf(bed);
  await subject.operator.stop();
  return { ...result, ended };
}

function reconciles(before: readonly Sample[], after: readonly Sample[]): string {
  const name = 'controller_runtime_reconcile_total';
  const controllers = new Set(
    after.filter((sample) => sample.name === name).map(({ labels }) => labels['controller'] ?? ''),
  );
  return [...controllers]
    .map((controller) => `${controller} ${total(after, name, { controller }) - total(before, name, { controller })}`)
    .join(', ');
}

async function around(bed: Bed, pid: number, storm: () => Promise<void>): Promise<Storm> {
  const before = await apiServerSamples(bed);
  const server = bed.plane.parts.apiServer.pid ?? 0;
  const [ownMs, serverMs, startedMs] = [cpuMs(pid), cpuMs(server), performance.now()];
  await storm();
  const seconds = (performance.now() - startedMs) / 1000;
  const [ownEndMs, serverEndMs] = [cpuMs(pid), cpuMs(server)];
  const writes = writesBetween(before, await apiServerSamples(bed));
  return { seconds, cpuMs: ownEndMs - ownMs, apiServerCpuMs: serverEndMs - serverMs, writes };
}

async function sendAll(
  bed: Bed,
  items: number,
  say: Say,
  sent: (index: number, resourceVersion: string) => void,
): Promise<void> {
  const client = await adminClient(bed, METER_IN_FLIGHT);
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; index < items; index = next++) {
      const { name, uid } = itemOf(bed.template, index);
      const { object } = await client.api.patch<BackupItem>(
        BACKUP_ITEMS,
        { namespace: NAMESPACE, name },
        { metadata: { uid }, spec: { protection: 'StopDeleteData' } },
        { fieldManager: 'bench' },
      );
      sent(index, object.metadata.resourceVersion ?? '');
      if ((index + 1) % 2_500 === 0) say(`${index + 1} of ${items} deletions asked for`);
    }
  };
  await Promise.all(Array.from({ length: METER_IN_FLIGHT }, lane));
  await client.close();
}

/** Every status, job and event was written and answered, by the operator's own count. */
async function finished(subject: Subject, before: readonly Sample[], items: number): Promise<void> {
  for (;;) {
    const now = await subject.samples();
    const done = (labels: Record<string, string>) =>
      total(now, 'reprieve_kube_requests_total', labels) - total(before, 'reprieve_kube_requests_total', labels);
    const least = Math.min(
      done({ resource: 'backupitems', verb: 'patch', code: '200' }),
      done({ resource: 'backupjobs', verb: 'patch', code: '200' }),
      done({ resource: 'events', verb: 'create', code: '201' }),
    );
    if (least >= items) return;
    await sleep(least > 0.98 * items ? 50 : 500);
  }
}

function writesBetween(before: readonly Sample[], after: readonly Sample[]): Writes {
  const grown = (labels: Record<string, string | readonly string[]>) =>
    total(after, 'apiserver_request_total', labels) - total(before, 'apiserver_request_total', labels);
  const verb = ['POST', 'PUT', 'PATCH', 'DELETE'];
  const status = grown({ verb, resource: 'backupitems', subresource: 'status' });
  const jobs = grown({ verb, resource: 'backupjobs' });
  const events = grown({ verb, resource: 'events' });
  return {
    status,
    jobs,
    events,
    all: status + jobs + events + grown({ verb, resource: ['vaults', 'backuppolicies'] }),
  };
}

/** How many items are in which state, in words. */
async function stateOf(bed: Bed): Promise<string> {
  const client = await adminClient(bed);
  const counts = new Map<string, number>();
  for (const { status } of await client.api.list<BackupItem>(BACKUP_ITEMS, { namespace: NAMESPACE })) {
    const state = status?.deleteState ?? 'none';
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  await client.close();
  return [...counts].map(([state, count]) => `${count} ${state}`).join(', ');
}

export function stormRows(
  items: number,
  raw: readonly Storm[],
  own: readonly Storm[],
  median: (v: number[]) => number,
): Row[] {
  const of = (storms: readonly Storm[], read: (storm: Storm) => number) => median(storms.map(read));
  const rate = (storm: Storm) => (items * WRITES_PER_ITEM) / storm.seconds;
  const perWrite = (storm: Storm) => storm.cpuMs / storm.writes.all;
  const worst = (read: (writes: Writes) => number) => Math.max(...own.map(({ writes }) => read(writes))) / items;
  const server = (storm: Storm) => storm.apiServerCpuMs / (storm.writes.all + items);
  const title = `storm of ${items} StopDeleteData`;
  const inform = (what: string, measured: string): Row => ({ what: `${title}: ${what}`, budget: '', measured });
  return [
    limit(`${title}: throughput against the raw storm`, of(own, rate) / of(raw, rate), { least: 0.95, unit: '' }),
    limit(`${title}: CPU of the operator per API write`, of(own, perWrite), { most: 0.6, unit: ' ms' }),
    limit(
      `${title}: status writes per item`,
      worst(({ status }) => status),
      { most: 1, unit: '' },
    ),
    limit(
      `${title}: events per item`,
      worst(({ events }) => Math.max(0, events - 2)),
      { most: 1, unit: '' },
    ),
    limit(
      `${title}: job writes per item`,
      worst(({ jobs }) => jobs),
      { most: 2, unit: '' },
    ),
    inform('writes per second, operator and raw', `${figure(of(own, rate))} and ${figure(of(raw, rate))}`),
    inform('CPU per write of the raw sender', `${figure(of(raw, perWrite))} ms`),
    inform(
      'CPU per write of the API server, operator and raw',
      `${figure(of(own, server))} and ${figure(of(raw, server))} ms`,
    ),
  ];
}
