/**
 * A process that syncs one cache from the server named by its arguments, and says on its output what that cost: for tests
 * and measurements that need a process of their own.
 *
 *     node sync-once.ts ORIGIN DIRECTORY    DIRECTORY holds token and, for https, ca.crt
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectKube } from '../../../src/adapters/kube/api.ts';
import { SystemClock } from '../../../src/adapters/clock/system-clock.ts';
import { Reflector } from '../../../src/runtime/reflector.ts';
import { Store } from '../../../src/runtime/store.ts';
import { ITEMS } from './items.ts';
import { quietLog, quietMetrics } from './quiet.ts';

export interface SyncCost {
  readonly objects: number;
  readonly cpuMs: number;
  readonly wallMs: number;
  /** Longest the event loop stood still. */
  readonly stallMs: number;
  readonly rssPeakMiB: number;
  readonly rssSettledMiB: number;
  readonly heapBytesPerObject: number;
}

const [origin = '', directory = ''] = process.argv.slice(2);
const parts = { clock: new SystemClock(), random: Math.random, log: quietLog, metrics: quietMetrics };
const kube = await connectKube({ type: 'ServiceAccount', directory, server: origin }, parts);
const store = new Store(ITEMS, parts);
const reflector = new Reflector(ITEMS.type, store, { ...parts, kube: kube.watchApi });
const stop = new AbortController();

globalThis.gc?.();
const heapBefore = getHeapStatistics().used_heap_size;
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
const cpuBefore = process.cpuUsage();
const startMs = performance.now();
const running = reflector.run(stop.signal);
await reflector.synced;
const wallMs = performance.now() - startMs;
const { user, system } = process.cpuUsage(cpuBefore);
delay.disable();
const rssPeak = process.resourceUsage().maxRSS / 1_024;
await sleep(Number(process.env['SETTLE_MS'] ?? '0'));
globalThis.gc?.();
const cost: SyncCost = {
  objects: store.size,
  cpuMs: Math.round((user + system) / 1_000),
  wallMs: Math.round(wallMs),
  stallMs: Math.round(delay.max / 1e6),
  rssPeakMiB: Math.round(rssPeak),
  rssSettledMiB: Math.round(process.memoryUsage.rss() / 2 ** 20),
  heapBytesPerObject: Math.round((getHeapStatistics().used_heap_size - heapBefore) / Math.max(1, store.size)),
};
process.stdout.write(`${JSON.stringify(cost)}\n`);
stop.abort();
await running;
await kube.close();
