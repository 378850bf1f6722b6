/** Who acts: one process at a time holds a Lease (docs/safety.md P16). It is no fence by itself; see fencing.ts. */
import type { ObjectKey } from '../api/meta.ts';
import type { Clock, Random } from '../ports/clock.ts';
import { hasCode, isNotFound } from '../ports/kube.ts';
import type { KubeApi } from '../ports/kube.ts';
import type { Log } from '../ports/log.ts';
import type { Gauge, Metrics } from '../ports/metrics.ts';
import { errorFields } from './error-fields.ts';
import type { Fence } from './fencing.ts';
import { LeaseObserver } from './lease-observer.ts';
import { LEASE_TYPE, claimed, holderOf, released, untouchedSince } from './lease-record.ts';
import type { Claim, Lease, Look } from './lease-record.ts';
import { LeaseTerm, momentOf } from './lease-term.ts';
import type { LeaseDurations } from './lease-term.ts';
import { sleep, within } from './waiting.ts';

/** client-go's and controller-runtime's values. */
const DURATIONS: LeaseDurations = { leaseMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2_000 };
const CALL_TIMEOUT_MS = 2_000;
const FIELD_MANAGER = 'reprieve-leader-election';
/** After a conflict or a slow call: soon, but never in a tight loop. */
const SOON_MS = 200;
/** Followers that started together must not ask together for ever. */
const JITTER = 0.2;

export interface LeaderElectorOptions {
  /** On a connection of its own: never behind a stalled stream or a full pool. */
  readonly kube: KubeApi;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly lease: ObjectKey;
  /** Unlike any other process's, also of the same Pod: its name and something random. */
  readonly identity: string;
  readonly durations?: LeaseDurations;
}

type State = 'Following' | 'Leading' | 'Lost' | 'Released';

export class LeaderElector implements Fence {
  /** Resolves when this process leads for the first time. */
  readonly elected: Promise<void>;
  readonly #options: LeaderElectorOptions;
  readonly #durations: LeaseDurations;
  readonly #term: LeaseTerm;
  readonly #observer: LeaseObserver;
  readonly #lost = new AbortController();
  readonly #becomeLeader: () => void;
  readonly #status: Gauge;
  #state: State = 'Following';
  /** As last written by us; undefined where it may have changed since. */
  #lease: Lease | undefined;
  #look: Look | undefined;
  #uncontested = false;
  #transitions = 0;
  #failures = 0;
  #cancelDeadline: () => void = () => undefined;

