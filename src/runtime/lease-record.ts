/** A coordination.k8s.io/v1 Lease as a record of who leads, and the changes to it. */
import type { KubeObject, ObjectKey, ResourceType } from '../api/meta.ts';
import { microTime } from './micro-time.ts';

export const LEASE_TYPE: ResourceType = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
  namespaced: true,
};

interface LeaseSpec {
  /** Absent or empty: nobody. */
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

export interface Lease extends KubeObject {
  readonly spec?: LeaseSpec;
}

export function holderOf(lease: Lease | undefined): string {
  return lease?.spec?.holderIdentity ?? '';
}

/** What a look at the Lease found; `lease` undefined: there was none. */
export interface Look {
  readonly lease: Lease | undefined;
}

/**
 * Whether nobody can have led between the look and the write that replaced `replaced`: it was free then, and it is still
 * that very record, so nobody has taken it.
 *
 * @param look undefined: nobody looked, or in vain
 */
export function untouchedSince(look: Look | undefined, replaced: Lease | undefined): boolean {
  if (look === undefined || holderOf(look.lease) !== '') return false;
  if (look.lease === undefined || replaced === undefined) return look.lease === replaced;
  const { uid, resourceVersion } = look.lease.metadata;
  return uid === replaced.metadata.uid && resourceVersion === replaced.metadata.resourceVersion;
}

/** What must change for the holder to count as alive. Labels and annotations don't. */
export function signOfLife(lease: Lease): string {
  const spec = lease.spec ?? {};
  return JSON.stringify([spec.holderIdentity, spec.acquireTime, spec.renewTime, spec.leaseTransitions]);
}

export interface Claim {
  readonly key: ObjectKey;
  readonly identity: string;
  readonly durationMs: number;
  /** By the local wall clock; for readers only, no decision depends on it. */
  readonly wallMs: number;
}

/** The lease held by us: renewed where it was ours, acquired with the next fencing token where it was not. */
export function claimed(claim: Claim, current: Lease | undefined, transitions: number): Lease {
  const now = microTime(claim.wallMs);
  const ours = holderOf(current) === claim.identity;
  return withSpec(claim.key, current, {
    holderIdentity: claim.identity,
    leaseDurationSeconds: Math.ceil(claim.durationMs / 1000),
    acquireTime: ours ? (current?.spec?.acquireTime ?? now) : now,
    renewTime: now,
    leaseTransitions: transitions,
  });
}

/** The lease held by nobody, with its fencing token kept. */
export function released(claim: Claim, current: Lease): Lease {
  return withSpec(claim.key, current, {
    leaseDurationSeconds: 1,
    renewTime: microTime(claim.wallMs),
    leaseTransitions: current.spec?.leaseTransitions ?? 0,
  });
}

function withSpec(key: ObjectKey, current: Lease | undefined, spec: LeaseSpec): Lease {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: current?.metadata ?? { name: key.name, namespace: key.namespace },
    spec,
  };
}
