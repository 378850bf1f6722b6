/** From a change of spec to the status that answers it, as somebody sees it who watches the item. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { BackupItem } from '../src/api/backup-item.gen.ts';
import { BACKUP_ITEMS } from '../src/api/names.ts';
import type { KubeClient } from '../src/adapters/kube/api.ts';
import type { WatchEvent } from '../src/ports/kube.ts';
import { adminClient, type Bed } from './bed.ts';
import { itemOf } from './population.ts';
import { figure, limit, quantile, type Row } from './table.ts';
import { NAMESPACE } from './template.ts';

/** Milliseconds, one per change. */
interface Latencies {
  /** From when the API server's answer to the change arrived here. */
  readonly fromAnswer: number[];
  /** From when the change was sent. */
  readonly fromSending: number[];
  /** From when the change was sent until the watcher saw the change itself: what the API server takes for one write. */
  readonly echo: number[];
}

/** When something was seen of an item. */
interface Seen {
  readonly change: (atMs: number) => void;
  readonly status: (atMs: number) => void;
}

/** Watches the items and tells when one is to be deleted, and when it says ToBeDeleted. */
class Onlooker {
  readonly #stop = new AbortController();
  readonly #waiting = new Map<string, Seen>();
  readonly #running: Promise<void>;

  constructor(client: KubeClient, resourceVersion: string) {
    this.#running = this.#watch(client, resourceVersion);
  }

  sees(name: string): { readonly change: Promise<number>; readonly status: Promise<number> } {
    const [change, status] = [Promise.withResolvers<number>(), Promise.withResolvers<number>()];
    this.#waiting.set(name, { change: change.resolve, status: status.resolve });
    return { change: change.promise, status: status.promise };
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  #sawAll(batch: readonly WatchEvent[], atMs: number): void {
    for (const event of batch) {
      if (event.type !== 'MODIFIED') continue;
      const { metadata, spec, status } = event.object as BackupItem;
      const seen = this.#waiting.get(metadata.name);
      if (spec.protection === 'StopDeleteData') seen?.change(atMs);
      if (status?.deleteState === 'ToBeDeleted') seen?.status(atMs);
    }
  }

  async #watch(client: KubeClient, resourceVersion: string): Promise<void> {
    const { signal } = this.#stop;
    const request = { type: BACKUP_ITEMS, namespace: NAMESPACE, resourceVersion, sendInitialEvents: false };
    const batches = client.watchApi.watch({ ...request, timeoutSeconds: 3600, signal });
    try {
      for await (const batch of batches) this.#sawAll(batch, performance.now());
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}

/**
 * @param first number of the first item to delete
 * @param everyMs undefined: the next one when the last one's status has been seen
 */
export async function latencies(
  bed: Bed,
  { first, count, everyMs }: { readonly first: number; readonly count: number; readonly everyMs?: number },
): Promise<Latencies> {
  const client = await adminClient(bed);
  const page = await client.watchApi.listPage({
    type: BACKUP_ITEMS,
    namespace: NAMESPACE,
    limit: 1,
    signal: AbortSignal.timeout(15_000),
  });
  const onlooker = new Onlooker(client, page.resourceVersion);
  const result: Latencies = { fromAnswer: [], fromSending: [], echo: [] };
  const change = async (index: number): Promise<void> => {
    const { name, uid } = itemOf(bed.template, index);
    const seen = onlooker.sees(name);
    const sentMs = performance.now();
    await client.api.patch(
      BACKUP_ITEMS,
      { namespace: NAMESPACE, name },
      { metadata: { uid }, spec: { protection: 'StopDeleteData' } },
      { fieldManager: 'bench' },
    );
    const answeredMs = performance.now();
    const saidMs = await seen.status;
    result.fromAnswer.push(saidMs - answeredMs);
    result.fromSending.push(saidMs - sentMs);
    result.echo.push((await seen.change) - sentMs);
  };
  const startedMs = performance.now();
  const running: Promise<void>[] = [];
  for (let i = 0; i < count; i += 1) {
    const changing = change(first + i);
    if (everyMs === undefined) await changing;
    else {
      running.push(changing);
      await sleep(Math.max(0, startedMs + (i + 1) * everyMs - performance.now()));
    }
  }
  await Promise.all(running);
  await onlooker.stop();
  await client.close();
  return result;
}

export function latencyRows(title: string, { fromAnswer, fromSending, echo }: Latencies, p50Most?: number): Row[] {
  const what = `spec change to status, ${title}`;
  const both = (values: readonly number[]) =>
    `${[0.5, 0.99].map((share) => figure(quantile(values, share))).join(' and ')} ms`;
  return [
    ...(p50Most === undefined
      ? []
      : [limit(`${what}: p50`, quantile(fromAnswer, 0.5), { most: p50Most, unit: ' ms' })]),
    limit(`${what}: p99`, quantile(fromAnswer, 0.99), { most: 50, unit: ' ms' }),
    { what: `${what}: p50 and p99 with the change's own request`, budget: '', measured: both(fromSending) },
    { what: `${what}: p50 and p99 until the change itself is seen`, budget: '', measured: both(echo) },
  ];
}
