/** What an operator costs while nothing happens, and how soon it is back after a restart. */
import { setTimeout as sleep } from 'node:timers/promises';
import { BACKUP_ITEMS } from '../src/api/names.ts';
import type { BackupItem } from '../src/api/backup-item.gen.ts';
import { must } from '../test/support/operator/identity.ts';
import { until } from '../test/support/operator/until.ts';
import { adminClient, apiServerSamples, type Bed, startSubject, type Subject } from './bed.ts';
import { itemOf } from './population.ts';
import { cpuMs } from './process-usage.ts';
import { type Sample, total } from './scrape.ts';
import { figure, limit, median, type Row } from './table.ts';
import { NAMESPACE } from './template.ts';

const IDLE_MS = 60_000;
const OWN_RESOURCES = ['backupitems', 'recoverypoints', 'backupjobs', 'vaults', 'backuppolicies', 'events'];

export async function idleRows(bed: Bed, items: number): Promise<Row[]> {
  const leader = await idle(bed, []);
  const without = await idle(bed, ['--leader-elect=false']);
  const what = `idle with ${items} items`;
  const minutes = IDLE_MS / 60_000;
  return [
    limit(`${what}: writes apart from the lease, in a minute`, leader.writes / minutes, { most: 0, unit: '' }),
    limit(`${what}: requests per second`, leader.requests / (IDLE_MS / 1000), { most: 1, unit: '' }),
    limit(`${what}: CPU in a minute, without the lease`, without.cpuMs / 1000 / minutes, { most: 0.1, unit: ' s' }),
    {
      what: `${what}: CPU in a minute, with the lease`,
      budget: '',
      measured: `${figure(leader.cpuMs / 1000 / minutes)} s`,
    },
  ];
}

async function idle(bed: Bed, args: readonly string[]) {
  const subject = await startSubject(bed, { args });
  await subject.ready();
  await subject.settled();
  await sleep(10_000);
  const [server, own] = [await apiServerSamples(bed), await subject.samples()];
  // What the scrapes set off is over.
  await sleep(1_000);
  const spentMs = cpuMs(subject.operator.pid);
  await sleep(IDLE_MS);
  const spent = cpuMs(subject.operator.pid) - spentMs;
  const [serverAfter, ownAfter] = [await apiServerSamples(bed), await subject.samples()];
  await subject.operator.stop();
  return { cpuMs: spent, writes: writes(serverAfter) - writes(server), requests: requests(ownAfter) - requests(own) };
}

function writes(samples: readonly Sample[]): number {
  return total(samples, 'apiserver_request_total', {
    verb: ['POST', 'PUT', 'PATCH', 'DELETE'],
    resource: OWN_RESOURCES,
  });
}

function requests(samples: readonly Sample[]): number {
  return total(samples, 'reprieve_kube_requests_total');
}

interface Restart {
  readonly seconds: number;
  /** CPU of the API server meanwhile, seconds. */
  readonly serverSeconds: number;
}

interface RestartOptions {
  /** For the table: how many of what there are. */
  readonly what: string;
  /** Which items are changed. */
  readonly sort: 'item' | 'stopped';
  readonly repeat: number;
  /** Seconds; absent where there is no budget. */
  readonly most?: number;
}

/** The first item in order is changed while the operator is away: its status is the first thing that it has to say. */
export async function restartRows(bed: Bed, { what, sort, repeat, most }: RestartOptions): Promise<Row[]> {
  const restarts: Restart[] = [];
  const stops: number[] = [];
  for (let i = 0; i < repeat; i += 1) {
    const before = await startSubject(bed);
    await before.ready();
    await before.settled();
    const stoppingMs = performance.now();
    await before.operator.stop();
    stops.push((performance.now() - stoppingMs) / 1000);
    restarts.push(await untilFirstStatus(bed, itemOf(bed.template, i, sort).name));
  }
  const seconds = median(restarts.map((restart) => restart.seconds));
  const server = median(restarts.map(({ serverSeconds }) => serverSeconds));
  const title = `restart with ${what}`;
  return [
    most === undefined
      ? { what: `${title}: start to first status`, budget: '', measured: `${figure(seconds)} s` }
      : limit(`${title}: start to first status`, seconds, { most, unit: ' s' }),
    { what: `${title}: CPU of the API server meanwhile`, budget: '', measured: `${figure(server)} s` },
    { what: `${title}: graceful end`, budget: '', measured: `${figure(median(stops))} s` },
  ];
}

async function untilFirstStatus(bed: Bed, name: string): Promise<Restart> {
  const patch = JSON.stringify({ spec: { protection: 'StopDeleteData' } });
  await must(bed.plane, ['patch', 'backupitem', name, '-n', NAMESPACE, '--type=merge', '-p', patch]);
  const client = await adminClient(bed);
  const isSaid = async () => {
    const item = await client.api.get<BackupItem>(BACKUP_ITEMS, { namespace: NAMESPACE, name });
    return item.status?.deleteState === 'ToBeDeleted' || item.status?.deleteState === 'Purged';
  };
  await isSaid();
  const server = bed.plane.parts.apiServer.pid ?? 0;
  const [startedMs, serverMs] = [performance.now(), cpuMs(server)];
  const subject: Subject = await startSubject(bed);
  await until('the first status', isSaid, { withinMs: 60_000, everyMs: 10 });
  const seconds = (performance.now() - startedMs) / 1000;
  const serverSeconds = (cpuMs(server) - serverMs) / 1000;
  await subject.settled();
  await subject.operator.stop();
  await client.close();
  return { seconds, serverSeconds };
}
