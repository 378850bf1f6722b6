/**
 * Keeps a store equal to the API server: initial content, then a watch, for as long as it runs. A watch that ends is opened
 * again where it ended; the whole list is read again only where the server has lost the history in between.
 *
 * The initial content comes as a stream (WatchList, Kubernetes 1.34 and 1.32) or, where the server does not do that, in
 * pages. Behaviour follows client-go's reflector where nothing else is said.
 */
import type { KubeObject, ResourceType } from '../api/meta.ts';
import type { Clock, Random } from '../ports/clock.ts';
import type { KubeWatchApi, WatchEvent } from '../ports/kube.ts';
import type { Log } from '../ports/log.ts';
import type { Metrics } from '../ports/metrics.ts';
import { listInto } from './paged-list.ts';
import { reflectorMetrics, type ReflectorMetrics } from './reflector-metrics.ts';
import type { Replacement } from './replacement.ts';
import { isLater, revisionOf } from './resource-version.ts';
import { Silence } from './silence.ts';
import { Slice } from './slice.ts';
import type { Store } from './store.ts';
import { sleep } from './waiting.ts';
import { REFRESH, SilentStream, STOPPED, WatchRecovery, WENT_BACK, type Ending } from './watch-recovery.ts';
import { WatchSession, type Verdict } from './watch-session.ts';

export interface ReflectorParts {
  readonly kube: KubeWatchApi;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface ReflectorOptions {
  /** Absent: all namespaces. */
  readonly namespace?: string;
  /** A stream of initial events that stays silent this long is given up for pages; at least thrice the last sync. 10 s. */
  readonly initialSilenceMs?: number;
}

/** The server ends a watch after 5 to 10 minutes: several servers share the watches again, nothing hangs for ever. */
const WATCH_SECONDS = 300;

/** A wish for the whole list. `begun`: a list was asked for after the wish, so that its content will do. */
interface Wish {
  readonly granted: PromiseWithResolvers<undefined>;
  begun: boolean;
}

export class Reflector<T extends KubeObject, F> {
  /** Resolves when the whole list has arrived for the first time and its changes have been told. */
  readonly synced: Promise<void>;
  readonly #type: ResourceType;
  readonly #store: Store<T, F>;
  readonly #parts: ReflectorParts;
  readonly #options: ReflectorOptions;
  readonly #log: Log;
  readonly #metrics: ReflectorMetrics;
  readonly #recovery: WatchRecovery;
  readonly #firstSync = Promise.withResolvers<undefined>();
  #running = false;
  #wish: Wish | undefined;
  /** Aborted to end a watch, a list or a wait before its time. */
  #interrupt = new AbortController();
  #position: string | undefined;
  #lastSyncMs = 0;
  #contactMs: number;
  #lastEventWallMs = 0;

  constructor(type: ResourceType, store: Store<T, F>, parts: ReflectorParts, options: ReflectorOptions = {}) {
    this.#type = type;
    this.#store = store;
    this.#parts = parts;
    this.#options = options;
    this.#log = parts.log.with({ resource: type.plural });
    this.#metrics = reflectorMetrics(parts.metrics, type.plural, () => this.#lastEventWallMs / 1_000);
    this.#recovery = new WatchRecovery(parts.random, this.#log);
    this.#contactMs = parts.clock.monotonicMs();
    this.synced = this.#firstSync.promise.then(() => undefined);
  }

  /** Monotonic time at which the server was last heard of: an event, a bookmark, a page, a watch that ended in order. */
  lastContactMs(): number {
    return this.#contactMs;
  }

