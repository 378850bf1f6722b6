/** Observations from objects, put together as controllers/backup-item/observe.ts does it from the caches. */
import type { BackupItem } from '../../../src/api/backup-item.gen.ts';
import type { BackupJob } from '../../../src/api/backup-job.gen.ts';
import type { RecoveryPoint } from '../../../src/api/recovery-point.gen.ts';
import type { Vault } from '../../../src/api/vault.gen.ts';
import type { Step } from '../../../src/domain/backup-item/actions.ts';
import { decide } from '../../../src/domain/backup-item/decide.ts';
import { decodeItem, decodeJob, decodePoint, decodeVault, isFinished } from '../../../src/domain/backup-item/decode.ts';
import { onePerIdentity, pointsDigest } from '../../../src/domain/backup-item/digest.ts';
import type { Answers, Item, LiveFacts, Observation, OtherItem } from '../../../src/domain/backup-item/observation.ts';
import { canonical } from '../../../src/domain/canonical.ts';
import { DAY_MS, type Instant, instantOf, parseInstant } from '../../../src/domain/time.ts';
import { aVault } from './builders.ts';
import { FRESH_ID, NOW, POLICY, quickHash } from './names.ts';

/** Everything that is stored, and what is known beyond it. What is left out is as on a quiet day. */
export interface Facts {
  readonly item: BackupItem;
  readonly others?: readonly BackupItem[];
  readonly vault?: Vault | 'Absent';
  readonly policies?: readonly string[];
  readonly points?: readonly RecoveryPoint[];
  readonly jobs?: readonly BackupJob[];
  readonly namespaceTerminating?: boolean;
  readonly sourceAllowed?: boolean | 'Unknown';
  readonly live?: LiveFacts;
  readonly answers?: Partial<Answers>;
  readonly now?: Instant;
  readonly rateFreeAt?: Instant;
  readonly settings?: Partial<Observation['settings']>;
  readonly freshID?: string;
}

export const SETTINGS: Observation['settings'] = {
  marginMs: 300_000,
  jitterMs: 0,
  dayLengthMs: DAY_MS,
  spread: 0,
  engine: 'Simulated',
};

export function observe(facts: Facts): Observation {
  const item = decodeItem(facts.item);
  const itemID = item.state.type === 'Known' ? item.state.record.itemID : undefined;
  const { jobs = [], others = [], vault = aVault(), points: all = [] } = facts;
  const objects = itemID === undefined ? [] : onePerIdentity(all.filter((point) => point.spec.itemID === itemID));
  return {
    ...surroundings(facts),
    item,
    vault: vault === 'Absent' ? vault : decodeVault(vault),
    policy: policyOf(item, facts.policies ?? [POLICY]),
    points: objects.map(decodePoint),
    digest: () => pointsDigest(objects, quickHash),
    jobs: jobs
      .map(decodeJob)
      .filter((job) => job.itemName === item.name || (itemID !== undefined && job.itemID === itemID))
      .sort((a, b) => a.createdAt - b.createdAt || (a.name < b.name ? -1 : 1)),
    rivals: others.filter((other) => sourceOf(other) === sourceOf(facts.item)).map(rivalOf),
    handOvers: jobs.map(decodeJob).filter((job) => keeps(job, item)),
    orphanPoints: item.state.type === 'None' ? orphans(facts, all, others) : 0,
  };
}

type Surroundings =
  | 'namespaceTerminating'
  | 'sourceAllowed'
  | 'live'
  | 'answers'
  | 'now'
  | 'rateFreeAt'
  | 'settings'
  | 'freshID'
  | 'hash';

function surroundings(facts: Facts): Pick<Observation, Surroundings> {
  return {
    sourceAllowed: facts.sourceAllowed ?? true,
    namespaceTerminating: facts.namespaceTerminating ?? false,
    live: facts.live ?? {},
    answers: { taken: new Map(), released: new Map(), purged: new Map(), ...facts.answers },
    now: facts.now ?? NOW,
    rateFreeAt: facts.rateFreeAt ?? instantOf(0),
    settings: { ...SETTINGS, ...facts.settings },
    freshID: facts.freshID ?? FRESH_ID,
    hash: quickHash,
  };
}

export function decideOn(facts: Facts): Step {
  return decide(observe(facts));
}

function sourceOf({ spec }: BackupItem): string {
  return canonical([spec.vaultRef.name, spec.source]);
}

function policyOf(item: Item, policies: readonly string[]): Observation['policy'] {
  if (item.policyName === undefined) return undefined;
  if (!policies.includes(item.policyName)) return 'Absent';
  return { name: item.policyName, terminating: false, firstBackup: 'Immediately' };
}

function keeps(job: ReturnType<typeof decodeJob>, item: Item): boolean {
  const { record } = job;
  if (record === undefined || isFinished(job)) return false;
  const same = canonical([record.spec.vaultRef.name, record.spec.source]) === canonical([item.vaultName, item.source]);
  return same || record.itemName === item.name;
}

function orphans({ item }: Facts, points: readonly RecoveryPoint[], others: readonly BackupItem[]): number {
  const carried = new Set(others.flatMap((other) => other.status?.itemID ?? []));
  return points.filter(
    ({ spec, status }) =>
      status?.state !== 'Purged' &&
      canonical([spec.vaultRef.name, spec.source]) === sourceOf(item) &&
      !carried.has(spec.itemID),
  ).length;
}

function rivalOf({ metadata, status }: BackupItem): OtherItem {
  return {
    name: metadata.name,
    uid: metadata.uid ?? '',
    itemID: status?.itemID,
    deleteState: status?.deleteState,
    dataHeldSince: parseInstant(status?.dataHeldSince),
    createdAt: parseInstant(metadata.creationTimestamp) ?? instantOf(0),
    terminating: metadata.deletionTimestamp !== undefined,
  };
}

/** The digest that an item over these points freezes. */
export function digestOf(points: readonly RecoveryPoint[]): string {
  return pointsDigest(points, quickHash);
}
