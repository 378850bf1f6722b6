/** The life of a VM's backups, from the first one to the last trace, with every attempt to lose them on the way. */
import { until } from '../test/support/operator/until.ts';
import type { Stage } from './stage.ts';
import { StoryError, type Teller } from './teller.ts';

const NAMESPACE = 'backup';
const UNDELETE_FIRST = 'undelete first (protection: StopRetainData), then resume';

interface ItemStatus {
  readonly itemID?: string;
  readonly deleteState?: string;
  readonly protectionState?: string;
  readonly purgeTime?: string;
  readonly recoveryPoints?: { readonly count: number };
}

interface Told {
  readonly teller: Teller;
  readonly stage: Stage;
}

export async function tell(teller: Teller, stage: Stage): Promise<void> {
  const told: Told = { teller, stage };
  await protect(told);
  await stopAndKeep(told);
  const deleted = await stopAndDelete(told);
  await deleteTheObject(told, deleted);
  await undelete(told, deleted);
  await resume(told);
  await deleteForGood(told);
  await deleteTheVault(told);
  await waitForThePurge(told);
  await showEvidence(told);
}

async function protect(told: Told): Promise<void> {
  const { teller } = told;
  teller.chapter(
    'A vault, a policy, and a VM to protect',
    'The vault keeps what is deleted for 14 more days; that is the default. The VM "web" lives in the namespace "shop".',
  );
  await kubectl(told, 'apply', '-f', 'demo/manifests/vault.yaml');
  await kubectl(told, 'apply', '-f', 'demo/manifests/web.yaml');
  teller.say('The first backup is made at once.');
  await kubectl(told, 'wait', 'backupitem/web', '-n', NAMESPACE, '--for=condition=Protected', '--timeout=30s');
  teller.say('A second one, on demand:');
  await kubectl(told, 'create', '-f', 'demo/manifests/backup-now.yaml');
  await reach(told, 'two recovery points', ({ recoveryPoints }) => recoveryPoints?.count === 2);
  await kubectl(told, 'get', 'recoverypoints', '-n', NAMESPACE);
  teller.say('These are the data, one file per disk and recovery point:');
  await files(told, 2);
}

async function stopAndKeep(told: Told): Promise<void> {
  told.teller.chapter(
    'Stop protection, keep the data',
    'No more backups are made; what is there stays until somebody deletes it.',
  );
  await intend(told, { protection: 'StopRetainData' });
  await reach(told, 'stopped', ({ protectionState }) => protectionState === 'ProtectionStopped');
  await showItem(told, 'NotDeleted');
}

async function stopAndDelete(told: Told): Promise<ItemStatus> {
  const { teller } = told;
  teller.chapter(
    'Stop protection and delete the data',
    'Nothing is destroyed: the item is ToBeDeleted, every recovery point is on hold in the storage, and the purge time',
    'is 14 days from now.',
  );
  await intend(told, { protection: 'StopDeleteData' });
  const deleted = await reach(told, 'soft-deleted', ({ deleteState }) => deleteState === 'ToBeDeleted');
  await showItem(told, 'ToBeDeleted');
  await files(told, 2);
  teller.say('The hold, as the storage keeps it in each of these files:');
  const holds = await teller.look(told.stage.storage, 'grep', '-rh', 'retainUntil', 'items');
  expect(holds.length === 2, 'not every recovery point is on hold');
  teller.say('It can not be made active again just like that: what was deleted has to be undeleted knowingly.');
  await refused(told, UNDELETE_FIRST, ...patch({ protection: 'Active' }));
  return deleted;
}

