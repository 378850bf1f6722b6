/** What the operator has asked of the API server, as the API server recorded it. */
import { readFile } from 'node:fs/promises';
import { until } from '../operator/until.ts';
import type { World } from './world.ts';

const OPERATOR = 'system:serviceaccount:reprieve-system:reprieve';
const READS = ['get', 'list', 'watch'];

export interface AuditedCall {
  readonly auditID: string;
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly responseStatus?: { readonly code?: number };
  readonly requestURI: string;
  readonly stage: string;
  readonly requestReceivedTimestamp: string;
}

/** Ended calls of the operator, oldest first. A watch is among them once it has ended. */
export async function operatorCalls({ plane }: World): Promise<readonly AuditedCall[]> {
  if (plane.auditLog === undefined) throw new Error('this world was started without audit');
  const lines = (await readFile(plane.auditLog, 'utf8')).split('\n').slice(0, -1);
  return lines
    .map((line) => JSON.parse(line) as AuditedCall)
    .filter((call) => call.user.username === OPERATOR && call.stage === 'ResponseComplete');
}

/** `backupitems/status.reprieve.dev`, as rules of a role name it. */
export function resourceOf({ objectRef }: AuditedCall): string {
  const { resource = '', subresource, apiGroup } = objectRef ?? {};
  return `${resource}${subresource === undefined ? '' : `/${subresource}`}${apiGroup === undefined ? '' : `.${apiGroup}`}`;
}

/** Writes other than the lease's, in one namespace or all. */
export async function operatorWrites(world: World, namespace?: string): Promise<readonly AuditedCall[]> {
  const calls = await operatorCalls(world);
  return calls.filter(
    (call) =>
      !READS.includes(call.verb) &&
      call.objectRef?.resource !== 'leases' &&
      (namespace === undefined || call.objectRef?.namespace === namespace),
  );
}

/** `patch backupitems/status.reprieve.dev` → how often, of these calls. */
export function tally(calls: readonly AuditedCall[]): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const call of calls) {
    const what = `${call.verb} ${resourceOf(call)}`;
    counts.set(what, (counts.get(what) ?? 0) + 1);
  }
  return Object.fromEntries([...counts].sort());
}

/**
 * Waits until the operator has written nothing for a while, and answers how many writes there were then.
 * @throws Error where it never comes to rest
 */
export async function comesToRest(world: World, quietMs: number, withinMs: number): Promise<number> {
  let count = -1;
  let since = performance.now();
  return until(
    `${quietMs} ms without a write`,
    async () => {
      const now = (await operatorWrites(world)).length;
      if (now !== count) {
        count = now;
        since = performance.now();
      }
      return performance.now() - since >= quietMs && count;
    },
    { withinMs, everyMs: 250 },
  );
}
