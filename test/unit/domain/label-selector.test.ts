import { expect, test } from 'vitest';
import { selectorMatches } from '../../../src/domain/label-selector.ts';

test('a label selector does not find labels in the prototype of an object', () => {
  const selector = { matchExpressions: [{ key: 'constructor', operator: 'Exists' }] };
  expect(selectorMatches(selector, {})).toBe(false);
});

const labels = { tier: 'gold', zone: 'a' };
const needs = (operator: string, values?: readonly string[], key = 'tier') => ({
  matchExpressions: [{ key, operator, ...(values === undefined ? {} : { values }) }],
});

const cases: readonly (readonly [string, Parameters<typeof selectorMatches>[0], boolean])[] = [
  ['an empty selector matches everything', {}, true],
  ['a label of that value matches', { matchLabels: { tier: 'gold' } }, true],
  ['a label of another value does not', { matchLabels: { tier: 'silver' } }, false],
  ['In matches one of its values', needs('In', ['gold', 'silver']), true],
  ['In does not match a missing label', needs('In', ['gold'], 'none'), false],
  ['NotIn matches a missing label', needs('NotIn', ['gold'], 'none'), true],
  ['NotIn does not match one of its values', needs('NotIn', ['gold']), false],
  ['Exists matches any value', needs('Exists'), true],
  ['DoesNotExist matches a missing label', needs('DoesNotExist', undefined, 'none'), true],
  ['an operator that nobody knows matches nothing', needs('Near', ['gold']), false],
  ['all requirements have to hold', { matchLabels: { tier: 'gold' }, ...needs('In', ['b'], 'zone') }, false],
];

test.for(cases)('%s', ([, selector, expected]) => {
  expect(selectorMatches(selector, labels)).toBe(expected);
});