  constructor(options: LeaderElectorOptions) {
    this.#options = options;
    this.#durations = options.durations ?? DURATIONS;
    this.#term = new LeaseTerm(options.clock, this.#durations);
    this.#observer = new LeaseObserver(options.clock, this.#durations.leaseMs);
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.elected = promise;
    this.#becomeLeader = () => resolve(undefined);
    this.#status = options.metrics.gauge({
      name: 'leader_election_master_status',
      help: '1 where this process holds the lease.',
      labels: ['name'],
    });
    this.#showStatus();
  }

  /** Aborted at the renew deadline, or as soon as another process is seen to lead. Never undone: the process ends. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  get isLeader(): boolean {
    return this.#state === 'Leading';
  }

  /** Fencing token: grows each time the lease goes to another process. */
  get transitions(): number {
    return this.#transitions;
  }

  /** Whether nobody else can have led since {@link look}; false before this process leads, and where there was no look. */
  get uncontested(): boolean {
    return this.#uncontested;
  }

  /** To be called once, before the caches are filled: see {@link uncontested}. A look that fails proves nothing. */
  async look(): Promise<void> {
    try {
      const lease = await this.#read();
      this.#look = { lease };
      this.#observer.see(lease);
    } catch (error) {
      this.#options.log.warn('the lease cannot be read before the caches are filled', errorFields(error));
    }
  }

  valid(): boolean {
    return this.isLeader && this.#term.valid();
  }

  /** Milliseconds for which no other process can hold the lease; an irreversible call needs more than it may take. */
  leaseLeftMs(): number {
    return this.isLeader ? this.#term.leftMs() : 0;
  }

  /** Campaigns, then renews until the signal is aborted, and gives the lease back then; or until it is lost. */
  async run(signal: AbortSignal): Promise<'Released' | 'Lost'> {
    const { clock, random } = this.#options;
    const ended = AbortSignal.any([signal, this.lost]);
    while (!ended.aborted) {
      const startedMs = clock.monotonicMs();
      const settled = await this.#attempt();
      const periodMs = this.#durations.retryMs * (this.isLeader ? 1 : 1 + JITTER * random());
      const restMs = startedMs + periodMs - clock.monotonicMs();
      await sleep(clock, settled ? Math.max(SOON_MS, restMs) : SOON_MS, ended);
    }
    if (this.#lost.signal.aborted) return 'Lost';
    await this.#release();
    return 'Released';
  }

  /** @returns false where what we knew was out of date, so that it pays to look again at once */
  async #attempt(): Promise<boolean> {
    try {
      await (this.isLeader ? this.#renew() : this.#campaign());
      this.#failures = 0;
      return true;
    } catch (error) {
      this.#lease = undefined;
      this.#failures += 1;
      const stale = hasCode(error, 'Conflict', 'AlreadyExists', 'NotFound');
      if (!stale && (this.isLeader || this.#failures === 1)) {
        this.#options.log.warn('lease call failed', { ...errorFields(error), leading: this.isLeader });
      }
      return !stale;
    }
  }

  async #campaign(): Promise<void> {
    const lease = await this.#read();
    this.#observer.see(lease);
    const { identity } = this.#options;
    if (!this.#observer.mayTake(identity)) return;
    const again = this.#observer.holder === identity;
    await this.#write(lease, this.#observer.nextTransitions - (again ? 1 : 0));
    // An answer that took too long says nothing about now: the next look finds our own name and renews.
    if (!this.#term.valid()) return;
    this.#state = 'Leading';
    this.#uncontested = untouchedSince(this.#look, lease);
    this.#showStatus();
    this.#options.log.info('leading', { transitions: this.#transitions, uncontested: this.#uncontested });
    this.#becomeLeader();
  }

  async #renew(): Promise<void> {
    if (this.#term.untilDeadlineMs() <= 0) {
      this.#lose('the renew deadline has passed');
      return;
    }
    const lease = this.#lease ?? (await this.#read());
    const holder = holderOf(lease);
    if (lease !== undefined && holder !== this.#options.identity) {
      this.#lose(`the lease is held by ${holder === '' ? 'nobody' : holder}`);
      return;
    }
    await this.#write(lease, this.#transitions);
  }

  async #read(): Promise<Lease | undefined> {
    try {
      return await this.#call((signal) => this.#options.kube.get<Lease>(LEASE_TYPE, this.#options.lease, { signal }));
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** Claims the lease as it was read: whoever changed it since makes this a Conflict. */
  async #write(current: Lease | undefined, transitions: number): Promise<void> {
    const { kube } = this.#options;
    const sent = momentOf(this.#options.clock);
    const wanted = claimed(this.#claim(), current, transitions);
    const { object } = await this.#call((signal) => {
      const options = { fieldManager: FIELD_MANAGER, signal };
      return current === undefined
        ? kube.create(LEASE_TYPE, wanted, options)
        : kube.replace(LEASE_TYPE, wanted, options);
    });
    if (this.#lost.signal.aborted) return;
    this.#lease = object;
    this.#observer.see(object);
    this.#transitions = transitions;
    this.#term.renew(sent);
    this.#cancelDeadline();
    this.#cancelDeadline = this.#options.clock.after(this.#term.untilDeadlineMs(), () => this.#deadline());
  }

  #deadline(): void {
    if (this.isLeader) this.#lose('the renew deadline has passed');
  }

  #lose(why: string): void {
    if (this.#lost.signal.aborted) return;
    this.#state = 'Lost';
    this.#term.end();
    this.#cancelDeadline();
    this.#showStatus();
    this.#options.log.error('leadership lost', { why, transitions: this.#transitions });
    this.#lost.abort(new Error(`leadership lost: ${why}`));
  }

  async #release(): Promise<void> {
    const held = this.isLeader;
    this.#state = 'Released';
    this.#term.end();
    this.#cancelDeadline();
    this.#showStatus();
    if (!held) return;
    // A second look where the first write met a renewal of ours whose answer never came.
    for (let attempt = 1; attempt <= 2; attempt += 1) {
      try {
        await this.#writeReleased(this.#lease ?? (await this.#read()));
        return;
      } catch (error) {
        this.#lease = undefined;
        this.#options.log.warn('lease not released', { ...errorFields(error), attempt });
      }
    }
  }

  async #writeReleased(current: Lease | undefined): Promise<void> {
    if (current === undefined || holderOf(current) !== this.#options.identity) return;
    const wanted = released(this.#claim(), current);
    const { kube } = this.#options;
    await this.#call((signal) => kube.replace(LEASE_TYPE, wanted, { fieldManager: FIELD_MANAGER, signal }));
    this.#options.log.info('lease released');
  }

  #claim(): Claim {
    const { lease, identity, clock } = this.#options;
    return { key: lease, identity, durationMs: this.#durations.leaseMs, wallMs: clock.wallMs() };
  }

  #call<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const limitMs = this.isLeader ? Math.min(CALL_TIMEOUT_MS, this.#term.untilDeadlineMs()) : CALL_TIMEOUT_MS;
    return within(this.#options.clock, limitMs, work);
  }

  #showStatus(): void {
    this.#status.set(this.isLeader ? 1 : 0, { name: this.#options.lease.name });
  }
}
