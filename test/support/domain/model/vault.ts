/** The vault's controller in the model: the rules of domain/vault, on the cache for showing and on the world for letting go. */
import { VAULT_FINALIZER } from '../../../../src/api/names.ts';
import { parseInstant } from '../../../../src/domain/time.ts';
import { decideVault, type References } from '../../../../src/domain/vault/decide.ts';
import { NAMESPACE, VAULT } from '../names.ts';
import { SETTINGS } from '../observations.ts';
import { seen, setFinalizer, update } from './api-server.ts';
import { isOpen } from './hand-over.ts';
import type { Performed } from './perform.ts';
import type { Api, Operator, World } from './world.ts';

/** What to write to the vault, as the vault's controller does; undefined where it waits. */
export function writeVault(world: World, operator: Operator): (Performed & { readonly did: string }) | undefined {
  const vault = operator.cache.vaults[VAULT];
  if (vault === undefined) return undefined;
  const decision = decideVault({
    name: VAULT,
    namespace: NAMESPACE,
    generation: vault.metadata.generation ?? 0,
    terminating: vault.metadata.deletionTimestamp !== undefined,
    hasFinalizer: vault.metadata.finalizers?.includes(VAULT_FINALIZER) ?? false,
    status: vault.status ?? {},
    softDelete: vault.spec.softDelete?.state ?? 'Enabled',
    retentionDays: vault.spec.softDelete?.retentionDays ?? 14,
    suspendPurge: vault.spec.suspendPurge ?? false,
    suspendedByOperator: false,
    engineAvailable: true,
    engine: 'Simulated',
    cached: referencesOf(operator.cache),
    live: referencesOf(world.api),
    dayLengthMs: SETTINGS.dayLengthMs,
    now: world.now,
  });
  if (decision.type === 'Wait' || decision.type === 'LookForReferences') return undefined;
  const guard = seen(vault);
  const written =
    decision.type === 'WriteStatus'
      ? update(world, 'vaults', { name: VAULT, guard, change: (object) => ({ ...object, status: decision.status }) })
      : setFinalizer(world, 'vaults', {
          name: VAULT,
          guard,
          finalizer: VAULT_FINALIZER,
          present: decision.type === 'AddFinalizer',
        });
  return {
    world: written.world,
    learnt: [{ kind: 'vaults', name: VAULT, object: written.object }],
    did: `vault ${decision.type}`,
  };
}

const BINDING = new Set(['Backup', 'Restore', 'DeleteBackupData', 'Undelete', 'Purge']);

function referencesOf({ items, points, jobs }: Api): References {
  return {
    items: Object.values(items).map(({ metadata, status }) => ({
      name: metadata.name,
      deleteState: status?.itemID === undefined ? undefined : status.deleteState,
      stopped: status?.protectionState === 'ProtectionStopped',
      holdsData: status?.dataHeldSince !== undefined,
      purgeTime: parseInstant(status?.purgeTime),
    })),
    points: Object.values(points).flatMap(({ metadata, status }) =>
      status?.state === 'Purged' ? [] : [metadata.name],
    ),
    jobs: Object.values(jobs).flatMap((job) =>
      isOpen(job) && BINDING.has(job.spec.operation) ? [job.metadata.name] : [],
    ),
  };
}
