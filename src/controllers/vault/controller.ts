/** The Vault controller: counts and conditions, and the finalizer that keeps a vault while anything of it may have data. */
import type { ObjectKey } from '../../api/meta.ts';
import { keyOf } from '../../api/meta.ts';
import { MANAGER, VAULT_FINALIZER, VAULTS } from '../../api/names.ts';
import type { Vault } from '../../api/vault.gen.ts';
import { decideVault, type References, type VaultEvent, type VaultObservation } from '../../domain/vault/decide.ts';
import type { ReconcileContext, Reconciler } from '../../runtime/controller.ts';
import { mergePatch } from '../../runtime/merge-patch.ts';
import { DONE, type ReconcileResult } from '../../runtime/result.ts';
import { type Context, nowOf } from '../context.ts';
import { patchFinalizers } from '../finalizers.ts';
import { cachedReferences, liveReferences } from './references.ts';

const STEPS = 16;

export class VaultReconciler implements Reconciler {
  readonly name = 'vault';
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  async reconcile(key: ObjectKey, ctx: ReconcileContext): Promise<ReconcileResult> {
    let live: References | undefined;
    for (let step = 0; step < STEPS; step++) {
      const vault = this.#context.stores.vaults.get(keyOf(key));
      if (vault === undefined) return DONE;
      const decision = decideVault(this.#observe(vault, key, live));
      ctx.log.debug('step', { action: decision.type });
      switch (decision.type) {
        case 'Wait':
          return DONE;
        case 'LookForReferences':
          live = await liveReferences(this.#context, key);
          break;
        case 'AddFinalizer':
        case 'RemoveFinalizer':
          await this.#setFinalizer(vault, decision.type === 'AddFinalizer');
          break;
        case 'WriteStatus':
          await this.#writeStatus(vault, decision.status);
          for (const event of decision.events) this.#say(vault, event);
          // The counts of a moment later are the business of a second later (triggers.ts); an end is not made to wait.
          if (vault.metadata.deletionTimestamp === undefined) return DONE;
      }
    }
    return DONE;
  }

  #observe(vault: Vault, key: ObjectKey, live: References | undefined): VaultObservation {
    const { metadata, spec, status } = vault;
    const engine = spec.engine?.type ?? 'CSISnapshot';
    const { settings, engines } = this.#context;
    return {
      name: metadata.name,
      namespace: key.namespace,
      generation: metadata.generation ?? 0,
      terminating: metadata.deletionTimestamp !== undefined,
      hasFinalizer: metadata.finalizers?.includes(VAULT_FINALIZER) ?? false,
      status: status ?? {},
      softDelete: spec.softDelete?.state ?? 'Enabled',
      retentionDays: spec.softDelete?.retentionDays ?? 14,
      suspendPurge: spec.suspendPurge ?? false,
      suspendedByOperator: settings.suspendPurges,
      engine,
      engineAvailable: engines.forVault(engine) !== undefined,
      cached: cachedReferences(this.#context, key),
      live,
      dayLengthMs: settings.dayLengthMs,
      now: nowOf(this.#context),
    };
  }

  async #setFinalizer(vault: Vault, present: boolean): Promise<void> {
    await patchFinalizers(this.#context.kube, this.#context.stores.vaults, {
      type: VAULTS,
      object: vault,
      finalizer: VAULT_FINALIZER,
      present,
    });
  }

  async #writeStatus(vault: Vault, status: Vault['status']): Promise<void> {
    const { metadata } = vault;
    const patch = mergePatch(
      (vault.status ?? {}) as Record<string, unknown>,
      (status ?? {}) as Record<string, unknown>,
    );
    if (patch === undefined) return;
    const written = await this.#context.kube.patchStatus<Vault>(
      VAULTS,
      { namespace: metadata.namespace ?? '', name: metadata.name },
      { metadata: { resourceVersion: metadata.resourceVersion ?? '' }, status: patch },
      { fieldManager: MANAGER },
    );
    this.#context.stores.vaults.upsert(written.object);
  }

  #say({ metadata }: Vault, { type, reason, note }: VaultEvent): void {
    const key = { namespace: metadata.namespace ?? '', name: metadata.name };
    this.#context.events.record({
      regarding: { type: VAULTS, key, uid: metadata.uid ?? '' },
      type,
      reason,
      note,
      action: reason,
    });
  }
}
