/** Answers of one step, and of several disks together. Pure. */
import type { Step } from '../../../ports/engine.ts';

/** The watches call before; this is for what they missed. */
const ASK_AGAIN_MS = 15_000;
/** Somebody wrote at the same time, or the next write is ours. */
const SOON_MS = 250;

export type NotDone = Exclude<Step<never>, { readonly type: 'Done' }>;

export function done<T>(value: T): Step<T> {
  return { type: 'Done', value };
}

export function blocked(words: string): NotDone {
  return { type: 'Blocked', words: oneLine(words) };
}

export function unknown(words: string): NotDone {
  return { type: 'Unknown', words: oneLine(words) };
}

/** Somebody else has to move. */
export function waiting(): NotDone {
  return { type: 'Pending', askAgainAfterMs: ASK_AGAIN_MS };
}

export function soon(): NotDone {
  return { type: 'Pending', askAgainAfterMs: SOON_MS };
}

/**
 * All or the first that isn't Done, what can't be known before what is refused, and both before what is under way: a point is
 * only as good as its worst disk.
 */
export function together<T>(steps: readonly Step<T>[]): Step<readonly T[]> {
  const undone = steps.filter((step) => step.type !== 'Done');
  const worst =
    undone.find(({ type }) => type === 'Unknown') ??
    undone.find(({ type }) => type === 'Blocked') ??
    undone.reduce<NotDone | undefined>(sooner, undefined);
  return worst ?? done(steps.flatMap((step) => (step.type === 'Done' ? [step.value] : [])));
}

function sooner(first: NotDone | undefined, next: NotDone): NotDone {
  if (first?.type !== 'Pending' || next.type !== 'Pending') return next;
  return next.askAgainAfterMs < first.askAgainAfterMs ? next : first;
}

/** What drivers say has line breaks in it. */
function oneLine(words: string): string {
  return words.replace(/\s+/g, ' ').trim().slice(0, 1_000);
}
