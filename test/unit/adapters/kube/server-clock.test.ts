import { expect, test } from 'vitest';
import { DateHeaderClock } from '../../../../src/adapters/kube/server-clock.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

const START = Date.parse('2026-03-01T00:00:00Z');
const YEARS = 10 * 365 * 86_400_000;

/** A machine whose clock is off by `offMs`, that has just had an answer which took `tookMs`. */
async function asked(offMs: number, tookMs = 100) {
  const clock = new FakeClock(START + offMs);
  const server = new DateHeaderClock(clock);
  const sentAtMs = clock.monotonicMs();
  await clock.advance(tookMs);
  // The server stamped half-way, in whole seconds.
  const stampedMs = Math.floor((START + tookMs / 2) / 1_000) * 1_000;
  server.observe(stampedMs, sentAtMs);
  return { clock, server };
}

test.for<{ name: string; offMs: number; verdict: string }>([
  { name: 'right', offMs: 0, verdict: 'Trusted' },
  { name: '29 s fast', offMs: 29_000, verdict: 'Trusted' },
  { name: '29 s slow', offMs: -29_000, verdict: 'Trusted' },
  { name: '31 s fast', offMs: 31_000, verdict: 'Skewed' },
  { name: '31 s slow', offMs: -31_000, verdict: 'Skewed' },
  { name: 'ten years fast', offMs: YEARS, verdict: 'Skewed' },
  { name: 'ten years slow', offMs: -YEARS, verdict: 'Skewed' },
])('a clock that is $name is $verdict, and the estimate is the server’s time', async ({ offMs, verdict }) => {
  const { server } = await asked(offMs);
  const reading = server.reading();
  expect(reading.verdict).toBe(verdict);
  expect(Math.abs((reading.serverMs ?? 0) - (START + 100))).toBeLessThanOrEqual(550);
  expect(Math.abs((reading.skewMs ?? 0) - offMs)).toBeLessThanOrEqual(550);
  expect(Math.abs(server.estimateMs() - (START + 100))).toBeLessThanOrEqual(550);
});

test('the server’s time goes on between answers, for ten seconds; then it is unknown, and estimated', async () => {
  const { clock, server } = await asked(3_600_000);
  const first = server.reading().serverMs ?? 0;
  await clock.advance(10_000);
  expect(server.reading().serverMs).toBe(first + 10_000);
  await clock.advance(1);
  expect(server.reading()).toMatchObject({ serverMs: undefined, skewMs: undefined, verdict: 'Unknown' });
  expect(server.estimateMs()).toBe(first + 10_001);
});

test('before the first answer nothing is known, and the local clock is the estimate', () => {
  const clock = new FakeClock(START);
  const server = new DateHeaderClock(clock);
  expect(server.reading().verdict).toBe('Unknown');
  expect(server.estimateMs()).toBe(START);
});

test.for([6_000, -6_000, 15 * 86_400_000])('a step of %d ms is held against the clock for a day', async (step) => {
  const { clock, server } = await asked(0);
  expect(server.reading().verdict).toBe('Trusted');
  clock.stepWall(step);
  expect(server.reading().verdict).toBe('Stepped');
  await clock.advance(86_400_000 - 1);
  server.observe(clock.wallMs() - step, clock.monotonicMs());
  expect(server.reading().verdict).toBe('Stepped');
  await clock.advance(1);
  server.observe(clock.wallMs(), clock.monotonicMs());
  expect(server.reading().verdict).toBe('Trusted');
});

test('a step of less than five seconds is none', async () => {
  const { clock, server } = await asked(0);
  clock.stepWall(4_900);
  expect(server.reading().verdict).toBe('Trusted');
});

test('an answer that took too long says nothing about the time', async () => {
  const { server } = await asked(0, 5_001);
  expect(server.reading().verdict).toBe('Unknown');
});