  /**
   * Runs until the signal is aborted; resolves then, and changes nothing after. What fails is tried again for ever.
   * @throws Error when it is running already
   */
  async run(signal: AbortSignal): Promise<void> {
    if (this.#running) throw new Error(`reflector: ${this.#type.plural} is running already; start it once`);
    this.#running = true;
    try {
      while (!signal.aborted) {
        this.#interrupt = new AbortController();
        const scope = AbortSignal.any([signal, this.#interrupt.signal]);
        this.#beginWish();
        const ending = await this.#round(scope);
        if (!aborted(signal)) await this.#between(aborted(scope) ? REFRESH : ending, scope);
      }
    } finally {
      this.#running = false;
      this.#wish?.granted.reject(new Error(`reflector: ${this.#type.plural} was stopped before it was read anew`));
      this.#wish = undefined;
    }
  }

  /**
   * Reads the whole list anew, as the server holds it now, whatever the watch has told: one that is half-open tells nothing
   * for a long time. Resolves when the list is in the store and its changes have been told; tries for as long as it runs. A
   * call while another waits shares its list.
   *
   * @throws Error where it does not run, or is stopped meanwhile
   */
  async refresh(): Promise<void> {
    if (!this.#running)
      throw new Error(`reflector: ${this.#type.plural} does not run; start it before it is refreshed`);
    if (this.#wish === undefined) {
      this.#wish = { granted: Promise.withResolvers(), begun: false };
      this.#interrupt.abort();
    }
    await this.#wish.granted.promise;
  }

  /** A list that is asked for from here on is newer than the wish. */
  #beginWish(): void {
    if (this.#wish === undefined) return;
    this.#wish.begun = true;
    this.#giveUpPosition(REFRESH.cause);
  }

  #grantWish(): void {
    if (this.#wish?.begun !== true) return;
    this.#wish.granted.resolve(undefined);
    this.#wish = undefined;
  }

  /** Initial content where needed, then one watch. */
  async #round(signal: AbortSignal): Promise<Ending> {
    const startedMs = this.#parts.clock.monotonicMs();
    const resumes = this.#position !== undefined;
    let session: WatchSession<T, F> | undefined;
    try {
      if (!resumes && !this.#recovery.streamsInitially) await this.#list(signal);
      session = this.#session();
      if (resumes && (await this.#isBehind(session.position ?? '', signal))) return WENT_BACK;
      const verdict = await this.#watch(session, signal);
      if (signal.aborted) return STOPPED;
      this.#contact();
      return this.#recovery.ended(verdict, session, this.#parts.clock.monotonicMs() - startedMs);
    } catch (error) {
      return signal.aborted ? STOPPED : this.#recovery.failed(error, session);
    }
  }

  #session(): WatchSession<T, F> {
    const start =
      this.#position === undefined ? { replacement: this.#store.beginReplacement() } : { position: this.#position };
    return new WatchSession(this.#store, start, () => this.#metrics.stale());
  }

  /**
   * Whether the server is at an older version than we are: its storage was restored. Asked before each resumption, because
   * a watch at a version of the future is accepted and stays silent until the server gets there (seen on 1.36.3), and what
   * was written up to then is never told.
   */
  async #isBehind(position: string, signal: AbortSignal): Promise<boolean> {
    const page = await this.#parts.kube.listPage({ type: this.#type, ...this.#where(), limit: 1, signal });
    return isLater(revisionOf(position), revisionOf(page.resourceVersion));
  }

  async #watch(session: WatchSession<T, F>, signal: AbortSignal): Promise<Verdict | undefined> {
    if (session.position !== undefined) return await this.#consume(session, signal, () => undefined);
    const silent = new AbortController();
    const silence = new Silence(this.#parts.clock, this.#silenceMs(), () => silent.abort());
    try {
      return await this.#consume(session, AbortSignal.any([signal, silent.signal]), () => {
        if (session.position === undefined) silence.heard();
        else silence.end();
      });
    } catch (error) {
      throw silent.signal.aborted ? new SilentStream() : error;
    } finally {
      silence.end();
    }
  }

  async #consume(session: WatchSession<T, F>, signal: AbortSignal, onBatch: () => void): Promise<Verdict | undefined> {
    const { kube, clock, random } = this.#parts;
    const startedMs = clock.monotonicMs();
    const slice = new Slice(clock);
    const batches = kube.watch({
      type: this.#type,
      ...this.#where(),
      resourceVersion: session.position ?? '',
      sendInitialEvents: session.position === undefined,
      timeoutSeconds: Math.round(WATCH_SECONDS * (1 + random())),
      signal,
    });
    for await (const batch of batches) {
      if (signal.aborted) break;
      this.#heard();
      const verdict = await this.#apply(batch, session, startedMs);
      this.#position = session.position;
      if (verdict !== undefined) return verdict;
      onBatch();
      if (slice.over) await slice.yield();
    }
    return undefined;
  }

  async #apply(
    batch: readonly WatchEvent[],
    session: WatchSession<T, F>,
    startedMs: number,
  ): Promise<Verdict | undefined> {
    for (const event of batch) {
      const verdict = session.apply(event);
      if (verdict?.type === 'Synced') await this.#commit(session.take(), verdict.resourceVersion, startedMs);
      else if (verdict !== undefined) return verdict;
    }
    return undefined;
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { kube, clock } = this.#parts;
    const startedMs = clock.monotonicMs();
    const { replacement, resourceVersion } = await listInto(this.#store, {
      kube,
      type: this.#type,
      namespace: this.#options.namespace,
      signal,
      slice: new Slice(clock),
      onPage: () => this.#contact(),
    });
    if (signal.aborted) return;
    await this.#commit(replacement, resourceVersion, startedMs);
    this.#position = resourceVersion;
  }

  async #commit(replacement: Replacement<T, F>, resourceVersion: string, startedMs: number): Promise<void> {
    const slice = new Slice(this.#parts.clock);
    for (const change of this.#store.commit(replacement, resourceVersion)) {
      this.#store.publish(change);
      if (slice.over) await slice.yield();
    }
    this.#lastSyncMs = this.#parts.clock.monotonicMs() - startedMs;
    this.#recovery.synced();
    this.#firstSync.resolve(undefined);
    this.#grantWish();
    this.#log.info('cache is in sync', { objects: this.#store.size, ms: Math.round(this.#lastSyncMs) });
  }

  async #between(ending: Ending, signal: AbortSignal): Promise<void> {
    this.#metrics.restarted(ending.cause);
    if (ending.next === 'Relist') this.#giveUpPosition(ending.cause);
    if (ending.waitMs > 0) await sleep(this.#parts.clock, ending.waitMs, signal);
  }

  #giveUpPosition(cause: string): void {
    if (this.#position !== undefined) this.#metrics.relisted(cause);
    this.#position = undefined;
  }

  #silenceMs(): number {
    return Math.max(this.#options.initialSilenceMs ?? 10_000, 3 * this.#lastSyncMs);
  }

  #where(): { readonly namespace?: string } {
    return this.#options.namespace === undefined ? {} : { namespace: this.#options.namespace };
  }

  #heard(): void {
    this.#contact();
    this.#lastEventWallMs = this.#parts.clock.wallMs();
  }

  #contact(): void {
    this.#contactMs = this.#parts.clock.monotonicMs();
  }
}

/** Read anew: it changes while something is awaited. */
function aborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
