/** One reconcile in progress: its identity, its signal and its timeout. */
import type { Cancel, Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';

/** How long after its abort a reconcile may still run before that is worth a line. */
const GRACE_MS = 10_000;

/** The reconcile ran longer than its controller allows. */
class ReconcileTimeoutError extends Error {
  override readonly name = 'ReconcileTimeoutError';
}

export interface RunLimits {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly timedOut: () => void;
  readonly looksAgain: () => void;
}

/**
 * The context that a reconciler gets. The signal is only made when somebody asks for it: most reconciles find nothing to
 * do and never call anything that could be aborted.
 */
export class ReconcileRun {
  readonly reconcileID: string;
  readonly log: Log;
  readonly #limits: RunLimits;
  #abort: AbortController | undefined;
  #reason: Error | undefined;
  #cancelTimer: Cancel;

  constructor(reconcileID: string, log: Log, limits: RunLimits) {
    this.reconcileID = reconcileID;
    this.log = log;
    this.#limits = limits;
    this.#cancelTimer = limits.clock.after(limits.timeoutMs, () => this.#timeOut());
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#reason !== undefined) this.#abort.abort(this.#reason);
    }
    return this.#abort.signal;
  }

  throwIfAborted(): void {
    if (this.#reason !== undefined) throw this.#reason;
  }

  looksAgain(): void {
    this.#limits.looksAgain();
  }

  abort(reason: Error): void {
    this.#reason ??= reason;
    this.#abort?.abort(this.#reason);
  }

  /** To be called when the reconcile has settled. */
  end(): void {
    this.#cancelTimer();
  }

  // The key stays taken: two workers on one key would be worse than one that hangs.
  #timeOut(): void {
    const { clock, timeoutMs, timedOut } = this.#limits;
    timedOut();
    this.abort(new ReconcileTimeoutError(`reconcile: no result within ${timeoutMs} ms; its calls were aborted`));
    this.#cancelTimer = clock.after(GRACE_MS, () => this.log.error('reconcile ignores its abort signal'));
  }
}