async function deleteTheObject(told: Told, deleted: ItemStatus): Promise<void> {
  const { teller } = told;
  teller.chapter(
    'Somebody deletes the object itself',
    'A script, a cleaned-up repository, a slip: kubectl delete returns, and the record carries on in a new object of the',
    'same name, with the same data and the same deadline.',
  );
  await kubectl(told, 'delete', 'backupitem', 'web', '-n', NAMESPACE);
  const after = await reach(told, 'carried on', ({ deleteState }) => deleteState === 'ToBeDeleted');
  await showItem(told, 'ToBeDeleted');
  expect(after.itemID === deleted.itemID, 'the new object has another itemID');
  expect(after.purgeTime === deleted.purgeTime, 'the deadline has moved');
  await files(told, 2);
  teller.say('GitOps applies its manifest again, which says Active. That does not bring it back by accident, either:');
  await refused(told, UNDELETE_FIRST, 'apply', '-f', 'demo/manifests/web.yaml');
}

async function undelete(told: Told, deleted: ItemStatus): Promise<void> {
  told.teller.chapter(
    'Undelete',
    'All recovery points are back. Protection stays stopped: nothing runs until it is resumed.',
  );
  await intend(told, { protection: 'StopRetainData' });
  const back = await reach(told, 'undeleted', ({ deleteState }) => deleteState === 'NotDeleted');
  await showItem(told, 'NotDeleted');
  expect(back.recoveryPoints?.count === 2, 'not all recovery points are back');
  expect(back.itemID === deleted.itemID && back.purgeTime === undefined, 'the record is not the one that was deleted');
}

async function resume(told: Told): Promise<void> {
  told.teller.chapter('Resume', 'Protected again, by this policy or another one.');
  await intend(told, { protection: 'Active', policyRef: { name: 'nightly' } });
  await reach(told, 'protected', ({ protectionState }) => protectionState === 'Protected');
  await showItem(told, 'NotDeleted');
}

async function deleteForGood(told: Told): Promise<void> {
  const { teller } = told;
  teller.chapter(
    'Delete again, and mean it',
    'This time straight from protection. The window begins anew, and is a full one.',
  );
  await kubectl(told, 'delete', 'backupitem', 'web', '-n', NAMESPACE);
  const { purgeTime = '' } = await reach(told, 'soft-deleted', ({ deleteState }) => deleteState === 'ToBeDeleted');
  await showItem(told, 'ToBeDeleted');
  teller.say('The purge can not be brought forward. The API server refuses it even to a cluster administrator:');
  const sooner = new Date(Date.parse(purgeTime) - 5000).toISOString();
  const status = JSON.stringify({ status: { purgeTime: sooner } });
  const args = ['backupitem', 'web', '-n', NAMESPACE, '--subresource=status', '--type=merge', '-p', status];
  await refused(told, 'purgeTime may only move later', 'patch', ...args);
}

async function deleteTheVault(told: Told): Promise<void> {
  const { teller } = told;
  teller.chapter(
    'Delete the vault as well',
    'It stays while anything in it can still be brought back, and says what, until when, and the ways out.',
  );
  await kubectl(told, 'delete', 'vault', 'main', '-n', NAMESPACE, '--wait=false');
  await quietly(told, 'wait', 'vault/main', '-n', NAMESPACE, '--for=condition=DeletionBlocked', '--timeout=20s');
  const reason = '{range .status.conditions[?(@.type=="DeletionBlocked")]}{.type}={.status}: {.message}{"\\n"}{end}';
  const words = await kubectl(told, 'get', 'vault', 'main', '-n', NAMESPACE, '-o', `jsonpath=${reason}`);
  expect(words.includes('DeletionBlocked=True') && words.includes('web (ToBeDeleted, until '), 'the item is not named');
}

