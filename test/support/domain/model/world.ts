/**
 * A small world in which the pure rules act: an API server with the semantics that they rely on, a storage with holds, and
 * operators with caches that may be old. Everything is immutable data, so that a state can be kept, compared and gone on from.
 */
import type { BackupItem } from '../../../../src/api/backup-item.gen.ts';
import type { BackupJob } from '../../../../src/api/backup-job.gen.ts';
import type { RecoveryPoint } from '../../../../src/api/recovery-point.gen.ts';
import type { Vault } from '../../../../src/api/vault.gen.ts';
import type { Answers, LiveFacts } from '../../../../src/domain/backup-item/observation.ts';
import type { Instant } from '../../../../src/domain/time.ts';

type ByName<T> = Readonly<Record<string, T>>;

/** What the API server stores, or a cache of it. */
export interface Api {
  readonly items: ByName<BackupItem>;
  readonly points: ByName<RecoveryPoint>;
  readonly jobs: ByName<BackupJob>;
  readonly vaults: ByName<Vault>;
  readonly namespaceTerminating: boolean;
}

/** Data by pointID, with the end of its hold. */
export type Storage = ByName<{ readonly itemID: string; readonly until: Instant | undefined }>;

/** What only the observer of the world knows: promises made, by itemID. */
export interface Ghost {
  /** When ToBeDeleted was said, and the latest deadline that was shown for it. */
  readonly said: ByName<{ readonly at: Instant; readonly deadline: string }>;
  /** Undeletes that were accepted, and not followed by another deletion. */
  readonly undeleted: ByName<boolean>;
  readonly itemOfUid: ByName<string>;
  /** How often data was really destroyed, by pointID. */
  readonly destroyed: ByName<number>;
  readonly vaultWasDisabled: boolean;
}

export interface Pass {
  readonly freshID: string;
  readonly live: LiveFacts;
  readonly answers: Answers;
}

export interface Operator {
  readonly name: string;
  readonly cache: Api;
  readonly passes: ByName<Pass>;
}

export interface World {
  readonly api: Api;
  readonly storage: Storage;
  readonly ghost: Ghost;
  readonly now: Instant;
  /** Objects created so far: uids are made of it. */
  readonly created: number;
  readonly operators: readonly Operator[];
}

export type Kind = 'items' | 'points' | 'jobs' | 'vaults';
export type ObjectOf<K extends Kind> = Api[K][string];

/** The API server's refusal. */
export class Refused extends Error {
  readonly code: 'Conflict' | 'NotFound' | 'AlreadyExists' | 'Invalid' | 'Forbidden';

  constructor(code: Refused['code'], words: string) {
    super(`${code}: ${words}`);
    this.code = code;
  }
}

/** A promise of the product was broken; the message says which. */
export class Broken extends Error {}

export function put<K extends Kind>(api: Api, kind: K, object: ObjectOf<K>): Api {
  return { ...api, [kind]: { ...api[kind], [object.metadata.name]: object } };
}

export function without(api: Api, kind: Kind, name: string): Api {
  const { [name]: _gone, ...rest } = api[kind] as Record<string, unknown>;
  return { ...api, [kind]: rest };
}

export function operatorOf(world: World, name: string): Operator {
  const found = world.operators.find((operator) => operator.name === name);
  if (found === undefined) throw new Error(`no operator ${name}`);
  return found;
}

export function withOperator(world: World, operator: Operator): World {
  return { ...world, operators: world.operators.map((one) => (one.name === operator.name ? operator : one)) };
}
