/** No write without the lease. */
import type { CallOptions, KubeApi } from '../ports/kube.ts';

/** What is asked right before a write: whether this process may still act. */
export interface Fence {
  /** Never true when another process may hold the lease; see leader.ts. */
  valid(): boolean;
}

/** The write was not sent: this process does not lead, or can't be sure that it does. */
export class NotLeaderError extends Error {
  override readonly name = 'NotLeaderError';
  readonly code = 'NotLeader';
}

/**
 * The API as the leader may use it: reads as they are, every mutating call only while the lease is valid. A call that
 * was already sent can still arrive late; preconditions (resourceVersion, uid) and deterministic names make it lose.
 *
 * @throws NotLeaderError from every mutating call, which was then not sent
 */
export function fenced(kube: KubeApi, fence: Fence): KubeApi {
  const guard = async <R>(verb: string, call: () => Promise<R>): Promise<R> => {
    if (fence.valid()) return call();
    throw new NotLeaderError(`${verb}: not sent, as this process holds no valid lease; whoever leads decides anew`);
  };
  const fencedOptions = <O extends CallOptions>(options: O): O => ({ ...options, mayStillSend: () => fence.valid() });
  return {
    get: (type, key, options) => kube.get(type, key, options),
    list: (type, options) => kube.list(type, options),
    create: (type, object, options) => guard('create', () => kube.create(type, object, fencedOptions(options))),
    patch: (type, key, patch, options) => guard('patch', () => kube.patch(type, key, patch, fencedOptions(options))),
    patchStatus: (type, key, patch, options) =>
      guard('patchStatus', () => kube.patchStatus(type, key, patch, fencedOptions(options))),
    replace: (type, object, options) => guard('replace', () => kube.replace(type, object, fencedOptions(options))),
    delete: (type, key, options) => guard('delete', () => kube.delete(type, key, fencedOptions(options))),
  };
}
