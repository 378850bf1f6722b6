import { expect, test } from 'vitest';
import { blocked, done, soon, together, unknown, waiting } from '../../../../../src/adapters/engines/csi/steps.ts';
import type { Step } from '../../../../../src/ports/engine.ts';

interface Case {
  readonly of: string;
  readonly steps: readonly Step<number>[];
  readonly answer: Step<readonly number[]>;
}

const cases: readonly Case[] = [
  { of: 'all that are done', steps: [done(1), done(2)], answer: done([1, 2]) },
  { of: 'none', steps: [], answer: done([]) },
  { of: 'one that waits', steps: [done(1), waiting()], answer: waiting() },
  { of: 'several that wait', steps: [waiting(), soon(), waiting()], answer: soon() },
  { of: 'one that is refused', steps: [waiting(), blocked('no'), soon()], answer: blocked('no') },
  { of: 'one that nobody knows', steps: [blocked('no'), unknown('why'), soon()], answer: unknown('why') },
];

test.for(cases)('the answer for $of is the worst of them', ({ steps, answer }) => {
  expect(together(steps)).toEqual(answer);
});

test('words of drivers become one line', () => {
  expect(blocked(' rpc error:\n\tcode = Internal  ')).toEqual({ type: 'Blocked', words: 'rpc error: code = Internal' });
});