/** Days are counted by the item's own times, as its reader would. */
async function waitForThePurge(told: Told): Promise<void> {
  const { teller, stage } = told;
  teller.chapter('The window ends', 'Days of waiting:');
  const deleteTime = await quietly(
    told,
    'get',
    'backupitem',
    'web',
    '-n',
    NAMESPACE,
    '-o',
    'jsonpath={.status.deleteTime}',
  );
  for (let day = 1; day <= 14; day++) {
    const end = Date.parse(deleteTime) + day * stage.dayMs;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, end - Date.now())));
    if (day < 14) teller.part(`${day} `);
  }
  teller.part('14\n');
  teller.say(
    'The data is destroyed only now, each recovery point after a fresh look at everything that could forbid it.',
  );
  await quietly(told, 'wait', 'backupitem/web', '-n', NAMESPACE, '--for=delete', '--timeout=60s');
  await files(told, 0);
  teller.say("The item was the operator's own by now, so it is gone; and with it what kept the vault.");
  await quietly(told, 'wait', 'vault/main', '-n', NAMESPACE, '--for=delete', '--timeout=60s');
  const left = await kubectl(told, 'get', 'vaults,backupitems,recoverypoints', '-n', NAMESPACE);
  expect(left.includes('No resources found'), 'something is left');
}

async function showEvidence(told: Told): Promise<void> {
  told.teller.chapter(
    'What stays is the record',
    'Every operation was a BackupJob. That of the purge says what became of each recovery point.',
  );
  await kubectl(told, 'get', 'backupjobs', '-n', NAMESPACE, '--sort-by=.metadata.creationTimestamp');
  const purge = await quietly(
    told,
    'get',
    'backupjobs',
    '-n',
    NAMESPACE,
    '-o',
    'jsonpath={.items[?(@.spec.operation=="Purge")].metadata.name}',
  );
  const words = '{.status.message}{"\\n"}{range .status.evidence[*]}{@}{"\\n"}{end}';
  const evidence = await kubectl(told, 'get', 'backupjob', purge, '-n', NAMESPACE, '-o', `jsonpath=${words}`);
  expect(
    evidence.includes('permanently deleted: 2 recovery points'),
    'the evidence is not that of two recovery points',
  );
}

function kubectl({ teller, stage }: Told, ...args: readonly string[]): Promise<string> {
  return teller.kubectl(stage.plane, args);
}

function refused({ teller, stage }: Told, words: string, ...args: readonly string[]): Promise<void> {
  return teller.refused(stage.plane, args, words);
}

/** What a reader need not see: waiting, and looking something up. */
async function quietly({ stage }: Told, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await stage.plane.kubectl(args);
  if (code !== 0) throw new StoryError(`kubectl ${args.join(' ')}: ${stderr.trim()}`);
  return stdout;
}

function patch(spec: Readonly<Record<string, unknown>>): readonly string[] {
  return ['patch', 'backupitem', 'web', '-n', NAMESPACE, '--type=merge', '-p', JSON.stringify({ spec })];
}

async function intend(told: Told, spec: Readonly<Record<string, unknown>>): Promise<void> {
  await kubectl(told, ...patch(spec));
}

async function showItem(told: Told, state: string): Promise<void> {
  const shown = await kubectl(told, 'get', 'backupitem', 'web', '-n', NAMESPACE);
  expect(shown.includes(state), `the state should be ${state}`);
}

async function files({ teller, stage }: Told, count: number): Promise<void> {
  const found = await teller.look(stage.storage, 'find', 'items', '-type', 'f');
  expect(found.length === count, `there should be ${count} files, not ${found.length}`);
}

/** Asks until the item is there and its status is as wanted. */
async function reach({ stage }: Told, what: string, isReached: (status: ItemStatus) => boolean): Promise<ItemStatus> {
  const args = ['get', 'backupitem', 'web', '-n', NAMESPACE, '-o', 'json'];
  return until(`the item is ${what}`, async () => {
    const { code, stdout } = await stage.plane.kubectl(args);
    if (code !== 0) return undefined;
    const { status = {} } = JSON.parse(stdout) as { readonly status?: ItemStatus };
    return isReached(status) && status;
  });
}

function expect(holds: boolean, otherwise: string): void {
  if (!holds) throw new StoryError(otherwise);
}
