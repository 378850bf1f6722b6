/** What a reconcile answers: nothing more to do, or when to look again. */

export type ReconcileResult =
  | { readonly type: 'Done' }
  /** At a calendar time (milliseconds since the epoch), re-evaluated when the wall clock is set. */
  | { readonly type: 'RequeueAt'; readonly atMs: number }
  /** After a stretch of monotonic time. */
  | { readonly type: 'RequeueAfter'; readonly afterMs: number };

export const DONE: ReconcileResult = { type: 'Done' };

export function requeueAt(atMs: number): ReconcileResult {
  return { type: 'RequeueAt', atMs };
}

export function requeueAfter(afterMs: number): ReconcileResult {
  return { type: 'RequeueAfter', afterMs };
}

/**
 * Trying again can't help: it is logged and counted, and the key rests until something about it changes
 * (controller-runtime's TerminalError).
 */
export class TerminalError extends Error {
  override readonly name = 'TerminalError';
}
