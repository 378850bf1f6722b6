/** The BackupPolicy controller: who uses a policy, and that it stays as long as somebody does. */
import type { BackupPolicy } from '../../api/backup-policy.gen.ts';
import type { ObjectKey } from '../../api/meta.ts';
import { keyOf, parseKey } from '../../api/meta.ts';
import { BACKUP_POLICIES, MANAGER, POLICY_FINALIZER } from '../../api/names.ts';
import { decidePolicy } from '../../domain/backup-policy/decide.ts';
import type { Reconciler } from '../../runtime/controller.ts';
import { mergePatch } from '../../runtime/merge-patch.ts';
import { DONE, type ReconcileResult } from '../../runtime/result.ts';
import { type Context, nowOf } from '../context.ts';
import { patchFinalizers } from '../finalizers.ts';

const STEPS = 8;

export class BackupPolicyReconciler implements Reconciler {
  readonly name = 'backup-policy';
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  async reconcile(key: ObjectKey): Promise<ReconcileResult> {
    const { stores, kube } = this.#context;
    for (let step = 0; step < STEPS; step++) {
      const policy = stores.policies.get(keyOf(key));
      if (policy === undefined) return DONE;
      const { metadata } = policy;
      const decision = decidePolicy({
        name: metadata.name,
        generation: metadata.generation ?? 0,
        terminating: metadata.deletionTimestamp !== undefined,
        hasFinalizer: metadata.finalizers?.includes(POLICY_FINALIZER) ?? false,
        status: policy.status ?? {},
        users: stores.items.indexed('effectivePolicy', keyOf(key)).map((item) => parseKey(item).name),
        now: nowOf(this.#context),
      });
      if (decision.type === 'Wait') return DONE;
      if (decision.type === 'WriteStatus') {
        await this.#writeStatus(policy, decision.status);
        // The counts of a moment later are the business of a second later (triggers.ts).
        return DONE;
      } else {
        await patchFinalizers(kube, stores.policies, {
          type: BACKUP_POLICIES,
          object: policy,
          finalizer: POLICY_FINALIZER,
          present: decision.type === 'AddFinalizer',
        });
      }
    }
    return DONE;
  }

  async #writeStatus(policy: BackupPolicy, status: NonNullable<BackupPolicy['status']>): Promise<void> {
    const { metadata } = policy;
    const patch = mergePatch((policy.status ?? {}) as Record<string, unknown>, status as Record<string, unknown>);
    if (patch === undefined) return;
    const written = await this.#context.kube.patchStatus<BackupPolicy>(
      BACKUP_POLICIES,
      { namespace: metadata.namespace ?? '', name: metadata.name },
      { metadata: { resourceVersion: metadata.resourceVersion ?? '' }, status: patch },
      { fieldManager: MANAGER },
    );
    this.#context.stores.policies.upsert(written.object);
  }
}
