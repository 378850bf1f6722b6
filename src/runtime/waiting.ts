/** Waiting for time on an injected clock. */
import type { Clock } from '../ports/clock.ts';

/** A call took longer than it was given. It may still have been carried out. */
class DeadlineError extends Error {
  override readonly name = 'DeadlineError';
}

/** Resolves after `ms`, or as soon as the signal is aborted. Never rejects. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) {
      resolve();
      return;
    }
    const end = (): void => {
      cancel();
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const cancel = clock.after(ms, end);
    signal?.addEventListener('abort', end, { once: true });
  });
}

/**
 * What `work` resolves to, if it does within `ms`. Its signal is aborted then, and the wait ends even where it takes no
 * notice.
 *
 * @throws DeadlineError after `ms`
 */
export async function within<T>(clock: Clock, ms: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController();
  const late = Promise.withResolvers<never>();
  const cancel = clock.after(ms, () => {
    const error = new DeadlineError(`no answer within ${ms} ms`);
    late.reject(error);
    abort.abort(error);
  });
  try {
    return await Promise.race([work(abort.signal), late.promise]);
  } finally {
    cancel();
  }
}
