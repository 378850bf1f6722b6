/** Whether, and by whom, the deletion of a NotDeleted item is asked for. */
import type { DeletionRequest } from './observation.ts';
import type { Known } from './outcome.ts';

/**
 * Who asks for the deletion of a NotDeleted item. A request that was undone where its object can't be revived (a terminating
 * namespace) stays in the record as answered, and doesn't ask again.
 */
export function deletionAsked({ item, record }: Known): DeletionRequest | undefined {
  if (record.request !== undefined && record.window !== undefined) return stillAsks(item, record.request);
  const answered = record.request;
  if (item.terminating && !(answered?.by === 'Delete' && answered.uid === item.uid)) {
    return { by: 'Delete', uid: item.uid, generation: item.generation };
  }
  if (item.intent !== 'StopDeleteData') return undefined;
  const isAnswered = answered?.uid === item.uid && item.generation <= answered.generation;
  return isAnswered ? undefined : { by: 'Spec', uid: item.uid, generation: item.generation };
}

function stillAsks(item: Known['item'], request: DeletionRequest): DeletionRequest | undefined {
  return (request.by === 'Delete' && item.terminating) || item.intent === 'StopDeleteData' ? request : undefined;
}
