/** An operator: observes its cache, decides, does one thing. One call is one step, so that anything can come in between. */
import type { Action, Step } from '../../../../src/domain/backup-item/actions.ts';
import { decide } from '../../../../src/domain/backup-item/decide.ts';
import { decodeItem } from '../../../../src/domain/backup-item/decode.ts';
import type { Answers, Observation } from '../../../../src/domain/backup-item/observation.ts';
import { mayDestroy } from '../../../../src/domain/backup-item/purging.ts';
import { POLICY, VAULT } from '../names.ts';
import { observe, SETTINGS } from '../observations.ts';
import { engineStep, isEngineStep } from './engine.ts';
import { beforeDestroy, gateOf, isLook, look } from './looks.ts';
import { isOpen, postNext } from './hand-over.ts';
import { type Performed, write } from './perform.ts';
import { destroyed, observeItems, pointMade } from './promises.ts';
import { writeVault } from './vault.ts';
import {
  type Api,
  operatorOf,
  type Operator,
  type Pass,
  put,
  Refused,
  withOperator,
  without,
  type World,
} from './world.ts';

/** How this operator works; mutants change one part. */
export interface Machine {
  readonly decide: (o: Observation) => Step;
  readonly guardsStatus: boolean;
  /** A mutant asks its cache where a live read is due. */
  readonly looksLive: boolean;
  /** A mutant says that it holds, and doesn't. */
  readonly holds: boolean;
}

export const soundMachine: Machine = { decide, guardsStatus: true, looksLive: true, holds: true };

/** `LostAnswer`: the write happened, and the operator was told that it had not. */
export type Fault = 'None' | 'LostAnswer';

export const VAULT_KEY = 'vault/';

/** What the operator would reconcile: items that it knows, and names that open hand-overs keep. */
export function keysOf({ cache }: Operator): readonly string[] {
  const kept = Object.values(cache.jobs).flatMap((job) => (isOpen(job) ? (job.status?.record?.itemName ?? []) : []));
  return [...new Set([...Object.keys(cache.items), ...kept])];
}

export interface Stepped {
  readonly world: World;
  readonly did: string;
  readonly waits: boolean;
}

/** One step of the reconcile of `key`. A refusal ends the reconcile; the next one begins with what the cache says then. */
export function step(
  world: World,
  name: string,
  key: string,
  { machine, fault }: { machine: Machine; fault: Fault },
): Stepped {
  const operator = operatorOf(world, name);
  try {
    return key === VAULT_KEY ? vaultStep(world, operator) : itemStep(world, operator, { key, machine, fault });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { world: withOperator(world, endPass(operator, key)), did: error.message, waits: false };
  }
}

function vaultStep(world: World, operator: Operator): Stepped {
  const performed = writeVault(world, operator);
  if (performed === undefined) return { world, did: 'the vault waits', waits: true };
  return take(world, operator, { key: VAULT_KEY, pass: undefined, fault: 'None', performed, did: performed.did });
}

function endPass(operator: Operator, key: string): Operator {
  const { [key]: _ended, ...passes } = operator.passes;
  return { ...operator, passes };
}

interface ItemStep {
  readonly key: string;
  readonly machine: Machine;
  readonly fault: Fault;
}

function itemStep(world: World, operator: Operator, { key, machine, fault }: ItemStep): Stepped {
  const known = operator.passes[key];
  const posted = known === undefined ? postNext(world, operator, key) : undefined;
  if (posted !== undefined)
    return take(world, operator, { key, pass: undefined, fault, performed: posted, did: 'CreateItem' });
  const object = operator.cache.items[key];
  if (object === undefined) {
    // Gone while it was worked on: its successor is looked for at once.
    return { world: withOperator(world, endPass(operator, key)), did: 'gone', waits: known === undefined };
  }
  const pass = known ?? freshPass(`${operator.name}-${object.metadata.uid ?? ''}-${object.metadata.generation ?? 0}`);
  const o = observation(world, operator, { object, pass });
  const decision = machine.decide(o);
  if (decision.type === 'Wait') {
    return { world: withOperator(world, endPass(operator, key)), did: `Wait by ${decision.rule}`, waits: true };
  }
  const { action } = decision;
  const did = `${action.type} by ${decision.rule}`;
  if (isLook(action)) {
    const live = { ...pass.live, ...lookWith(world, operator, { key, action, machine }) };
    return going(world, operator, { key, pass: { ...pass, live }, did });
  }
  if (isEngineStep(action)) return engine(world, operator, { key, pass, action, did, machine });
  const performed = write(world, action, decodeItem(object), machine);
  const said = action.type === 'WriteStatus' && action.status.deleteState === 'ToBeDeleted';
  const answers = said ? { ...pass.answers, acceptedAt: world.now } : pass.answers;
  return take(world, operator, { key, pass: { ...pass, answers, live: {} }, fault, performed, did });
}

