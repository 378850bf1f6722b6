/**
 * DANGER: the only call that destroys backup data is made here.
 *
 * The rules have judged already; this looks again, live, and refuses by itself. It can't reach a cache: what it destroys is
 * what the API server says now, with the uid and identity that were judged.
 */
import { RECOVERY_POINTS } from '../../api/names.ts';
import type { RecoveryPoint } from '../../api/recovery-point.gen.ts';
import type { EngineAnswer, Item, Point } from '../../domain/backup-item/observation.ts';
import { mayDestroy } from '../../domain/backup-item/purging.ts';
import { enginePoint } from './engine-point.ts';
import { type LiveParts, readBeforeDestroy } from './live.ts';

export async function destroy(
  parts: LiveParts,
  item: Item,
  point: Point,
): Promise<EngineAnswer<{ readonly lines: readonly string[] }>> {
  const refusal = mayDestroy(await readBeforeDestroy(parts, item, point), point);
  if (refusal !== undefined) return { type: 'Blocked', words: `not destroyed: ${refusal.message}` };
  const object = await parts.kube.get<RecoveryPoint>(RECOVERY_POINTS, { namespace: item.namespace, name: point.name });
  if (object.metadata.uid !== point.uid) return { type: 'Blocked', words: `point ${point.name} was replaced` };
  const engine = parts.engines.byType(object.spec.engine);
  if (engine === undefined) return { type: 'Unknown', words: `this operator has no engine ${object.spec.engine}` };
  return engine.purge(enginePoint(object));
}
