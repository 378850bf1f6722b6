import { describe, expect, test } from 'vitest';
import { LEASE_TYPE } from '../../../src/runtime/lease-record.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { BARE_LEASE, Race, advanceBoth, leaders } from '../../support/lease-race.ts';

const SECOND = 1_000;
const HOUR = 3_600_000;

describe('taking the lease', () => {
  test('the first one leads at once, with the record that client-go writes', async () => {
    const race = new Race();
    const a = race.enter('a');
    await race.clock.advance(0);
    expect(leaders(a)).toEqual(['a']);
    expect(race.lease()?.spec).toEqual({
      holderIdentity: 'a',
      leaseDurationSeconds: 15,
      acquireTime: '2026-03-01T00:00:00.000000Z',
      renewTime: '2026-03-01T00:00:00.000000Z',
      leaseTransitions: 0,
    });
  });

  test('of two that start together one leads, for as long as both run', async () => {
    const race = new Race();
    const entrants = [race.enter('a'), race.enter('b')];
    for (let second = 0; second < 120; second += 1) {
      await race.clock.advance(SECOND);
      expect(leaders(...entrants)).toHaveLength(1);
    }
    expect(race.lease()?.spec?.leaseTransitions).toBe(0);
  });

  test('a leader that ends gives the lease back: another leads within 3 s, with the next fencing token', async () => {
    const race = new Race();
    const a = race.enter('a');
    await race.clock.advance(5 * SECOND);
    const b = race.enter('b');
    await race.clock.advance(5 * SECOND);
    a.stop.abort();
    await race.clock.advance(3 * SECOND);
    expect(a.end()).toBe('Released');
    expect(leaders(a, b)).toEqual(['b']);
    expect([a.elector.transitions, b.elector.transitions]).toEqual([0, 1]);
  });

  test('a leader whose API server is away stops at the renew deadline, before another can lead', async () => {
    const race = new Race();
    const a = race.enter('a');
    await race.clock.advance(SECOND);
    const b = race.enter('b');
    a.network.fails = () => true;
    let both = 0;
    let lostAtMs: number | undefined;
    let takenAtMs: number | undefined;
    for (let ms = 0; ms < 25 * SECOND; ms += 100) {
      await race.clock.advance(100);
      if (leaders(a, b).length > 1) both += 1;
      if (a.elector.lost.aborted) lostAtMs ??= ms;
      if (b.elector.valid()) takenAtMs ??= ms;
    }
    expect({ both, end: a.end() }).toEqual({ both: 0, end: 'Lost' });
    expect(lostAtMs).toBeLessThanOrEqual(10 * SECOND);
    expect(takenAtMs).toBeGreaterThanOrEqual(13 * SECOND);
    expect(takenAtMs).toBeLessThanOrEqual(20 * SECOND);
  });

  test.for([
    { name: 'an hour ahead', offsetMs: HOUR },
    { name: 'an hour behind', offsetMs: -HOUR },
  ])(
    "a follower whose clock is $name does not mistake the leader's times for an expired lease",
    async ({ offsetMs }) => {
      const race = new Race();
      const a = race.enter('a');
      const other = new FakeClock(race.clock.wallMs() + offsetMs);
      const b = race.enter('b', other);
      await advanceBoth(120 * SECOND, race.clock, other);
      expect(leaders(a, b)).toEqual(['a']);
    },
  );

  test('a lease that was released is free, whatever duration its record has', async () => {
    const race = new Race();
    const spec = { holderIdentity: '', leaseDurationSeconds: 3_600, leaseTransitions: 7 };
    await race.server.client('admin').create(LEASE_TYPE, { ...BARE_LEASE, spec }, { fieldManager: 'admin' });
    const a = race.enter('a');
    await race.clock.advance(0);
    expect(leaders(a)).toEqual(['a']);
    expect(a.elector.transitions).toBe(8);
  });
});
