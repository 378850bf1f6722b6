/** What a process that becomes leader must have read: all that any leader before it wrote. */
import { describe, expect, test } from 'vitest';
import { LEASE_TYPE } from '../../../src/runtime/lease-record.ts';
import type { Lease } from '../../../src/runtime/lease-record.ts';
import { BARE_LEASE, LEASE_KEY } from '../../support/lease-race.ts';
import { operator } from '../../support/managed-operator.ts';

const SECOND = 1_000;
const MESSAGE = 'caches read anew, as another may have led meanwhile';

type Started = ReturnType<typeof operator>;

/** Somebody else makes the lease or changes its holder; '' releases it. */
async function holds({ server }: Started, holderIdentity: string): Promise<void> {
  const spec = { holderIdentity, leaseDurationSeconds: 15, leaseTransitions: 3 };
  const current = server.find(LEASE_TYPE, LEASE_KEY) as Lease | undefined;
  const other = server.client('other');
  const options = { fieldManager: 'other' };
  if (current === undefined) await other.create(LEASE_TYPE, { ...BARE_LEASE, spec }, options);
  else await other.replace(LEASE_TYPE, { ...current, spec }, options);
}

async function annotate({ server }: Started): Promise<void> {
  const lease = await server.client('admin').get(LEASE_TYPE, LEASE_KEY);
  const metadata = { ...lease.metadata, annotations: { note: 'by hand' } };
  await server.client('admin').replace(LEASE_TYPE, { ...lease, metadata }, { fieldManager: 'admin' });
}

const nothing = (): Promise<void> => Promise.resolve();

interface History {
  readonly name: string;
  /** Before the process looks. */
  readonly before: (started: Started) => Promise<void>;
  /** After it looked, while its caches are filled. */
  readonly meanwhile: (started: Started) => Promise<void>;
  readonly refreshed: boolean;
}

const histories: readonly History[] = [
  { name: 'there never was a lease', before: nothing, meanwhile: nothing, refreshed: false },
  { name: 'the last leader had released it', before: (o) => holds(o, ''), meanwhile: nothing, refreshed: false },
  { name: 'its holder died', before: (o) => holds(o, 'other'), meanwhile: nothing, refreshed: true },
  {
    name: 'its holder releases it after the look',
    before: (o) => holds(o, 'other'),
    meanwhile: (o) => holds(o, ''),
    refreshed: true,
  },
  {
    name: 'another leads for a while after the look',
    before: (o) => holds(o, ''),
    meanwhile: (o) => holds(o, 'other').then(() => holds(o, '')),
    refreshed: true,
  },
  {
    name: 'another is the first ever to lead, after the look',
    before: nothing,
    meanwhile: (o) => holds(o, 'other').then(() => holds(o, '')),
    refreshed: true,
  },
  {
    name: 'it is made anew after the look',
    before: (o) => holds(o, ''),
    meanwhile: (o) => {
      o.server.remove(LEASE_TYPE, LEASE_KEY);
      return holds(o, '');
    },
    refreshed: true,
  },
  {
    name: 'it is deleted after the look',
    before: (o) => holds(o, ''),
    meanwhile: (o) => {
      o.server.remove(LEASE_TYPE, LEASE_KEY);
      return nothing();
    },
    refreshed: true,
  },
  {
    name: 'somebody edits it after the look, whatever for',
    before: (o) => holds(o, ''),
    meanwhile: annotate,
    refreshed: true,
  },
  {
    name: 'the look fails',
    before: (o) => {
      o.network.down = true;
      return nothing();
    },
    meanwhile: (o) => {
      o.network.down = false;
      return nothing();
    },
    refreshed: true,
  },
];

describe('who becomes leader reads everything anew, unless nobody else can have led', () => {
  test.for(histories)('$name: refreshed $refreshed', async ({ before, meanwhile, refreshed }) => {
    const started = operator({ refreshMs: 500 });
    const { clock, story, cache, holder, lines } = started;
    await before(started);
    await clock.advance(SECOND);
    await meanwhile(started);
    cache.fill();
    await clock.advance(20 * SECOND);
    expect(holder()).toBe('me');
    const refresh = refreshed ? ['refresh begins', 'refresh ends'] : [];
    expect(story).toEqual(['probes start', 'cache starts', ...refresh, 'reconcile begins', 'reconcile ends']);
    expect(lines.filter(({ message }) => message === MESSAGE).map(({ ms }) => ms)).toEqual(refreshed ? [500] : []);
  });
});

test('a lease that was held at the look and is deleted then stays its holder’s until it would have expired', async () => {
  const started = operator();
  const { clock, cache, server, holder, story } = started;
  await holds(started, 'other');
  await clock.advance(SECOND);
  server.remove(LEASE_TYPE, LEASE_KEY);
  cache.fill();
  await clock.advance(12 * SECOND);
  expect(holder()).toBe('');
  await clock.advance(5 * SECOND);
  expect({ holder: holder(), begins: story[2] }).toEqual({ holder: 'me', begins: 'refresh begins' });
});

describe('while the caches are read anew', () => {
  /** Elected, in the middle of it. */
  async function refreshing() {
    const started = operator({ refreshMs: 100 * SECOND });
    await holds(started, 'other');
    await started.clock.advance(SECOND);
    await holds(started, '');
    started.cache.fill();
    await started.clock.advance(SECOND);
    expect({ holder: started.holder(), story: started.story.at(-1) }).toEqual({
      holder: 'me',
      story: 'refresh begins',
    });
    return started;
  }

  test('nothing is reconciled, and the lease is renewed', async () => {
    const { clock, story, leader } = await refreshing();
    await clock.advance(60 * SECOND);
    expect({ valid: leader.valid(), story: story.at(-1) }).toEqual({ valid: true, story: 'refresh begins' });
  });

  test('leadership lost ends it with 1, and nothing was ever reconciled', async () => {
    const { clock, story, network, code, lines } = await refreshing();
    network.down = true;
    await clock.advance(200 * SECOND);
    expect(code()).toBe(1);
    expect(story).not.toContain('reconcile begins');
    expect(lines.map(({ message }) => message)).not.toContain(MESSAGE);
  });

  test('a stop ends it with 0 at once, the lease is free, and nothing was ever reconciled', async () => {
    const { clock, story, stop, holder, code } = await refreshing();
    stop.abort();
    await clock.advance(0);
    expect({ code: code(), holder: holder() }).toEqual({ code: 0, holder: '' });
    await clock.advance(200 * SECOND);
    expect(story).not.toContain('reconcile begins');
  });
});
