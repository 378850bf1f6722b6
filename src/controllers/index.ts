/** The controllers, one per line, and what wakes them. */
import type { ObjectKey } from '../api/meta.ts';
import type { Clock, Random } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { Metrics } from '../ports/metrics.ts';
import { RetryBucket } from '../runtime/backoff.ts';
import { Controller, type ControllerParts, type ReconcileContext, type Reconciler } from '../runtime/controller.ts';
import { Pacer } from '../runtime/pacer.ts';
import { DONE, type ReconcileResult } from '../runtime/result.ts';
import { BackupItemReconciler } from './backup-item/controller.ts';
import type { PurgeRate } from './backup-item/purge-rate.ts';
import { BackupJobReconciler } from './backup-job/controller.ts';
import { BackupPolicyReconciler } from './backup-policy/controller.ts';
import type { Context } from './context.ts';
import { RecoveryPointReconciler } from './recovery-point/controller.ts';
import { connectTriggers, initialItemKeys, initialPointKeys } from './triggers.ts';
import { VaultReconciler } from './vault/controller.ts';

interface Options {
  readonly parts: { readonly clock: Clock; readonly random: Random; readonly log: Log; readonly metrics: Metrics };
  readonly rate: PurgeRate;
  /** Empty: all. */
  readonly namespaces: readonly string[];
}

/** Workers of the item controller: enough to keep the API server busy, fewer than there are connections. */
const ITEM_WORKERS = 12;

export function buildControllers(context: Context, { parts, rate, namespaces }: Options): readonly Controller[] {
  const { stores } = context;
  const shared: ControllerParts = { ...parts, pacer: new Pacer(parts.clock), retryBucket: new RetryBucket(parts) };
  const build = (reconciler: Reconciler, initialKeys: () => Iterable<string>, workers = 4) =>
    new Controller(within(namespaces, reconciler), shared, { workers, initialKeys });

  const items = build(new BackupItemReconciler(context, rate), () => initialItemKeys(stores), ITEM_WORKERS);
  const vaults = build(new VaultReconciler(context), () => stores.vaults.keys());
  const policies = build(new BackupPolicyReconciler(context), () => stores.policies.keys());
  const points = build(new RecoveryPointReconciler(context), () => initialPointKeys(stores));
  const jobs = build(new BackupJobReconciler(context), () => stores.jobs.keys());

  connectTriggers(stores, { items, vaults, policies, points, jobs });
  return [items, vaults, policies, points, jobs];
}

/** Objects of other namespaces are nobody's business here. */
function within(namespaces: readonly string[], reconciler: Reconciler): Reconciler {
  if (namespaces.length === 0) return reconciler;
  const mine = new Set(namespaces);
  return {
    name: reconciler.name,
    reconcile: (key: ObjectKey, ctx: ReconcileContext): Promise<ReconcileResult> =>
      mine.has(key.namespace) ? reconciler.reconcile(key, ctx) : Promise.resolve(DONE),
  };
}
