import { expect, test } from 'vitest';
import { mergeConditions } from '../../../src/domain/conditions.ts';
import { ceilToSecond, formatInstant, formatSpan, instantOf, later, parseInstant } from '../../../src/domain/time.ts';
import { at, NOW } from '../../support/domain/names.ts';

const ready = { type: 'Ready', status: 'True', reason: 'Protected', message: 'well' } as const;

test('the time of transition moves with the status alone', () => {
  const first = mergeConditions(undefined, [ready], { now: NOW, generation: 1 });
  const reworded = mergeConditions(first, [{ ...ready, message: 'very well' }], { now: at(1), generation: 2 });
  expect(reworded[0]).toMatchObject({
    lastTransitionTime: formatInstant(NOW),
    observedGeneration: 2,
    message: 'very well',
  });
  const turned = mergeConditions(reworded, [{ ...ready, status: 'False' }], { now: at(1), generation: 2 });
  expect(turned[0]?.lastTransitionTime).toBe(formatInstant(at(1)));
});

test('conditions that nobody speaks of stay, and the order is fixed', () => {
  const other = mergeConditions(undefined, [{ ...ready, type: 'Zebra' }], { now: NOW, generation: 1 });
  const both = mergeConditions(other, [ready], { now: at(1), generation: 2 });
  expect(both.map(({ type }) => type)).toEqual(['Ready', 'Zebra']);
  expect(both[1]).toEqual(other[0]);
});

test('a message is cut to what the API takes', () => {
  const [condition] = mergeConditions(undefined, [{ ...ready, message: 'x'.repeat(5000) }], {
    now: NOW,
    generation: 1,
  });
  expect(condition?.message).toHaveLength(1024);
});

const times: readonly (readonly [string | undefined, boolean])[] = [
  ['2026-03-01T12:00:00Z', true],
  ['2026-03-01T12:00:00.123456789Z', true],
  ['2026-03-01T12:00:00+02:00', true],
  ['2026-03-01', false],
  ['2026-13-01T12:00:00Z', false],
  ['1772366400', false],
  ['', false],
  [undefined, false],
];

test.for(times)('what is no RFC 3339 time is unknown, never the epoch: %s', ([text, isTime]) => {
  expect(parseInstant(text) !== undefined).toBe(isTime);
});

test('a time that is none is refused', () => {
  for (const ms of [Number.NaN, Number.POSITIVE_INFINITY, 9e15]) expect(() => instantOf(ms)).toThrow(RangeError);
});

test('a deadline is rounded up, and the later of two holds', () => {
  expect(ceilToSecond(instantOf(1001))).toBe(2000);
  expect(ceilToSecond(instantOf(2000))).toBe(2000);
  expect(later(at(1), at(2))).toBe(at(2));
  expect(later(at(1), undefined)).toBe(at(1));
});

test.for([
  [0, '0s'],
  [-5, '0s'],
  [35_000, '35s'],
  [250_000, '4m10s'],
  [273_600_000, '3d4h'],
  [86_400_000, '1d'],
] as const)('a span of %d ms reads %s', ([ms, text]) => {
  expect(formatSpan(ms)).toBe(text);
});
