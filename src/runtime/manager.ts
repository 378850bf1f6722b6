/** Starts everything in the order in which it is needed, and ends it in the order in which it may be missed. */
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { Metrics } from '../ports/metrics.ts';
import { errorFields } from './error-fields.ts';
import { LoopLag } from './loop-lag.ts';
import { Probes } from './probes.ts';
import type { CacheHealth } from './probes.ts';
import { sleep } from './waiting.ts';

const DRAIN_MS = 25_000;
/** For reconciles to notice their abort. */
const ABORT_MS = 1_000;
const FLUSH_MS = 2_000;
/** Two calls of 2 s at the very worst; usually one of a few milliseconds. */
const RELEASE_MS = 4_000;
const CLOSE_MS = 1_000;

/** A cache that fills itself. `run` ends when its signal is aborted, and never before. */
export interface Cache extends CacheHealth {
  readonly synced: Promise<unknown>;
  run(signal: AbortSignal): Promise<void>;
  /** Resolves when all that the API server held at the time of the call is in the cache. */
  refresh(): Promise<void>;
}

/** A controller, as far as its life goes; see controller.ts. */
interface Worker {
  readonly name: string;
  run(): Promise<void>;
  stopIntake(): void;
  abort(reason: Error): void;
}

/** An elector, as far as its life goes; see leader.ts. */
export interface Campaign {
  readonly elected: Promise<void>;
  readonly lost: AbortSignal;
  /** Once elected: whether nobody else can have led since {@link look}. */
  readonly uncontested: boolean;
  /** Notes who leads; called before the caches begin to fill. Never rejects. */
  look(): Promise<void>;
  run(signal: AbortSignal): Promise<unknown>;
}

export interface ManagerParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** By the name that probes and logs give them: the plural of the kind. */
  readonly caches: Readonly<Record<string, Cache>>;
  readonly controllers: readonly Worker[];
  readonly leader: Campaign;
  readonly events: { flush(deadlineMs: number): Promise<void> };
  /** Started before anything else: probes must answer while the caches fill. */
  readonly servers: readonly { start(): Promise<unknown>; close(): Promise<void> }[];
  /** Closed last: connection pools. */
  readonly close: readonly (() => Promise<void>)[];
}

/** Why it ends, and with it the exit code. */
type Ending =
  | { readonly type: 'Stopped' }
  | { readonly type: 'LeadershipLost' }
  | { readonly type: 'Failed'; readonly what: string; readonly error: unknown };

export class Manager {
  readonly probes: Probes;
  readonly #parts: ManagerParts;
  readonly #lag: LoopLag;
  readonly #log: Log;
  readonly #cacheScope = new AbortController();
  readonly #campaignScope = new AbortController();
  readonly #ending = Promise.withResolvers<Ending>();
  #ended = false;
  #caching: Promise<unknown> = Promise.resolve();
  #working: Promise<unknown> = Promise.resolve();
  #campaigning: Promise<unknown> = Promise.resolve();

