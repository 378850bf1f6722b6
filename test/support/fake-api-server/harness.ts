/** A client of a fake API server, with everything around it recorded. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectKube, type KubeClient, type KubeClientOptions } from '../../../src/adapters/kube/api.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import { Reflector } from '../../../src/runtime/reflector.ts';
import { Store, type CachedKind } from '../../../src/runtime/store.ts';
import type { KubeObject } from '../../../src/api/meta.ts';
import { RecordedMetrics, recordingLog, type LogLine } from './quiet.ts';
import { certificate, THINGS, type FakeApiServer } from './server.ts';

/** Its hours are minutes: backoffs and timeouts keep their proportions, and a test does not wait for them. */
export class HastyClock implements Clock {
  readonly #factor: number;
  readonly #startWallMs = Date.now();

  constructor(factor = 50) {
    this.#factor = factor;
  }

  wallMs(): number {
    return this.#startWallMs + this.monotonicMs();
  }

  monotonicMs(): number {
    return performance.now() * this.#factor;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = setTimeout(callback, delayMs / this.#factor);
    return () => clearTimeout(timer);
  }

  yieldTurn(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }
}

export interface Connected extends AsyncDisposable {
  readonly kube: KubeClient;
  readonly clock: Clock;
  readonly log: LogLine[];
  readonly metrics: RecordedMetrics;
  /** The ServiceAccount directory that it reads. */
  readonly directory: string;
  /** Replaces the token file, as kubelet does. */
  rotateToken(token: string): Promise<void>;
}

export async function connectTo(
  fake: FakeApiServer,
  options: KubeClientOptions & { readonly token?: string; readonly clock?: Clock } = {},
): Promise<Connected> {
  const directory = await mkdtemp(path.join(tmpdir(), 'reprieve-sa-'));
  const rotateToken = (token: string): Promise<void> => writeFile(path.join(directory, 'token'), token);
  await rotateToken(options.token ?? 'a-token');
  await writeFile(path.join(directory, 'ca.crt'), certificate('First'));
  const log: LogLine[] = [];
  const metrics = new RecordedMetrics();
  const clock = options.clock ?? new HastyClock();
  const kube = await connectKube(
    { type: 'ServiceAccount', directory, server: fake.origin },
    { clock, random: () => 0, log: recordingLog(log), metrics },
    { callTimeoutMs: 600_000, ...options },
  );
  const dispose = async (): Promise<void> => {
    await kube.close();
    await rm(directory, { recursive: true });
  };
  return { kube, clock, log, metrics, directory, rotateToken, [Symbol.asyncDispose]: dispose };
}

export interface Thing extends KubeObject {
  readonly spec?: { readonly size?: number; readonly owner?: string };
}

export interface ThingFacets {
  readonly size: number;
  readonly owner: string;
}

export const THING_KIND: CachedKind<Thing, ThingFacets> = {
  type: THINGS,
  trim: (thing) => thing,
  facets: ({ spec }) => ({ size: spec?.size ?? 0, owner: spec?.owner ?? '' }),
  indexes: { owner: { scope: 'Everywhere', values: ({ owner }) => (owner === '' ? [] : [owner]) } },
};

export interface Reflecting extends AsyncDisposable {
  readonly store: Store<Thing, ThingFacets>;
  readonly reflector: Reflector<Thing, ThingFacets>;
  /** Stops it and waits until it has. */
  stop(): Promise<void>;
}

/** A store that is being kept equal to the fake. */
export function reflect({ kube, clock, log, metrics }: Connected): Reflecting {
  const parts = { clock, log: recordingLog(log), metrics, random: Math.random, kube: kube.watchApi };
  const store = new Store(THING_KIND, parts);
  const reflector = new Reflector(THINGS, store, parts);
  const abort = new AbortController();
  const running = reflector.run(abort.signal);
  const stop = async (): Promise<void> => {
    abort.abort();
    await running;
  };
  return { store, reflector, stop, [Symbol.asyncDispose]: stop };
}

/** Waits until it holds; the error after ten seconds shows what was there instead. */
export async function eventually(holds: () => boolean, shows: () => unknown = () => 'the condition'): Promise<void> {
  const endMs = performance.now() + 10_000;
  while (!holds()) {
    if (performance.now() > endMs) throw new Error(`not within 10 s: ${JSON.stringify(shows())}`);
    await sleep(2);
  }
}

/** What store and server hold, in a form that can be compared. */
function contentOf(store: Store<Thing, ThingFacets>): Readonly<Record<string, string>> {
  const pairs = [...store.keys()].sort().map((key) => {
    const { metadata, spec } = store.get(key) ?? { metadata: undefined, spec: undefined };
    return [key, `${metadata?.uid ?? ''}@${metadata?.resourceVersion ?? ''} ${JSON.stringify(spec)}`];
  });
  return Object.fromEntries(pairs) as Record<string, string>;
}

function contentOfWorld({ world }: FakeApiServer): Readonly<Record<string, string>> {
  const pairs = [...world.objects.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, object]) => {
      const { metadata, spec } = object as Thing;
      return [key, `${metadata.uid ?? ''}@${metadata.resourceVersion ?? ''} ${JSON.stringify(spec)}`];
    });
  return Object.fromEntries(pairs) as Record<string, string>;
}

export function put(fake: FakeApiServer, name: string, size = 0): void {
  fake.world.put({ namespace: 'a', name, spec: { size } });
}

/** Waits until the store holds what the server does. */
export async function converges(fake: FakeApiServer, { store }: Pick<Reflecting, 'store'>): Promise<void> {
  const shows = () => ({ store: contentOf(store), server: contentOfWorld(fake) });
  await eventually(() => JSON.stringify(shows().store) === JSON.stringify(shows().server), shows);
}