function lookWith(
  world: World,
  { cache }: Operator,
  { key, action, machine }: { key: string; action: Parameters<typeof look>[2]; machine: Machine },
) {
  if (machine.looksLive) return look(world, key, action);
  const item = cache.items[key];
  const fromCache = { ...world, api: cache };
  return action.type === 'LookThroughGate' && item !== undefined
    ? { gate: gateOf(fromCache, item) }
    : look(fromCache, key, action);
}

function freshPass(freshID: string): Pass {
  return { freshID, live: {}, answers: { taken: new Map(), released: new Map(), purged: new Map() } };
}

function observation(
  world: World,
  { cache }: Operator,
  { object, pass }: { object: Api['items'][string]; pass: Pass },
): Observation {
  return observe({
    item: object,
    others: Object.values(cache.items).filter((other) => other !== object),
    vault: cache.vaults[VAULT] ?? 'Absent',
    policies: [POLICY],
    points: Object.values(cache.points),
    jobs: Object.values(cache.jobs),
    namespaceTerminating: cache.namespaceTerminating,
    live: pass.live,
    answers: pass.answers,
    now: world.now,
    settings: SETTINGS,
    freshID: pass.freshID,
  });
}

function going(
  world: World,
  operator: Operator,
  { key, pass, did }: { key: string; pass: Pass; did: string },
): Stepped {
  return {
    world: withOperator(world, { ...operator, passes: { ...operator.passes, [key]: pass } }),
    did,
    waits: false,
  };
}

/** A write's outcome: into the world, and (unless the answer was lost) into the cache. */
function take(
  before: World,
  operator: Operator,
  {
    key,
    pass,
    fault,
    performed,
    did,
  }: { key: string; pass: Pass | undefined; fault: Fault; performed: Performed; did: string },
): Stepped {
  pointMade(before, performed.world);
  const world = observeItems(before, performed.world);
  if (fault === 'LostAnswer')
    return { world: withOperator(world, endPass(operator, key)), did: `${did}, answer lost`, waits: false };
  let { cache } = operator;
  for (const { kind, name, object } of performed.learnt) {
    cache = object === undefined ? without(cache, kind, name) : put(cache, kind, object);
  }
  const kept =
    pass === undefined ? endPass(operator, key) : { ...operator, passes: { ...operator.passes, [key]: pass } };
  return { world: withOperator(world, { ...kept, cache }), did, waits: false };
}

function engine(
  world: World,
  operator: Operator,
  {
    key,
    pass,
    action,
    did,
    machine,
  }: {
    key: string;
    pass: Pass;
    action: Extract<Action, { type: 'Inspect' | 'Take' | 'Hold' | 'Release' | 'Destroy' }>;
    did: string;
    machine: Machine;
  },
): Stepped {
  if (action.type === 'Destroy') {
    const refusal = mayDestroy(beforeDestroy(world, key, action.point), action.point);
    const held = world.storage[action.point.pointID]?.until !== undefined;
    const words = refusal?.message ?? (held ? 'held' : undefined);
    const purged = new Map(pass.answers.purged);
    if (words !== undefined) purged.set(action.point.name, { type: 'Blocked', words });
    else purged.set(action.point.name, { type: 'Done', value: { lines: ['gone'] } });
    const after = words === undefined ? destroyData(world, action.point) : world;
    return going(after, operator, { key, pass: { ...pass, answers: { ...pass.answers, purged } }, did });
  }
  const { storage, answers } = engineStep(world.storage, action, { answers: pass.answers, holds: machine.holds });
  return going({ ...world, storage }, operator, {
    key,
    pass: { ...pass, answers: merged(pass.answers, answers) },
    did,
  });
}

/** As controllers/backup-item/pass.ts: a hold and a release undo each other. */
function merged(before: Answers, { held, released, ...change }: Partial<Answers>): Answers {
  const { held: heldBefore, ...rest } = { ...before, ...change };
  if (held !== undefined) return { ...rest, held, released: new Map() };
  if (released !== undefined) return { ...rest, released };
  return heldBefore === undefined ? rest : { ...rest, held: heldBefore };
}

function destroyData(world: World, { pointID, itemID }: { pointID: string; itemID: string }): World {
  if (world.storage[pointID] === undefined) return world;
  const { [pointID]: _gone, ...storage } = world.storage;
  return destroyed({ ...world, storage }, pointID, itemID);
}
