/** What people, tools and time do to a world. */
import type { BackupItem } from '../../../../src/api/backup-item.gen.ts';
import { API_VERSION } from '../../../../src/api/names.ts';
import type { VaultSpec } from '../../../../src/api/vault.gen.ts';
import { DAY_MS, plus } from '../../../../src/domain/time.ts';
import { aNewItem } from '../builders.ts';
import { NAMESPACE, VAULT } from '../names.ts';
import { create, remove, setIntent, update } from './api-server.ts';
import { itemIDOf, observeItems } from './promises.ts';
import type { World } from './world.ts';

export type Deed = (world: World) => World;

function ghostOf(world: World, item: BackupItem | undefined, undeleted: boolean): World {
  const itemID = item && itemIDOf(world.ghost, item);
  if (itemID === undefined) return world;
  return { ...world, ghost: { ...world.ghost, undeleted: { ...world.ghost.undeleted, [itemID]: undeleted } } };
}

/**
 * An edit of a terminating object undeletes only where the namespace goes as well, and only what is said to be deleted: of an
 * edit before that, nobody can tell whether it came before or after the DELETE.
 */
function isUndelete({ api }: World, { metadata, status }: BackupItem): boolean {
  if (metadata.deletionTimestamp === undefined) return status?.deleteState !== 'Purged';
  return api.namespaceTerminating && status?.deleteState === 'ToBeDeleted';
}

export const stopAndRetain =
  (name: string): Deed =>
  (world) => {
    const next = setIntent(world, name, 'StopRetainData');
    const item = next.api.items[name];
    return item !== undefined && isUndelete(world, item) ? ghostOf(next, item, true) : next;
  };

export const stopAndDelete =
  (name: string): Deed =>
  (world) =>
    ghostOf(setIntent(world, name, 'StopDeleteData'), world.api.items[name], false);

/** `kubectl apply` of the manifest, as GitOps does it: makes the object, or makes it Active. */
export const apply =
  (name: string): Deed =>
  (world) =>
    world.api.items[name] === undefined
      ? create(world, 'items', aNewItem({ meta: { name } })).world
      : setIntent(world, name, 'Active');

export const kubectlDelete =
  (name: string): Deed =>
  (world) => {
    const item = world.api.items[name];
    const deleted = remove(world, 'items', name).world;
    const again = item?.metadata.deletionTimestamp !== undefined;
    return observeItems(world, again ? deleted : ghostOf(deleted, item, false));
  };

function setVault(world: World, spec: VaultSpec): World {
  const next = update(world, 'vaults', {
    name: VAULT,
    change: (vault) => ({ ...vault, spec: { ...vault.spec, ...spec } }),
  }).world;
  const off = spec.softDelete?.state === 'Disabled';
  return off ? { ...next, ghost: { ...next.ghost, vaultWasDisabled: true } } : next;
}

export const disableSoftDelete: Deed = (world) =>
  setVault(world, { softDelete: { state: 'Disabled', retentionDays: 14 } });
export const enableSoftDelete: Deed = (world) =>
  setVault(world, { softDelete: { state: 'Enabled', retentionDays: 14 } });
export const suspendPurge: Deed = (world) => setVault(world, { suspendPurge: true });
export const resumePurge: Deed = (world) => setVault(world, { suspendPurge: false });
export const deleteVault: Deed = (world) => observeItems(world, remove(world, 'vaults', VAULT).world);

/** The namespace controller deletes what is in the namespace; finalizers hold it. */
export const deleteNamespace: Deed = (world) => {
  let next: World = { ...world, api: { ...world.api, namespaceTerminating: true } };
  for (const name of Object.keys(next.api.items)) next = kubectlDelete(name)(next);
  return next;
};

export const aWeekPasses: Deed = (world) => ({ ...world, now: plus(world.now, 7.5 * DAY_MS) });

/** A user's job for a backup on demand. */
export const backUp =
  (name: string): Deed =>
  (world) =>
    create(world, 'jobs', {
      apiVersion: API_VERSION,
      kind: 'BackupJob',
      metadata: { name: `on-demand-${name}`, namespace: NAMESPACE },
      spec: { operation: 'Backup', itemRef: { name } },
    }).world;
