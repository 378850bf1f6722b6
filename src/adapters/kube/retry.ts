/** Which failed calls are worth a second attempt, and when. */
import type { Random } from '../../ports/clock.ts';
import type { KubeError } from '../../ports/kube.ts';
import { AbortedError, DeadlineError } from './errors.ts';

/**
 * - `Read`: changes nothing, may be asked again.
 * - `Guarded`: a write with resourceVersion, or a delete of one uid: if the first attempt was carried out, the second is
 *   refused or finds nothing, and the caller decides anew.
 * - `Once`: any other write. It is sent again only where it certainly never reached the server.
 */
export type RetryClass = 'Read' | 'Guarded' | 'Once';

const MAX_ATTEMPTS: Readonly<Record<RetryClass, number>> = { Read: 5, Guarded: 3, Once: 3 };
const FIRST_MS = 200;
const CAP_MS = 5_000;

/**
 * @param attempt how many were made, 1 or more
 * @param sent whether the last one was begun to be sent
 * @returns milliseconds to wait, or undefined: give up
 */
export function retryDelayMs(
  retry: RetryClass,
  error: KubeError,
  facts: { readonly attempt: number; readonly sent: boolean },
  random: Random,
): number | undefined {
  if (facts.attempt >= MAX_ATTEMPTS[retry] || !worthwhile(retry, error, facts.sent)) return undefined;
  const backoff = random() * Math.min(CAP_MS, FIRST_MS * 2 ** facts.attempt);
  return Math.max(error.retryAfterMs ?? 0, backoff);
}

function worthwhile(retry: RetryClass, error: KubeError, sent: boolean): boolean {
  if (error.cause instanceof DeadlineError || error.cause instanceof AbortedError) return false;
  // Refused before it was looked at (API priority and fairness): nothing happened, whatever it was.
  if (error.status === 429) return true;
  if (error.status === 0) return retry !== 'Once' || !sent;
  // A path that isn't served (404 without a name) is not going to be within seconds.
  return retry === 'Read' && error.status >= 500;
}