  constructor(parts: ManagerParts) {
    this.#parts = parts;
    this.#log = parts.log.with({ component: 'manager' });
    this.#lag = new LoopLag(parts.clock, parts.metrics);
    this.probes = new Probes(parts.clock, this.#lag, parts.caches);
  }

  /**
   * Runs until `stop` is aborted (SIGTERM), leadership is lost or a part fails. Everything is closed when it resolves.
   *
   * @returns the exit code: 0 after a stop that was asked for, 1 otherwise
   */
  async run(stop: AbortSignal): Promise<0 | 1> {
    this.#endOn(stop, { type: 'Stopped' });
    this.#endOn(this.#parts.leader.lost, { type: 'LeadershipLost' });
    this.#lag.start();
    void this.#startUp().catch((error: unknown) => this.#fail('start', error));
    const ending = await this.#ending.promise;
    this.#announce(ending);
    this.probes.markStopping();
    const code = await this.#stopWorkers(ending);
    await this.#tearDown(ending);
    this.#lag.stop();
    this.#log.info('stopped', { code });
    return code;
  }

  async #startUp(): Promise<void> {
    const { servers, leader, controllers } = this.#parts;
    const caches = Object.entries(this.#parts.caches);
    await Promise.all(servers.map((server) => server.start()));
    if (this.#over()) return;
    await leader.look();
    if (this.#over()) return;
    this.#caching = Promise.all(
      caches.map(([name, cache]) => this.#watched(`cache ${name}`, cache.run(this.#cacheScope.signal))),
    );
    await Promise.all(caches.map(([name, cache]) => cache.synced.then(() => this.probes.markSynced(name))));
    if (this.#over()) return;
    this.#log.info('caches synced');
    this.#campaigning = leader
      .run(this.#campaignScope.signal)
      .catch((error: unknown) => this.#fail('leader election', error));
    await leader.elected;
    if (this.#over()) return;
    if (!leader.uncontested) await this.#refreshCaches();
    if (this.#over()) return;
    this.#working = Promise.all(controllers.map((worker) => this.#watched(`controller ${worker.name}`, worker.run())));
  }

  /**
   * A watch that is half-open is noticed late: what another leader wrote last may be missing from our caches. A list that
   * is made now has it. Ends early with the process.
   */
  async #refreshCaches(): Promise<void> {
    const { clock, caches } = this.#parts;
    const startedMs = clock.monotonicMs();
    await Promise.race([this.#ending.promise, Promise.all(Object.values(caches).map((cache) => cache.refresh()))]);
    if (this.#over()) return;
    const ms = Math.round(clock.monotonicMs() - startedMs);
    this.#log.info('caches read anew, as another may have led meanwhile', { ms });
  }

  #over(): boolean {
    return this.#ended;
  }

  /** A part that ends by itself, well or badly, ends the process: nobody would do its work. */
  async #watched(what: string, running: Promise<void>): Promise<void> {
    try {
      await running;
      if (!this.#over()) this.#fail(what, new Error(`${what} ended by itself`));
    } catch (error) {
      this.#fail(what, error);
    }
  }

  #fail(what: string, error: unknown): void {
    this.#end({ type: 'Failed', what, error });
  }

  #end(ending: Ending): void {
    this.#ended = true;
    this.#ending.resolve(ending);
  }

  #endOn(signal: AbortSignal, ending: Ending): void {
    if (signal.aborted) this.#end(ending);
    else signal.addEventListener('abort', () => this.#end(ending), { once: true });
  }

  #announce(ending: Ending): void {
    if (ending.type === 'Failed') this.#log.error('stopping', { why: ending.what, ...errorFields(ending.error) });
    else this.#log.info('stopping', { why: ending.type });
  }

  /** Lets reconciles end by themselves where there is time for it; none may go on after leadership is lost. */
  async #stopWorkers(ending: Ending): Promise<0 | 1> {
    const { controllers, leader } = this.#parts;
    for (const worker of controllers) worker.stopIntake();
    if (ending.type === 'Stopped') await this.#until(this.#working, DRAIN_MS, leader.lost);
    const reason = new Error(`shutting down: ${ending.type}`);
    for (const worker of controllers) worker.abort(reason);
    await this.#until(this.#working, ABORT_MS);
    return ending.type === 'Stopped' && !leader.lost.aborted ? 0 : 1;
  }

  async #tearDown(ending: Ending): Promise<void> {
    const { events, leader, servers, close } = this.#parts;
    if (ending.type !== 'LeadershipLost' && !leader.lost.aborted) await events.flush(FLUSH_MS);
    // Only now may somebody else begin: nothing of ours is under way any more.
    this.#campaignScope.abort();
    await this.#until(this.#campaigning, RELEASE_MS);
    this.#cacheScope.abort();
    await this.#until(this.#caching, CLOSE_MS);
    const closing = [...servers.map((server) => server.close()), ...close.map((one) => one())];
    await this.#until(Promise.allSettled(closing), CLOSE_MS);
  }

  async #until(settled: Promise<unknown>, ms: number, signal?: AbortSignal): Promise<void> {
    const enough = new AbortController();
    const limits = signal === undefined ? enough.signal : AbortSignal.any([enough.signal, signal]);
    void settled.then(
      () => enough.abort(),
      () => enough.abort(),
    );
    await sleep(this.#parts.clock, ms, limits);
  }
}
