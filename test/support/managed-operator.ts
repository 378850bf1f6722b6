/** The manager with the real queue, elector and recorder, on an API server in memory and a cache that a test fills. */
import type { Clock } from '../../src/ports/clock.ts';
import { Controller } from '../../src/runtime/controller.ts';
import type { ReconcileContext } from '../../src/runtime/controller.ts';
import { EventRecorder } from '../../src/runtime/events.ts';
import { LeaderElector } from '../../src/runtime/leader.ts';
import { LEASE_TYPE, holderOf } from '../../src/runtime/lease-record.ts';
import { Manager } from '../../src/runtime/manager.ts';
import { DONE } from '../../src/runtime/result.ts';
import { sleep } from '../../src/runtime/waiting.ts';
import { LEASE_KEY } from './lease-race.ts';
import { MemoryKube, kubeError } from './memory-kube.ts';
import { runtimeParts } from './runtime-parts.ts';

/** An operator of one controller with the real queue, elector and recorder. What happens is noted in order. */
export function operator(
  options: { readonly reconcileMs?: number; readonly heedsAbort?: boolean; readonly refreshMs?: number } = {},
) {
  const parts = runtimeParts();
  const { clock } = parts;
  const server = new MemoryKube();
  const story: string[] = [];
  const network = { down: false };
  const kube = server.client('operator', {
    travel: () => (network.down ? Promise.reject(kubeError('Unavailable', true)) : Promise.resolve()),
  });
  const cache = fakeCache(story, clock, options.refreshMs ?? 0);
  const leader = new LeaderElector({ ...parts, kube, lease: LEASE_KEY, identity: 'me' });
  const events = new EventRecorder({ ...parts, kube, instance: 'me' });
  const reconciler = {
    name: 'items',
    async reconcile(_key: unknown, ctx: ReconcileContext) {
      story.push('reconcile begins');
      await sleep(clock, options.reconcileMs ?? 0, options.heedsAbort === false ? undefined : ctx.signal);
      story.push(ctx.signal.aborted ? 'reconcile aborted' : 'reconcile ends');
      return DONE;
    },
  };
  const controller = new Controller(reconciler, parts, { initialKeys: () => ['ns/a'] });
  const manager = new Manager({
    ...parts,
    caches: { backupitems: cache },
    controllers: [controller],
    leader,
    events,
    servers: [{ start: note(story, 'probes start'), close: note(story, 'probes close') }],
    close: [note(story, 'pools close')],
  });
  const stop = new AbortController();
  let code: number | undefined;
  void manager.run(stop.signal).then((exit) => (code = exit));
  const holder = (): string => holderOf(server.find(LEASE_TYPE, LEASE_KEY));
  return { ...parts, server, story, network, cache, manager, controller, leader, stop, holder, code: () => code };
}

function note(story: string[], what: string): () => Promise<void> {
  return () => {
    story.push(what);
    return Promise.resolve();
  };
}

function fakeCache(story: string[], clock: Clock, refreshMs: number) {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const ended = Promise.withResolvers<undefined>();
  return {
    synced: promise,
    heardMs: clock.monotonicMs(),
    lastContactMs(): number {
      return this.heardMs;
    },
    fill: () => resolve(undefined),
    fail: reject,
    end: () => ended.resolve(undefined),
    async refresh(): Promise<void> {
      story.push('refresh begins');
      await sleep(clock, refreshMs);
      story.push('refresh ends');
    },
    async run(signal: AbortSignal): Promise<void> {
      story.push('cache starts');
      signal.addEventListener('abort', () => ended.resolve(undefined));
      await ended.promise;
      story.push('cache ends');
    },
  };
}
