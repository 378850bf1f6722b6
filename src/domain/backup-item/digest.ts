/**
 * The frozen list (P4): one text over the identities and handles of an item's points. Specs are immutable, so the digest
 * changes only when points appear, vanish or were never ours.
 */
import { STAND_IN_FOR_ANNOTATION } from '../../api/names.ts';
import type { RecoveryPoint } from '../../api/recovery-point.gen.ts';
import { canonical } from '../canonical.ts';

/**
 * One object per identity. Where a stand-in and its original exist: whichever has its status, as the other is only just being
 * put back; and the original of two that have.
 */
export function onePerIdentity(objects: readonly RecoveryPoint[]): readonly RecoveryPoint[] {
  const byID = new Map<string, RecoveryPoint>();
  for (const object of objects) {
    const other = byID.get(object.spec.pointID);
    if (other === undefined || standing(object) > standing(other)) byID.set(object.spec.pointID, object);
  }
  return [...byID.values()].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
}

function standing({ metadata, status }: RecoveryPoint): number {
  const isOriginal = metadata.annotations?.[STAND_IN_FOR_ANNOTATION] === undefined;
  return (status?.state === undefined ? 0 : 2) + (isOriginal ? 1 : 0);
}

/** @param hash SHA-256 in hex */
export function pointsDigest(objects: readonly RecoveryPoint[], hash: (text: string) => string): string {
  const specs = onePerIdentity(objects)
    .map((object) => canonical(object.spec))
    .sort();
  return `sha256:${hash(specs.join('\n'))}`;
}
