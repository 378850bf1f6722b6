import { expect, test } from 'vitest';
import { selectorMatches } from '../../../src/domain/label-selector.ts';

test('a label selector does not find labels in the prototype of an object', () => {
  const selector = { matchExpressions: [{ key: 'constructor', operator: 'Exists' }] };
  expect(selectorMatches(selector, {})).toBe(false);
});
