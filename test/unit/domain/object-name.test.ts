import { expect, test } from 'vitest';
import { suffixed } from '../../../src/domain/object-name.ts';

const long = (tail: string) => `${'a'.repeat(243 - tail.length)}${tail}${'b'.repeat(10)}`;

test.for([
  { name: 'web', want: 'web-12345678', reason: 'a short name is kept whole' },
  { name: 'a.b-c', want: 'a.b-c-12345678', reason: 'dots and dashes inside a name are part of it' },
  { name: long('.'), want: `${'a'.repeat(242)}-12345678`, reason: 'a name cut behind a dot must not read ".-"' },
  { name: long('-'), want: `${'a'.repeat(242)}-12345678`, reason: 'a name cut behind a dash ends before it' },
])('$reason', ({ name, want }) => {
  expect(suffixed(name, '12345678').length).toBeLessThanOrEqual(253);
  expect(suffixed(name, '12345678').startsWith(want.slice(0, 240))).toBe(true);
  expect(suffixed(name, '12345678')).toMatch(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/);
  expect(suffixed(name, '12345678')).not.toContain('.-');
});

test('the longest name that an item can have gives a name that Kubernetes takes', () => {
  expect(suffixed('x'.repeat(253), 'delete-backup-data-12345678-20')).toHaveLength(253);
});
