/** The loop that every kind shares: take a key, reconcile it, decide when to look again. Knows nothing of the domain. */
import { keyOf, parseKey } from '../api/meta.ts';
import type { ObjectKey } from '../api/meta.ts';
import type { Clock, Random } from '../ports/clock.ts';
import { isConflict } from '../ports/kube.ts';
import type { Log } from '../ports/log.ts';
import type { Metrics } from '../ports/metrics.ts';
import type { RetryBucket } from './backoff.ts';
import { controllerMetrics } from './controller-metrics.ts';
import type { ControllerMetrics, ReconcileOutcome } from './controller-metrics.ts';
import { errorFields } from './error-fields.ts';
import { NotLeaderError } from './fencing.ts';
import type { Pacer } from './pacer.ts';
import { ReconcileRun } from './reconcile-run.ts';
import { TerminalError } from './result.ts';
import type { ReconcileResult } from './result.ts';
import { WorkQueue } from './workqueue.ts';
import type { KeySink } from './workqueue.ts';

export type { ReconcileResult } from './result.ts';

const WORKERS = 8;
const TIMEOUT_MS = 120_000;
/** A conflict is news that is still on its way through the watch: short, and not the same for all. */
const CONFLICT_WAIT_MS = 50;
const CONFLICT_JITTER_MS = 450;
/** A lease that may come back (the wall clock was set) does so within a renewal. */
const NOT_LEADER_WAIT_MS = 2_000;

export interface ReconcileContext {
  /** Aborted at the timeout, when leadership is lost and when a shutdown runs out of patience; the reason says which. */
  readonly signal: AbortSignal;
  /** As the signal's own, without making one: for loops that may find nothing to call. */
  throwIfAborted(): void;
  /** Adds controller, object and reconcileID to every line. */
  readonly log: Log;
  readonly reconcileID: string;
  /**
   * To be called in the same turn in which the caches are read again, from the first read on: changes told until then (most
   * are the reconcile's own writes) bring the key back no more.
   */
  looksAgain(): void;
}

/**
 * Level-triggered: gets a name, looks at the world, does what is missing. Errors thrown are the loop's business:
 * a Conflict comes back quietly after 50-500 ms, a {@link TerminalError} is logged and rests until the next change,
 * anything else is logged once and retried with backoff.
 */
export interface Reconciler {
  /** The controller's name in logs and metrics: lower case, with dashes. */
  readonly name: string;
  reconcile(key: ObjectKey, ctx: ReconcileContext): Promise<ReconcileResult>;
}

/** What all controllers of a process share. */
export interface ControllerParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly pacer: Pacer;
  readonly retryBucket?: RetryBucket;
}

export interface ControllerOptions {
  /** Loops that reconcile side by side; 8. */
  readonly workers?: number;
  /** Milliseconds after which a reconcile's signal is aborted; 2 min. */
  readonly timeoutMs?: number;
  /** Every key there is, asked once when the controller starts: a follower takes in no keys until then. */
  readonly initialKeys: () => Iterable<string>;
}

/** One kind's workers and their queue. */
export class Controller implements KeySink {
  readonly name: string;
  readonly queue: WorkQueue;
  readonly #reconciler: Reconciler;
  readonly #parts: ControllerParts;
  readonly #log: Log;
  readonly #metrics: ControllerMetrics;
  readonly #options: Required<ControllerOptions>;
  /**
   * What each worker reconciles. No Set: V8 links each table that a Set grows out of to the next one, and once one of them is
   * old, all later ones and what was in them survive until a full collection (80 MB over 50,000 reconciles).
   */
  readonly #runs: (ReconcileRun | undefined)[];
  #started = false;
  #aborted: Error | undefined;
  #count = 0;

