/** What every controller is given. Built once, in operator.ts. */
import type { ResourceType } from '../api/meta.ts';
import type { Clock, ServerClock } from '../ports/clock.ts';
import type { Engine, EngineType } from '../ports/engine.ts';
import type { Hash, NewID } from '../ports/identity.ts';
import type { KubeApi } from '../ports/kube.ts';
import type { Metrics } from '../ports/metrics.ts';
import { type Instant, instantOf } from '../domain/time.ts';
import type { Stores } from './cached-kinds.ts';

export interface EventSink {
  record(notice: {
    readonly regarding: {
      readonly type: ResourceType;
      readonly key: { readonly namespace: string; readonly name: string };
      readonly uid: string;
    };
    readonly type: 'Normal' | 'Warning';
    readonly reason: string;
    readonly note: string;
    readonly action: string;
  }): void;
}

/** The engines of this operator, and which one new points are taken with. */
export interface Engines {
  /** Types of all engines of this operator. */
  readonly types: readonly string[];
  /** undefined: this operator has none of that type. */
  byType(type: string): Engine | undefined;
  /** The engine that a vault's type stands for; the simulated one replaces all. */
  forVault(type: EngineType): Engine | undefined;
}

export interface Settings {
  readonly marginMs: number;
  readonly jitterMs: number;
  readonly dayLengthMs: number;
  readonly suspendPurges: boolean;
}

export interface Context {
  /** Live reads and fenced writes. */
  readonly kube: KubeApi;
  readonly stores: Stores;
  readonly engines: Engines;
  readonly serverClock: ServerClock;
  readonly clock: Clock;
  readonly events: EventSink;
  readonly metrics: Metrics;
  readonly leader: { leaseLeftMs(): number };
  readonly hash: Hash;
  readonly newID: NewID;
  readonly settings: Settings;
}

/** Best estimate of the API server's time. */
export function nowOf({ serverClock }: Context): Instant {
  return instantOf(serverClock.estimateMs());
}

/** Beyond this difference the clocks are not trusted anyway (docs/safety.md, Time), and waiting for both could take years. */
const BEARABLE_SKEW_MS = 30_000;
/** While the clocks disagree every wait is cut to this, as it may be wrong by as much as they are. */
const LOOK_AGAIN_MS = 60_000;

/**
 * Server time to the queue's: the moment at which both the server's and the local clock have passed `at`. A gate that asks
 * the earlier of two clocks is then not asked in vain. A local clock that is far behind is not waited for.
 */
export function toWall({ serverClock, clock }: Context, at: Instant): number {
  const wall = clock.wallMs();
  const server = serverClock.estimateMs();
  const behind = Math.min(Math.max(0, server - wall), BEARABLE_SKEW_MS);
  const wait = at - server + behind;
  return wall + (Math.abs(server - wall) > BEARABLE_SKEW_MS ? Math.min(wait, LOOK_AGAIN_MS) : wait);
}
