/** Worlds to start from. */
import type { BackupItem } from '../../../../src/api/backup-item.gen.ts';
import { VAULT_FINALIZER } from '../../../../src/api/names.ts';
import { anItem, aNewItem, aPoint, aVault } from '../builders.ts';
import { ITEM, ITEM_ID, NOW, VAULT } from '../names.ts';
import { soundMachine } from './operator.ts';
import { rest } from './rest.ts';
import type { Api, Operator, World } from './world.ts';

function worldOf(api: Api, storage: World['storage'], operators: readonly string[]): World {
  const ghost = { said: {}, undeleted: {}, itemOfUid: {}, destroyed: {}, vaultWasDisabled: false };
  const team: readonly Operator[] = operators.map((name) => ({ name, cache: api, passes: {} }));
  return { api, storage, ghost, now: NOW, created: 1, operators: team };
}

function vaults() {
  return { [VAULT]: aVault({ meta: { finalizers: [VAULT_FINALIZER] } }) };
}

/** One protected item with one point of data, everything at rest. */
export function protectedWorld(...operators: readonly string[]): World {
  const item: BackupItem = anItem();
  const point = aPoint();
  const ghostly = worldOf(
    {
      items: { [ITEM]: item },
      points: { [point.metadata.name]: point },
      jobs: {},
      vaults: vaults(),
      namespaceTerminating: false,
    },
    { [point.spec.pointID]: { itemID: ITEM_ID, until: undefined } },
    operators,
  );
  return atRest({ ...ghostly, ghost: { ...ghostly.ghost, itemOfUid: { [item.metadata.uid ?? '']: ITEM_ID } } });
}

/** A vault, and one item that was just applied. */
export function newWorld(...operators: readonly string[]): World {
  const item = aNewItem();
  return worldOf(
    { items: { [ITEM]: item }, points: {}, jobs: {}, vaults: vaults(), namespaceTerminating: false },
    {},
    operators,
  );
}

/** Lets the first operator work until it waits; the others have heard of it. */
function atRest(start: World): World {
  const world = rest(start, soundMachine);
  return { ...world, operators: world.operators.map(({ name }) => ({ name, cache: world.api, passes: {} })) };
}
