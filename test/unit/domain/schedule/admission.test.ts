/** Which due backups may start, and how a thousand of one slot are spread. */
import { expect, test } from 'vitest';
import { CronerCron } from '../../../../src/adapters/cron/croner.ts';
import { admit, type Caps, type DueBackup, type Places } from '../../../../src/domain/schedule/admission.ts';
import { decideRun } from '../../../../src/domain/schedule/due.ts';
import { readSchedule } from '../../../../src/domain/schedule/slots.ts';
import { MINUTE_MS, plus } from '../../../../src/domain/time.ts';
import { instant } from '../../../support/domain/instants.ts';
import { NOW, quickHash } from '../../../support/domain/names.ts';

/** `b1@5 gold rbd,nfs`: id, due in seconds, vault, drivers. */
function due(text: string): DueBackup {
  const [id = '', seconds = '0', vault = '', drivers = ''] = text.split(/[@ ]/);
  return { id, vault, drivers: drivers.split(',').filter(Boolean), dueAt: plus(NOW, Number(seconds) * 1000) };
}

function running(text: string): Places {
  const [vault = '', drivers = ''] = text.split(' ');
  return { vault, drivers: drivers.split(',').filter(Boolean) };
}

interface Case {
  readonly name: string;
  readonly caps?: Partial<Caps>;
  readonly running?: readonly string[];
  readonly due: readonly string[];
  readonly start: readonly string[];
  readonly waiting?: readonly string[];
}

test.for<Case>([
  { name: 'nothing due, nothing started', due: [], start: [] },
  {
    name: 'they start in the order of due time, whatever order they came in',
    due: ['a@3 gold rbd', 'c@1 gold rbd', 'b@2 gold rbd'],
    start: ['c', 'b', 'a'],
  },
  {
    name: 'those due at once start in the order of their ids',
    caps: { perVault: 2 },
    due: ['c@1 gold rbd', 'b@1 gold rbd', 'a@1 gold rbd'],
    start: ['a', 'b'],
    waiting: ['c waits for vault gold'],
  },
  {
    name: 'what runs takes its places',
    caps: { perVault: 3, perDriver: 2 },
    running: ['gold rbd', 'silver rbd'],
    due: ['a@1 gold rbd', 'b@2 gold nfs', 'c@3 gold nfs', 'd@4 gold nfs'],
    start: ['b'],
    waiting: ['a waits for driver rbd', 'c waits for vault gold', 'd waits for vault gold'],
  },
  {
    name: 'a full vault does not hold up another one, nor a full driver another one',
    caps: { perVault: 1, perDriver: 2 },
    running: ['gold rbd'],
    due: ['a@1 gold rbd', 'b@2 silver rbd', 'c@3 bronze rbd', 'd@4 bronze nfs'],
    start: ['d'],
    waiting: ['a waits for vault gold', 'b waits for driver rbd', 'c waits for driver rbd'],
  },
  {
    name: 'a driver of several disks takes one place',
    caps: { perDriver: 2 },
    due: ['a@1 gold rbd,rbd', 'b@2 gold rbd'],
    start: ['a', 'b'],
  },
  {
    name: 'who needs two drivers keeps the free one while it is the first to wait for the other',
    caps: { perDriver: 1 },
    running: ['silver rbd'],
    due: ['a@1 gold rbd,nfs', 'b@2 gold nfs'],
    start: [],
    waiting: ['a waits for driver rbd', 'b waits for driver nfs'],
  },
  {
    name: 'the first that waits for a vault keeps one place of its driver, those behind it none',
    caps: { perVault: 1, perDriver: 3 },
    running: ['gold rbd'],
    due: ['a@1 gold rbd', 'b@2 gold rbd', 'c@3 silver rbd', 'd@4 bronze rbd'],
    start: ['c'],
    waiting: ['a waits for vault gold', 'b waits for vault gold', 'd waits for driver rbd'],
  },
  {
    name: 'a backup whose drivers are unknown needs its vault only',
    caps: { perDriver: 0 },
    due: ['a@1 gold'],
    start: ['a'],
  },
  {
    name: 'a cap of 0 lets none start',
    caps: { perVault: 0 },
    due: ['a@1 gold'],
    start: [],
    waiting: ['a waits for vault gold'],
  },
  {
    name: 'nor does a cap that is no number',
    caps: { perDriver: Number.NaN },
    due: ['a@1 gold rbd'],
    start: [],
    waiting: ['a waits for driver rbd'],
  },
])('$name', (c) => {
  const caps = { perVault: Infinity, perDriver: Infinity, ...c.caps };
  const admission = admit(c.due.map(due), (c.running ?? []).map(running), caps);
  expect(admission.start).toEqual(c.start);
  expect(admission.waiting.map(({ id, waitsFor }) => `${id} waits for ${waitsFor}`)).toEqual(c.waiting ?? []);
});

test('a thousand VMs of one slot are spread over its jitter, each at the same minute every day', () => {
  const reading = readSchedule({ cron: '0 2 * * *' }, new CronerCron().read);
  if (reading.type !== 'Scheduled') throw new Error(reading.type);
  const { schedule } = reading;
  const startsOn = (day: string): readonly number[] =>
    Array.from({ length: 1_000 }, (_, index) => {
      const spread = Number.parseInt(quickHash(`vm-${index}`).slice(0, 8), 16) / 0x1_0000_0000;
      const now = instant(`${day}T01:00:00Z`);
      const step = decideRun({ schedule, record: { since: now }, jitterMs: 30 * MINUTE_MS, spread, now });
      return step.type === 'Wait' ? step.start - step.slot : Number.NaN;
    });
  const first = startsOn('2026-03-02');
  expect(startsOn('2026-03-03')).toEqual(first);
  const perMinute = new Map<number, number>();
  for (const ms of first)
    perMinute.set(Math.floor(ms / MINUTE_MS), (perMinute.get(Math.floor(ms / MINUTE_MS)) ?? 0) + 1);
  expect([...perMinute.keys()].sort((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, minute) => minute));
  // 33 on average; the hash is fixed, so that this is no matter of luck.
  expect(Math.max(...perMinute.values())).toBeLessThan(60);
});
