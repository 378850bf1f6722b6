/**
 * The raw storm's own process: for each item that it is told of it sends what the operator would (job, status, event, job),
 * with the operator's identity, transport and concurrency, and nothing else: no watch, no cache, no decision.
 */
import type { BackupItem } from '../src/api/backup-item.gen.ts';
import type { BackupJob } from '../src/api/backup-job.gen.ts';
import { BACKUP_ITEMS, BACKUP_JOBS, MANAGER } from '../src/api/names.ts';
import type { KubeApi } from '../src/ports/kube.ts';
import { EVENT_TYPE, type KubeEvent } from '../src/runtime/event-object.ts';
import { mergePatch } from '../src/runtime/merge-patch.ts';
import type { OperatorIdentity } from '../test/support/operator/identity.ts';
import { operatorClient } from './bed.ts';
import { itemOf, numbered } from './population.ts';
import type { Template } from './template.ts';

export interface RawStormOrder {
  readonly identity: OperatorIdentity;
  readonly template: Template;
  readonly items: number;
}

export interface RawStormReport {
  readonly failed?: string;
}

interface Told {
  readonly index: number;
  readonly resourceVersion: string;
}

/** As the operator's item controller and its event recorder. */
const WORKERS = 12;
const EVENT_SENDERS = 4;

class RawStorm {
  readonly #kube: KubeApi;
  readonly #template: Template;
  readonly #status: string;
  readonly #items: Lanes<Told>;
  readonly #events: Lanes<number>;

  constructor(kube: KubeApi, { template, items }: RawStormOrder) {
    this.#kube = kube;
    this.#template = template;
    const before = JSON.parse(template.item.value) as BackupItem;
    const change = mergePatch(
      before.status as Record<string, unknown>,
      template.deleted.item.status as Record<string, unknown>,
    );
    this.#status = JSON.stringify(change);
    this.#events = new Lanes(EVENT_SENDERS, items, (index) => this.#event(index));
    this.#items = new Lanes(WORKERS, items, (told) => this.#item(told));
  }

  told(told: Told): void {
    this.#items.push(told);
  }

  async finished(): Promise<void> {
    await Promise.all([this.#items.finished, this.#events.finished]);
  }

  async #item({ index, resourceVersion }: Told): Promise<void> {
    const { job } = this.#template.deleted;
    const { name, labels, finalizers, namespace = '' } = job.metadata;
    const own = { apiVersion: job.apiVersion, kind: job.kind, spec: job.spec };
    const body = this.#numbered({ ...own, metadata: { name, namespace, labels, finalizers } } as BackupJob, index);
    const { object } = await this.#kube.create(BACKUP_JOBS, body, { fieldManager: MANAGER });
    const item = { namespace, ...itemOf(this.#template, index) };
    const status = JSON.parse(numbered(this.#status, index)) as Record<string, unknown>;
    const metadata = { resourceVersion, uid: item.uid };
    await this.#kube.patchStatus(BACKUP_ITEMS, item, { metadata, status }, { fieldManager: MANAGER });
    this.#events.push(index);
    const done = { metadata: object.metadata, status: this.#numbered(job.status ?? {}, index) };
    const key = { namespace, name: object.metadata.name };
    const { resourceVersion: version = '', uid = '' } = done.metadata;
    const patch = { metadata: { resourceVersion: version, uid }, status: done.status };
    await this.#kube.patchStatus(BACKUP_JOBS, key, patch, { fieldManager: MANAGER });
  }

  async #event(index: number): Promise<void> {
    const { metadata, ...rest } = this.#template.deleted.event;
    const { name } = itemOf(this.#template, index);
    const suffix = metadata.name.slice(metadata.name.lastIndexOf('.'));
    const own = { namespace: metadata.namespace ?? '', name: `${name}${suffix}` };
    const event = { ...this.#numbered(rest, index), metadata: own } as KubeEvent;
    await this.#kube.create(EVENT_TYPE, event, { fieldManager: 'reprieve-events' });
  }

  #numbered<T>(value: T, index: number): T {
    return JSON.parse(numbered(JSON.stringify(value), index)) as T;
  }
}

/** A queue and so many loops that empty it. */
class Lanes<T> {
  readonly finished: Promise<void>;
  readonly #queue: T[] = [];
  readonly #work: (entry: T) => Promise<void>;
  readonly #lanes: number;
  readonly #end = Promise.withResolvers<undefined>();
  #next = 0;
  #busy = 0;
  #left: number;

  constructor(lanes: number, expected: number, work: (entry: T) => Promise<void>) {
    this.#lanes = lanes;
    this.#left = expected;
    this.#work = work;
    this.finished = this.#end.promise.then(() => undefined);
  }

  push(entry: T): void {
    this.#queue.push(entry);
    if (this.#busy < this.#lanes) void this.#run();
  }

  async #run(): Promise<void> {
    this.#busy += 1;
    try {
      for (let entry = this.#queue[this.#next]; entry !== undefined; entry = this.#queue[this.#next]) {
        this.#next += 1;
        await this.#work(entry);
        this.#left -= 1;
      }
      if (this.#left === 0) this.#end.resolve(undefined);
    } catch (error) {
      this.#end.reject(error);
    } finally {
      this.#busy -= 1;
    }
  }
}

function report(message: RawStormReport | { readonly ready: true }): void {
  process.send?.(message);
}

async function run(order: RawStormOrder): Promise<void> {
  const client = await operatorClient(order.identity);
  const storm = new RawStorm(client.api, order);
  process.on('message', (told: Told) => storm.told(told));
  report({ ready: true });
  try {
    await storm.finished();
    report({});
  } catch (error) {
    report({ failed: String(error) });
  }
  await client.close();
}

if (process.send !== undefined) process.once('message', (order: RawStormOrder) => void run(order));
