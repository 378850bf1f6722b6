/** A cold start: CPU and time until ready, memory once everything has been looked at, the longest stall of the event loop. */
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { must } from '../test/support/operator/identity.ts';
import { until } from '../test/support/operator/until.ts';
import type { OperatorProcess } from '../test/support/operator/process.ts';
import { type Bed, startSubject } from './bed.ts';
import { seed } from './population.ts';
import { cpuMs, residentMiB } from './process-usage.ts';
import { figure, limit, median, type Row } from './table.ts';

const SETTLE_MS = 15_000;

interface Start {
  readonly cpuMs: number;
  readonly readyMs: number;
  readonly residentMiB: number;
  readonly peakMiB: number;
}

type Say = (line: string) => void;

async function start(bed: Bed, leads: boolean): Promise<Start> {
  const subject = await startSubject(bed);
  const readyMs = await subject.ready();
  const spentMs = cpuMs(subject.operator.pid);
  if (leads) await subject.settled();
  await sleep(SETTLE_MS);
  const { now, peak } = residentMiB(subject.operator.pid);
  await subject.operator.stop();
  return { cpuMs: spentMs, readyMs, residentMiB: now, peakMiB: peak };
}

const preloaded = (file: string): readonly string[] => ['--import', path.join(import.meta.dirname, file)];

/** What a preloaded observer says on SIGUSR2. */
async function told(operator: OperatorProcess, wanted: string): Promise<Readonly<Record<string, unknown>>> {
  const isIt = ({ message }: Readonly<Record<string, unknown>>): boolean => message === wanted;
  const before = operator.lines.filter(isIt).length;
  operator.signal('SIGUSR2');
  return until(`the ${wanted}`, () => operator.lines.filter(isIt)[before], { withinMs: 60_000 });
}

/** In a start of its own: watching the loop costs a wake-up every two milliseconds. Loading the program doesn't count. */
async function stall(bed: Bed): Promise<number> {
  const subject = await startSubject(bed, { nodeArgs: preloaded('loop-delay.ts') });
  const { operator } = subject;
  await subject.serving();
  await told(operator, 'loop delay');
  await subject.ready();
  await subject.settled();
  const { maxMs } = await told(operator, 'loop delay');
  await operator.stop();
  return maxMs as number;
}

/** MiB of a follower's heap without garbage. */
async function heapMiB(bed: Bed): Promise<number> {
  const subject = await startSubject(bed, { nodeArgs: ['--expose-gc', ...preloaded('heap-size.ts')] });
  await subject.ready();
  const { bytes } = await told(subject.operator, 'heap size');
  await subject.operator.stop();
  return (bytes as number) / 2 ** 20;
}

async function times<T>(repeat: number, once: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  while (results.length < repeat) results.push(await once());
  return results;
}

export async function syncRows(bed: Bed, sizes: readonly [number, number], repeat: number, say: Say): Promise<Row[]> {
  const [small, large] = sizes;
  const rows: Row[] = [];
  const inform = (what: string, measured: string): Row => ({ what, budget: '', measured });
  const of = (starts: readonly Start[], read: (one: Start) => number) => median(starts.map(read));

  await seed(bed.etcd, bed.template, { sorts: ['stopped'], to: small }, say);
  const few = await times(repeat, () => start(bed, true));
  say(`cold sync of ${small} measured`);
  rows.push(
    limit(
      `cold sync of ${small} items: memory`,
      of(few, (s) => s.residentMiB),
      { most: 120, unit: ' MiB' },
    ),
  );
  rows.push(inform(`cold sync of ${small} items: CPU and time until ready`, untilReady(few)));

  await seed(bed.etcd, bed.template, { sorts: ['stopped'], from: small, to: large }, say);
  const many = await times(repeat, () => start(bed, true));
  say(`cold sync of ${large} measured`);
  const cpu = of(many, (s) => s.cpuMs) / 1000;
  rows.push(limit(`cold sync of ${large} items: CPU until ready`, cpu, { most: 3, unit: ' s' }));
  rows.push(
    limit(
      `cold sync of ${large} items: memory`,
      of(many, (s) => s.residentMiB),
      { most: 200, unit: ' MiB' },
    ),
  );
  const stalls = await times(repeat, () => stall(bed));
  rows.push(limit(`cold sync of ${large} items: longest stall`, median(stalls), { most: 50, unit: ' ms' }));
  rows.push(inform(`cold sync of ${large} items: CPU and time until ready`, untilReady(many)));
  rows.push(inform(`cold sync of ${large} items: peak memory`, `${figure(of(many, (s) => s.peakMiB))} MiB`));
  rows.push(...(await perObject(bed, large, repeat, say)));
  return rows;
}

function untilReady(starts: readonly Start[]): string {
  const cpu = median(starts.map((s) => s.cpuMs)) / 1000;
  const wall = median(starts.map((s) => s.readyMs)) / 1000;
  return `${figure(cpu)} s, ${figure(wall)} s`;
}

/** Points and jobs of nobody would be looked at by a leader; a follower only keeps them. */
async function perObject(bed: Bed, count: number, repeat: number, say: Say): Promise<Row[]> {
  await must(bed.plane, ['delete', 'lease', '-n', 'reprieve-system', '--all']);
  await must(bed.plane, ['create', '-f', '-'], HELD_LEASE);
  const measure = async () => ({
    heap: await heapMiB(bed),
    resident: median((await times(repeat, () => start(bed, false))).map((s) => s.residentMiB)),
  });
  const without = await measure();
  await seed(bed.etcd, bed.template, { sorts: ['point', 'job'], to: count }, say);
  const withThem = await measure();
  const each = (mib: number): number => (mib * 1024) / (2 * count);
  const resident = each(withThem.resident - without.resident);
  return [
    limit('each cached point or job: heap', each(withThem.heap - without.heap), { most: 1, unit: ' KiB' }),
    {
      what: 'each cached point or job: growth of resident memory',
      budget: '',
      measured: `${figure(resident)} KiB`,
    },
  ];
}

const HELD_LEASE = `
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: {name: reprieve-leader, namespace: reprieve-system}
spec:
  holderIdentity: bench
  leaseDurationSeconds: 86400
  leaseTransitions: 0
  acquireTime: "2026-01-01T00:00:00.000000Z"
  renewTime: "2026-01-01T00:00:00.000000Z"
`;
