/**
 * A raw-deleted RecoveryPoint comes back as it was. Its object can't be revived, so the record moves through a stand-in; at
 * every moment one of the two is complete:
 *
 *   deleted object ──▶ stand-in written, with its status ──▶ our finalizer off, the object goes
 *                  ──▶ object of the old name, from the stand-in ──▶ its status ──▶ stand-in removed
 *
 * Both carry the same spec.pointID, which is the identity that items, digests and engines use.
 */
import type { RecoveryPointStatus } from '../../api/recovery-point.gen.ts';
import { isSame } from '../canonical.ts';

/** One of the two objects of an identity. */
export interface PointObject {
  readonly name: string;
  readonly uid: string;
  readonly terminating: boolean;
  readonly hasFinalizer: boolean;
  readonly spec: unknown;
  readonly status: RecoveryPointStatus;
  /** It bears the labels by which its record is found live. */
  readonly labelled: boolean;
}

export interface PointObservation {
  /** The name under which users know the point. */
  readonly name: string;
  readonly point: PointObject | undefined;
  readonly standIn: PointObject | undefined;
  /** Nothing can be created there: the finalizer holds, the record stays where it is. */
  readonly namespaceTerminating: boolean;
  /** Its item is Purged: everything it had was proven gone, so there is nothing for a stand-in to bring back. */
  readonly itemPurged: boolean;
}

export type PointStep =
  | { readonly type: 'AddFinalizer'; readonly object: PointObject }
  | { readonly type: 'SetLabels'; readonly object: PointObject }
  | { readonly type: 'CreateStandIn'; readonly of: PointObject }
  | { readonly type: 'WriteStatus'; readonly object: PointObject; readonly status: RecoveryPointStatus }
  | { readonly type: 'LetGo'; readonly object: PointObject }
  | { readonly type: 'CreatePoint'; readonly from: PointObject }
  | { readonly type: 'RemoveStandIn'; readonly object: PointObject; readonly restored: boolean }
  | { readonly type: 'Wait' };

export function decidePoint(o: PointObservation): PointStep {
  const { point, standIn } = o;
  if (point === undefined) return standIn === undefined ? { type: 'Wait' } : comeBack(o, standIn);
  if (point.terminating) return point.status.state === 'Purged' ? letGo(point) : moveOver(o, point);
  if (!point.hasFinalizer) {
    // A point that is Purged is being removed: there is nothing left to hold.
    return point.status.state === 'Purged' ? { type: 'Wait' } : { type: 'AddFinalizer', object: point };
  }
  // Live looks find points by label; one that was taken off would make the frozen list look shorter than it is.
  if (!point.labelled) return { type: 'SetLabels', object: point };
  return standIn === undefined ? { type: 'Wait' } : settleBack(point, standIn);
}

function letGo(object: PointObject): PointStep {
  return object.hasFinalizer ? { type: 'LetGo', object } : { type: 'Wait' };
}

function moveOver({ standIn, namespaceTerminating }: PointObservation, point: PointObject): PointStep {
  if (namespaceTerminating || !point.hasFinalizer) return { type: 'Wait' };
  if (standIn === undefined) return { type: 'CreateStandIn', of: point };
  if (!sameIdentity(standIn, point)) return { type: 'Wait' };
  // Handles that came to be known since the copy was made: it is made anew, while the original is still held.
  if (!same(standIn.spec, point.spec)) return { type: 'RemoveStandIn', object: standIn, restored: false };
  if (!same(standIn.status, point.status)) return { type: 'WriteStatus', object: standIn, status: point.status };
  return { type: 'LetGo', object: point };
}

/** A stand-in whose status was not written yet still has its original: only a complete one may act for it. */
function comeBack({ itemPurged }: PointObservation, standIn: PointObject): PointStep {
  if (itemPurged) return { type: 'RemoveStandIn', object: standIn, restored: false };
  return { type: 'CreatePoint', from: standIn };
}

function settleBack(point: PointObject, standIn: PointObject): PointStep {
  if (!sameIdentity(standIn, point)) return { type: 'Wait' };
  if (point.status.state === undefined && standIn.status.state !== undefined) {
    return { type: 'WriteStatus', object: point, status: standIn.status };
  }
  return { type: 'RemoveStandIn', object: standIn, restored: true };
}

/** What may differ between the two is handles alone, which are set once on whichever was the known one. */
function sameIdentity(a: PointObject, b: PointObject): boolean {
  return same(pointIDOf(a), pointIDOf(b));
}

function pointIDOf({ spec }: PointObject): unknown {
  return (spec as { readonly pointID?: unknown }).pointID;
}

function same(a: unknown, b: unknown): boolean {
  return isSame(a, b);
}
