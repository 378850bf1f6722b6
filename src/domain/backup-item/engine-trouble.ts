/** An engine step that isn't Done: the item waits, says why, and nothing is given up. */
import { MINUTE_MS, plus } from '../time.ts';
import type { EngineAnswer } from './observation.ts';
import { type Known, type ReadyReason, ready, settle, type Settlement, verdict } from './outcome.ts';

type Trouble = Exclude<EngineAnswer<unknown>, { type: 'Done' }>;

/** How long to wait before the same step is tried again, if nothing else calls earlier. */
export function askAgainMs(answer: Trouble): number {
  return answer.type === 'Pending' ? answer.askAgainAfterMs : MINUTE_MS;
}

/** Waits for the engine with Ready=False (or unchanged while merely pending). */
export function waitForEngine(o: Known, answer: Trouble, reason: ReadyReason): Settlement {
  const wakeAt = plus(o.now, askAgainMs(answer));
  if (answer.type === 'Pending') return settle([], {}, { wakeAt });
  return settle([ready('False', reason, wordsOf(answer))], {}, { wakeAt });
}

/** As {@link waitForEngine}, for a purge: it says so in PurgeBlocked. */
export function purgeWaitsForEngine(o: Known, answer: Trouble): Settlement {
  const wakeAt = plus(o.now, askAgainMs(answer));
  if (answer.type === 'Pending') return settle([], {}, { wakeAt });
  const reason = answer.type === 'Unknown' ? 'EngineUnknown' : 'EngineBlocked';
  const first = !o.item.status.conditions?.some((c) => c.type === 'PurgeBlocked' && c.status === 'True');
  return settle(
    [verdict('PurgeBlocked', 'True', reason, wordsOf(answer))],
    {},
    {
      wakeAt,
      event: first ? { reason: 'PurgeBlocked', type: 'Warning', note: wordsOf(answer) } : undefined,
    },
  );
}

function wordsOf(answer: Exclude<Trouble, { type: 'Pending' }>): string {
  return answer.type === 'Unknown'
    ? `the storage gives no answer: ${answer.words}`
    : `the storage says: ${answer.words}`;
}
