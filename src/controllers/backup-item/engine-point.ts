/** A recovery point's record as an engine needs it. */
import type { RecoveryPoint } from '../../api/recovery-point.gen.ts';
import type { EnginePoint } from '../../ports/engine.ts';

export function enginePoint({ spec }: RecoveryPoint): EnginePoint {
  return {
    itemID: spec.itemID,
    pointID: spec.pointID,
    source: spec.source,
    disks: spec.disks.map(({ name, handle }) => (handle === undefined ? { name } : { name, handle })),
  };
}
