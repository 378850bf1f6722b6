/**
 * Every workflow, and a fault at every call that changes something: the operator dies before it, after it, or never learns
 * the answer. Each ends as if nothing had happened; nothing is destroyed twice, early, or while it is held.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Cluster } from '../../support/faults/cluster.ts';
import type { Variant } from '../../support/faults/crash.ts';
import { type Ending, play, type Strike } from '../../support/faults/play.ts';
import { stories, type Story } from '../../support/faults/stories.ts';

/** Cases side by side; each has an operator of its own. */
const SIDE_BY_SIDE = 12;
const variants: readonly Variant[] = ['DiesBefore', 'DiesAfter', 'AnswerLost'];

let cluster: Cluster;

beforeAll(async () => {
  cluster = await Cluster.start();
});
afterAll(() => cluster.stop());

async function inParallel<T, R>(all: readonly T[], run: (one: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  const left = [...all.entries()];
  const worker = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) results[next[0]] = await run(next[1]);
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, worker));
  return results;
}

/** An answer can be lost only on a wire: the engine's calls have none. */
function strikesOf(trace: readonly string[]): readonly Strike[] {
  return trace.flatMap((call, index) =>
    variants
      .filter((variant) => variant !== 'AnswerLost' || !call.startsWith('engine.'))
      .map((variant) => ({ variant, at: index + 1 })),
  );
}

async function verify(story: Story, strike: Strike, reference: Ending): Promise<void> {
  const ending = await play(cluster, story, { strike, like: reference.picture });
  const where = `${story.name}: ${strike.variant} at call ${strike.at}, ${ending.struck ?? 'never reached'}`;
  expect({ where, picture: ending.picture }).toEqual({ where, picture: reference.picture });
  expect({ where, violations: ending.violations }).toEqual({ where, violations: [] });
  expect({ where, destroyed: ending.destroyed.length }).toEqual({ where, destroyed: reference.destroyed.length });
}

test.for(stories)('$name ends the same whatever call it is interrupted at', { timeout: 240_000 }, async (story) => {
  const reference = await play(cluster, story);
  expect(reference.violations).toEqual([]);
  expect(reference.calls).toBeGreaterThanOrEqual(3);
  const strikes = strikesOf(reference.trace);
  const outcomes = await inParallel(strikes, (strike) =>
    verify(story, strike, reference).then(
      () => undefined,
      (error: unknown) => error as Error,
    ),
  );
  const failures = outcomes.filter((outcome) => outcome !== undefined);
  expect(failures.map(({ message }) => message)).toEqual([]);
});
