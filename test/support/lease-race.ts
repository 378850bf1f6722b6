/** Electors that compete for one lease in memory, each over a network and on a machine of its own. */
import type { KubeApi } from '../../src/ports/kube.ts';
import { LeaderElector } from '../../src/runtime/leader.ts';
import { LEASE_TYPE } from '../../src/runtime/lease-record.ts';
import type { Lease } from '../../src/runtime/lease-record.ts';
import { FakeClock } from './fake-clock.ts';
import { MemoryKube, kubeError } from './memory-kube.ts';
import type { Verb } from './memory-kube.ts';
import { recordingLog, runtimeParts } from './runtime-parts.ts';

export const LEASE_KEY = { namespace: 'reprieve-system', name: 'reprieve-operator' };
/** A lease without a record. */
export const BARE_LEASE: Lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { ...LEASE_KEY } };

/** Milliseconds that calls take on the way there and back; both can be changed at any time. */
export interface Network {
  travelMs: number;
  answerMs: number;
  fails: (verb: Verb) => boolean;
}

/** Electors of one lease. Each has a clock of its own where it is given one: a process that can be frozen alone. */
export class Race {
  readonly server = new MemoryKube();
  readonly clock = new FakeClock();

  enter(name: string, clock: FakeClock = this.clock) {
    const network: Network = { travelMs: 0, answerMs: 0, fails: () => false };
    const pass = (ms: number): Promise<void> =>
      ms === 0 ? Promise.resolve() : new Promise((resolve) => clock.after(ms, resolve));
    const kube = this.server.client(name, {
      travel: async (verb) => {
        await pass(network.travelMs);
        if (network.fails(verb)) throw kubeError('Unavailable', true);
      },
      answer: () => pass(network.answerMs),
    });
    return this.#elector(name, clock, kube, network);
  }

  #elector(name: string, clock: FakeClock, kube: KubeApi, network: Network) {
    const { log, lines } = recordingLog();
    const { metrics, random } = runtimeParts(clock);
    const elector = new LeaderElector({ kube, clock, random, log, metrics, lease: LEASE_KEY, identity: name });
    const stop = new AbortController();
    let end: string | undefined;
    void elector.run(stop.signal).then((how) => (end = how));
    return { name, elector, network, stop, lines, clock, end: () => end };
  }

  lease(): Lease | undefined {
    return this.server.find(LEASE_TYPE, LEASE_KEY);
  }

  /** Somebody else writes the lease. */
  async edit(change: (lease: Lease) => Lease): Promise<void> {
    const current = this.lease();
    if (current === undefined) throw new Error('there is no lease to edit');
    await this.server.client('admin').replace(LEASE_TYPE, change(current), { fieldManager: 'admin' });
  }
}

export type Entrant = ReturnType<Race['enter']>;

/** Two machines: time passes on both in small steps, so that calls interleave. */
export async function advanceBoth(ms: number, ...clocks: readonly FakeClock[]): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) for (const clock of clocks) await clock.advance(100);
}

export function leaders(...entrants: readonly Entrant[]): readonly string[] {
  return entrants.filter(({ elector }) => elector.valid()).map(({ name }) => name);
}
