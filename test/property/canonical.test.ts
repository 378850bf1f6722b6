import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonical, isSame } from '../../src/domain/canonical.ts';

/** Small, so that equal ones and near misses come up often. */
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(null, true, false, 0, 1, '', 'a', '1'),
    fc.array(tie('any'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c', '0'), tie('any'), { maxKeys: 3, noNullPrototype: true }),
  ),
})).any;

describe('isSame', () => {
  test('is true exactly where the canonical texts are equal', () => {
    fc.assert(
      fc.property(value, value, (a, b) => {
        expect(isSame(a, b)).toBe(canonical(a) === canonical(b));
      }),
      { numRuns: 5_000 },
    );
  });

  test('does not care for the order of keys', () => {
    fc.assert(
      fc.property(value, (a) => {
        expect(isSame(a, reversed(a))).toBe(true);
      }),
    );
  });

  test.for([
    { a: { x: undefined }, b: {}, same: true },
    { a: { x: undefined, y: 1 }, b: { y: 1 }, same: true },
    { a: { x: undefined }, b: { x: null }, same: false },
    { a: [], b: {}, same: false },
    { a: null, b: {}, same: false },
    { a: [1], b: [1, 2], same: false },
    { a: { x: { y: [1, { z: 2 }] } }, b: { x: { y: [1, { z: 3 }] } }, same: false },
  ])('$a and $b: $same', ({ a, b, same }) => {
    expect(isSame(a, b)).toBe(same);
    expect(isSame(b, a)).toBe(same);
  });
});

function reversed(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(reversed);
  if (typeof part !== 'object' || part === null) return part;
  return Object.fromEntries(
    Object.entries(part)
      .reverse()
      .map(([key, inner]) => [key, reversed(inner)]),
  );
}
