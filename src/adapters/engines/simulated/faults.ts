/** Answers on demand, for tests from outside: what a file under `faults/` makes a step say. Pure. */
import type { Step } from '../../../ports/engine.ts';

const ASK_AGAIN_MS = 1000;

/** What a step answers instead of doing anything. */
export type Fault = Exclude<Step<never>, { readonly type: 'Done' }>;

/**
 * `blocked: words`, `unknown: words`, `pending` or `pending: MILLISECONDS` (when to ask again; 1000 where it isn't said). Anything
 * else is Unknown, so that a slip of the pen doesn't let a step through.
 */
export function parseFault(text: string, file: string): Fault {
  const [, kind, rest = ''] = /^(blocked|unknown|pending)(?::\s*(.*))?$/.exec(text.trim()) ?? [];
  if (kind === 'pending')
    return { type: 'Pending', askAgainAfterMs: /^\d{1,7}$/.test(rest) ? Number(rest) : ASK_AGAIN_MS };
  if (kind === 'blocked') return { type: 'Blocked', words: rest };
  if (kind === 'unknown') return { type: 'Unknown', words: rest };
  return { type: 'Unknown', words: `${file}: is neither "blocked: words", "unknown: words" nor "pending"` };
}
