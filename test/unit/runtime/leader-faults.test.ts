import { describe, expect, test } from 'vitest';
import { NotLeaderError, fenced } from '../../../src/runtime/fencing.ts';
import { LEASE_TYPE } from '../../../src/runtime/lease-record.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { BARE_LEASE, LEASE_KEY, Race, advanceBoth, leaders } from '../../support/lease-race.ts';

const SECOND = 1_000;
const HOUR = 3_600_000;

describe('faults of the leader', () => {
  /** A process that stands still while time passes for everybody else. */
  async function frozen(ms: number) {
    const race = new Race();
    const own = new FakeClock();
    const a = race.enter('a', own);
    await advanceBoth(3 * SECOND, own, race.clock);
    const b = race.enter('b');
    await advanceBoth(3 * SECOND, own, race.clock);
    const kube = fenced(race.server.client('writes of a'), a.elector);
    own.freeze(ms);
    await race.clock.advance(ms);
    return { race, a, b, own, kube };
  }

  test.for([20, 60, 3_600])('frozen for %s s: its first act afterwards is refused, and it ends', async (seconds) => {
    const { race, a, b, own, kube } = await frozen(seconds * SECOND);
    expect(a.elector.isLeader).toBe(true);
    expect(leaders(a, b)).toEqual(['b']);
    expect(a.elector.leaseLeftMs()).toBe(0);
    await expect(
      kube.create(LEASE_TYPE, { ...BARE_LEASE, metadata: { ...LEASE_KEY, name: 'x' } }, { fieldManager: 'a' }),
    ).rejects.toThrow(NotLeaderError);
    await own.advance(SECOND);
    expect(a.end()).toBe('Lost');
    expect(race.server.log.filter(({ client }) => client === 'writes of a')).toEqual([]);
    expect(race.lease()?.spec?.holderIdentity).toBe('b');
  });

  test('frozen for longer than the renew deadline it ends, though nobody took the lease', async () => {
    const race = new Race();
    const a = race.enter('a');
    await race.clock.advance(3 * SECOND);
    race.clock.freeze(11 * SECOND);
    await race.clock.advance(0);
    expect(a.end()).toBe('Lost');
  });

  test('frozen while it takes the lease, it does not lead by an answer that is too old, but asks again', async () => {
    const race = new Race();
    const a = race.enter('a');
    a.network.answerMs = SECOND;
    await race.clock.advance(500);
    expect(race.lease()?.spec?.holderIdentity).toBe('a');
    race.clock.freeze(11 * SECOND);
    await race.clock.advance(0);
    expect({ leads: leaders(a), end: a.end() }).toEqual({ leads: [], end: undefined });
    await race.clock.advance(5 * SECOND);
    expect(leaders(a)).toEqual(['a']);
  });

  test('frozen for 9 s it goes on leading', async () => {
    const { a, b, own, race } = await frozen(7 * SECOND);
    await advanceBoth(30 * SECOND, own, race.clock);
    expect(leaders(a, b)).toEqual(['a']);
  });

  test.for([
    { name: 'ahead', stepMs: HOUR },
    { name: 'back', stepMs: -HOUR },
  ])('a wall clock set an hour $name makes it pause until the next renewal, no more', async ({ stepMs }) => {
    const race = new Race();
    const a = race.enter('a');
    await race.clock.advance(5 * SECOND);
    race.clock.stepWall(stepMs);
    expect({ valid: a.elector.valid(), left: a.elector.leaseLeftMs() }).toEqual({ valid: false, left: 0 });
    await race.clock.advance(2 * SECOND);
    expect({ valid: a.elector.valid(), end: a.end() }).toEqual({ valid: true, end: undefined });
  });

  test('a machine that slept, its monotonic clock standing still, finds that another leads', async () => {
    const race = new Race();
    const own = new FakeClock();
    const a = race.enter('a', own);
    await own.advance(SECOND);
    const b = race.enter('b');
    own.stepWall(30 * SECOND);
    await race.clock.advance(30 * SECOND);
    expect(leaders(a, b)).toEqual(['b']);
    await own.advance(3 * SECOND);
    expect(a.end()).toBe('Lost');
    expect(a.lines.at(-1)).toMatchObject({ message: 'leadership lost', why: 'the lease is held by b' });
  });

  test('one renewal that takes 9 s is given up after 2 s and costs nothing', async () => {
    const race = new Race();
    const a = race.enter('a');
    await race.clock.advance(SECOND);
    a.network.travelMs = 9 * SECOND;
    await race.clock.advance(2 * SECOND);
    a.network.travelMs = 0;
    await race.clock.advance(30 * SECOND);
    expect(leaders(a)).toEqual(['a']);
  });

  test('an API server that always takes 9 s costs the lead at the renew deadline', async () => {
    const race = new Race();
    const a = race.enter('a');
    await race.clock.advance(SECOND);
    a.network.travelMs = 9 * SECOND;
    await race.clock.advance(10 * SECOND);
    expect(a.end()).toBe('Lost');
  });

  test('validity counts from when the renewal was sent, not from its answer', async () => {
    const race = new Race();
    const a = race.enter('a');
    a.network.answerMs = 1_500;
    await race.clock.advance(1_500);
    expect(a.elector.leaseLeftMs()).toBe(15 * SECOND - 1_500);
  });

  test('a renewal whose answer was lost is found again by reading', async () => {
    const race = new Race();
    const a = race.enter('a');
    await race.clock.advance(SECOND);
    a.network.answerMs = 5 * SECOND;
    await race.clock.advance(4 * SECOND);
    a.network.answerMs = 0;
    await race.clock.advance(20 * SECOND);
    expect({ leads: leaders(a), transitions: race.lease()?.spec?.leaseTransitions }).toEqual({
      leads: ['a'],
      transitions: 0,
    });
  });

  test('a change by somebody else that keeps the holder is a conflict that costs nothing', async () => {
    const race = new Race();
    const a = race.enter('a');
    await race.clock.advance(SECOND);
    await race.edit((lease) => ({ ...lease, metadata: { ...lease.metadata, annotations: { note: 'by hand' } } }));
    await race.clock.advance(20 * SECOND);
    expect(leaders(a)).toEqual(['a']);
    expect(race.lease()?.metadata.annotations).toEqual({ note: 'by hand' });
    expect(a.lines.filter(({ level }) => level !== 'info')).toEqual([]);
  });

  test('a lease taken away by hand ends it within a renewal', async () => {
    const race = new Race();
    const a = race.enter('a');
    await race.clock.advance(SECOND);
    await race.edit((lease) => ({ ...lease, spec: { ...lease.spec, holderIdentity: 'thief' } }));
    await race.clock.advance(2_500);
    expect(a.end()).toBe('Lost');
  });

  test('a deleted lease is made again by its holder, and no follower uses the gap', async () => {
    const race = new Race();
    const a = race.enter('a');
    await race.clock.advance(SECOND);
    const b = race.enter('b');
    await race.clock.advance(5 * SECOND);
    for (let n = 0; n < 20; n += 1) {
      race.server.remove(LEASE_TYPE, LEASE_KEY);
      await race.clock.advance(700);
      expect(leaders(a, b)).toEqual(['a']);
    }
  });

  test('a deleted lease whose holder died is taken once it would have expired, with a greater token', async () => {
    const race = new Race();
    const own = new FakeClock();
    race.enter('a', own);
    await own.advance(0);
    const b = race.enter('b');
    await race.clock.advance(2 * SECOND);
    race.server.remove(LEASE_TYPE, LEASE_KEY);
    await race.clock.advance(11 * SECOND);
    expect(leaders(b)).toEqual([]);
    await race.clock.advance(6 * SECOND);
    expect({ leads: leaders(b), transitions: b.elector.transitions }).toEqual({ leads: ['b'], transitions: 1 });
  });

  test('an acquisition whose answer was lost is completed by the same process', async () => {
    const race = new Race();
    const a = race.enter('a');
    a.network.answerMs = 5 * SECOND;
    await race.clock.advance(2_100);
    expect(leaders(a)).toEqual([]);
    a.network.answerMs = 0;
    await race.clock.advance(3 * SECOND);
    expect({ leads: leaders(a), transitions: a.elector.transitions }).toEqual({ leads: ['a'], transitions: 0 });
  });
});