  constructor(reconciler: Reconciler, parts: ControllerParts, options: ControllerOptions) {
    this.name = reconciler.name;
    this.#reconciler = reconciler;
    this.#parts = parts;
    this.#log = parts.log.with({ controller: reconciler.name });
    this.#options = { workers: WORKERS, timeoutMs: TIMEOUT_MS, ...options };
    this.#runs = Array.from({ length: this.#options.workers }, () => undefined);
    this.queue = new WorkQueue({ ...parts, name: reconciler.name });
    this.#metrics = controllerMetrics(parts.metrics, reconciler.name, {
      workers: this.#options.workers,
      active: () => this.#runs.filter((run) => run !== undefined).length,
    });
  }

  /** Ignored before {@link run}, which looks at every key anyway. */
  add(key: string): void {
    if (this.#started) this.queue.add(key);
  }

  addAfter(key: string, ms: number): void {
    if (this.#started) this.queue.addAfter(key, ms);
  }

  addAt(key: string, wallMs: number): void {
    if (this.#started) this.queue.addAt(key, wallMs);
  }

  /** Reconciles every initial key and then whatever is added. Resolves once the intake is stopped and no reconcile runs. */
  async run(): Promise<void> {
    this.#started = true;
    const workers = Array.from({ length: this.#options.workers }, (_, worker) => this.#work(worker));
    await this.#enqueueAll();
    await Promise.all(workers);
  }

  /** No further key is taken; what runs may end. */
  stopIntake(): void {
    this.queue.shutDown();
  }

  /** Aborts the signal of every reconcile that runs or would still start. */
  abort(reason: Error): void {
    this.#aborted = reason;
    this.stopIntake();
    for (const run of this.#runs) run?.abort(reason);
  }

  async #enqueueAll(): Promise<void> {
    for (const key of this.#options.initialKeys()) {
      this.queue.add(key);
      const pause = this.#parts.pacer.pause();
      if (pause !== undefined) await pause;
    }
  }

  async #work(worker: number): Promise<void> {
    for (let key = await this.queue.get(); key !== undefined; key = await this.queue.get()) {
      await this.#process(key, worker);
      const pause = this.#parts.pacer.pause();
      if (pause !== undefined) await pause;
    }
  }

  async #process(key: string, worker: number): Promise<void> {
    const { clock } = this.#parts;
    const startedMs = clock.monotonicMs();
    const run = this.#begin(key);
    this.#runs[worker] = run;
    let outcome: ReconcileOutcome;
    try {
      outcome = this.#succeeded(key, await this.#reconciler.reconcile(parseKey(key), run));
    } catch (error) {
      outcome = this.#failed(key, error, run);
    } finally {
      run.end();
      this.#runs[worker] = undefined;
      this.queue.done(key);
    }
    this.#metrics.finished(outcome, (clock.monotonicMs() - startedMs) / 1000);
  }

  #begin(key: string): ReconcileRun {
    this.#count += 1;
    const reconcileID = `${this.name}-${this.#count.toString(36)}`;
    const log = this.#log.with({ object: keyOf(parseKey(key)), reconcileID });
    const run = new ReconcileRun(reconcileID, log, {
      clock: this.#parts.clock,
      timeoutMs: this.#options.timeoutMs,
      timedOut: () => this.#metrics.timedOut(),
      looksAgain: () => this.queue.looksAgain(key),
    });
    if (this.#aborted !== undefined) run.abort(this.#aborted);
    return run;
  }

  #succeeded(key: string, result: ReconcileResult): ReconcileOutcome {
    if (result.type === 'RequeueAt') this.queue.addAt(key, result.atMs);
    if (result.type === 'RequeueAfter') this.queue.addAfter(key, result.afterMs);
    this.queue.forget(key);
    return result.type === 'Done' ? 'success' : 'requeue_after';
  }

  #failed(key: string, error: unknown, run: ReconcileRun): ReconcileOutcome {
    if (this.#aborted !== undefined) {
      run.log.debug('reconcile ended by shutdown', errorFields(error));
      return 'requeue';
    }
    if (isConflict(error)) {
      this.queue.addAfter(key, CONFLICT_WAIT_MS + this.#parts.random() * CONFLICT_JITTER_MS);
      return 'requeue';
    }
    if (error instanceof NotLeaderError) {
      this.queue.addAfter(key, NOT_LEADER_WAIT_MS);
      return 'requeue';
    }
    if (error instanceof TerminalError) {
      this.#metrics.terminal();
      run.log.error('reconcile failed for good', errorFields(error));
      return 'error';
    }
    this.queue.addRateLimited(key);
    run.log.error('reconcile failed', { ...errorFields(error), failures: this.queue.failures(key) });
    return 'error';
  }
}
