import { expect, test } from 'vitest';
import { decidePolicy, type PolicyObservation } from '../../../src/domain/backup-policy/decide.ts';
import { NOW } from '../../support/domain/names.ts';

const quiet: PolicyObservation = {
  name: 'daily',
  generation: 1,
  terminating: false,
  hasFinalizer: false,
  status: {},
  users: [],
  now: NOW,
};

const cases: readonly (readonly [string, Partial<PolicyObservation>, string])[] = [
  ['is held from its first use on', { users: ['web'] }, 'AddFinalizer'],
  ['stays while an item lives by it', { users: ['web'], hasFinalizer: true, terminating: true }, 'WriteStatus'],
  ['goes when nobody lives by it', { hasFinalizer: true, terminating: true }, 'RemoveFinalizer'],
  ['takes no finalizer while it goes', { users: ['web'], terminating: true }, 'WriteStatus'],
  ['says that nobody uses it', {}, 'WriteStatus'],
];

test.for(cases)('a policy %s', ([, change, expected]) => {
  const step = decidePolicy({ ...quiet, ...change });
  expect(step.type).toBe(expected);
});

test('a policy says what holds it, and then says nothing more', () => {
  const held = { ...quiet, users: ['web', 'db'], hasFinalizer: true, terminating: true };
  const step = decidePolicy(held);
  if (step.type !== 'WriteStatus') throw new Error(step.type);
  expect(step.status.conditions?.find(({ type }) => type === 'Ready')?.message).toContain('(db, web)');
  expect(decidePolicy({ ...held, status: step.status }).type).toBe('Wait');
});
