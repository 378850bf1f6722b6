import { describe, expect, test } from 'vitest';
import { LEASE_TYPE } from '../../../src/runtime/lease-record.ts';
import { BARE_LEASE } from '../../support/lease-race.ts';
import { operator } from '../../support/managed-operator.ts';

const SECOND = 1_000;

describe('starting', () => {
  test('probes first, then caches; no campaign and no readiness before they are filled; then work', async () => {
    const { clock, story, manager, cache, holder } = operator();
    await clock.advance(10 * SECOND);
    expect({ story, ready: manager.probes.ready().ok, holder: holder() }).toEqual({
      story: ['probes start', 'cache starts'],
      ready: false,
      holder: '',
    });
    cache.fill();
    await clock.advance(SECOND);
    expect(story.slice(2)).toEqual(['reconcile begins', 'reconcile ends']);
    expect({ ready: manager.probes.ready().ok, holder: holder() }).toEqual({ ready: true, holder: 'me' });
  });

  test('a follower is ready and does not work', async () => {
    const { clock, story, manager, cache, server } = operator();
    const spec = { holderIdentity: 'other', leaseDurationSeconds: 15 };
    await server.client('other').create(LEASE_TYPE, { ...BARE_LEASE, spec }, { fieldManager: 'other' });
    cache.fill();
    await clock.advance(10 * SECOND);
    expect(manager.probes.ready().ok).toBe(true);
    expect(story).not.toContain('reconcile begins');
  });

  test('a stop while the caches fill ends it at once', async () => {
    const { clock, story, stop, code } = operator();
    await clock.advance(SECOND);
    stop.abort();
    await clock.advance(0);
    expect(code()).toBe(0);
    expect(story.slice(2)).toEqual(['cache ends', 'probes close', 'pools close']);
    expect(clock.armed).toBe(0);
  });
});

describe('ending', () => {
  test('SIGTERM: not ready, the running reconcile ends, then the lease is free, caches, servers and pools close, 0', async () => {
    const { clock, story, manager, cache, stop, holder, code } = operator({ reconcileMs: 20 * SECOND });
    cache.fill();
    await clock.advance(SECOND);
    stop.abort();
    await clock.advance(18 * SECOND);
    expect({ ready: manager.probes.ready().ok, live: manager.probes.live().ok }).toEqual({ ready: false, live: true });
    expect({ holder: holder(), code: code() }).toEqual({ holder: 'me', code: undefined });
    await clock.advance(2 * SECOND);
    expect({ holder: holder(), code: code() }).toEqual({ holder: '', code: 0 });
    expect(story.slice(2)).toEqual(['reconcile begins', 'reconcile ends', 'cache ends', 'probes close', 'pools close']);
    expect(clock.armed).toBe(0);
  });

  test('a reconcile that takes too long is aborted after 25 s, and the lease is given back only then', async () => {
    const { clock, story, cache, stop, holder, code } = operator({ reconcileMs: 100 * SECOND });
    cache.fill();
    await clock.advance(SECOND);
    stop.abort();
    await clock.advance(25 * SECOND - 1);
    expect({ holder: holder(), story: story.at(-1) }).toEqual({ holder: 'me', story: 'reconcile begins' });
    await clock.advance(1);
    expect({ holder: holder(), code: code() }).toEqual({ holder: '', code: 0 });
    expect(story).toContain('reconcile aborted');
  });

  test('leadership lost: the work is aborted at once and the process ends with 1 before another can hold the lease', async () => {
    const { clock, story, cache, network, leader, code } = operator({ reconcileMs: 100 * SECOND, heedsAbort: false });
    cache.fill();
    await clock.advance(SECOND);
    network.down = true;
    await clock.advance(9 * SECOND);
    const lostMs = clock.monotonicMs();
    expect(leader.lost.aborted).toBe(true);
    await clock.advance(4 * SECOND);
    expect(code()).toBe(1);
    expect(clock.monotonicMs() - lostMs).toBeLessThan(5 * SECOND);
    expect(story).toContain('pools close');
  });

  test('leadership lost while it drains: no more patience, and 1', async () => {
    const { clock, cache, network, stop, code, story } = operator({ reconcileMs: 24 * SECOND });
    cache.fill();
    await clock.advance(SECOND);
    stop.abort();
    network.down = true;
    await clock.advance(12 * SECOND);
    expect(code()).toBe(1);
    expect(story).toContain('reconcile aborted');
  });

  test('a part that fails ends the work without patience: who knows what else is broken', async () => {
    const { clock, cache, holder, code, story } = operator({ reconcileMs: 100 * SECOND });
    cache.fill();
    await clock.advance(SECOND);
    cache.end();
    await clock.advance(SECOND);
    expect({ code: code(), holder: holder() }).toEqual({ code: 1, holder: '' });
    expect(story).toContain('reconcile aborted');
  });

  test.for([
    { name: 'a cache that cannot be filled', act: (o: ReturnType<typeof operator>) => o.cache.fail(new Error('no')) },
    { name: 'a cache that ends by itself', act: (o: ReturnType<typeof operator>) => o.cache.end() },
  ])('$name ends the process with 1 and one line', async ({ act }) => {
    const started = operator();
    await started.clock.advance(SECOND);
    act(started);
    await started.clock.advance(SECOND);
    expect(started.code()).toBe(1);
    expect(started.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
  });
});

describe('liveness', () => {
  test('a loop that stood still for 5 s fails it, until 30 s later', async () => {
    const { clock, manager, cache } = operator();
    cache.fill();
    await clock.advance(SECOND);
    clock.freeze(6 * SECOND);
    expect(manager.probes.live()).toMatchObject({ ok: false });
    await clock.advance(5 * SECOND);
    expect(manager.probes.live().checks).toContainEqual({ name: 'event-loop', problem: 'stalled for 5000 ms' });
    await clock.advance(30 * SECOND);
    expect(manager.probes.live().ok).toBe(true);
  });

  test('a watch that is silent for more than 5 min fails it, by name', async () => {
    const { clock, manager, cache } = operator();
    await clock.advance(300 * SECOND);
    expect(manager.probes.live().ok).toBe(true);
    await clock.advance(SECOND);
    expect(manager.probes.live().checks).toContainEqual({
      name: 'cache-backupitems',
      problem: 'no event or bookmark for 301 s',
    });
    cache.heardMs = clock.monotonicMs();
    expect(manager.probes.live().ok).toBe(true);
  });
});
