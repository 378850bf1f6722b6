/** Walks through every order of events up to a budget, each world once. */
import { deepEqualKey } from './world-key.ts';
import { keysOf, type Machine, step, VAULT_KEY } from './operator.ts';
import { type Interrupter, reconcile, restarted, synced } from './rest.ts';
import { settled } from './promises.ts';
import type { Deed } from './users.ts';
import { Broken, operatorOf, Refused, type World } from './world.ts';

export interface Scenario {
  readonly start: World;
  /** Each may happen once, at any moment, in any order with the others. */
  readonly deeds: Readonly<Record<string, Deed>>;
  /** A deed that must come before another. */
  readonly after?: Readonly<Record<string, string>>;
  readonly machine: Machine;
  /** Caches learn of others' writes at any later moment, or at once. */
  readonly staleCaches: boolean;
  /** A crash, or a write whose answer is lost, at any moment; so many at most. */
  readonly faults: number;
  /** The deed with which leadership goes from the first operator to the last. Without one, all act at once, unfenced. */
  readonly takeOver?: string;
  readonly limit: number;
  readonly seed?: number;
}

export interface Explored {
  readonly states: number;
  readonly complete: boolean;
}

interface Node {
  readonly world: World;
  readonly done: number;
  readonly faults: number;
  readonly path: Path | undefined;
}

interface Path {
  readonly did: string;
  readonly before: Path | undefined;
}

/** @throws Broken with the history that led there */
export function explore(scenario: Scenario): Explored {
  const seen = new Set<string>();
  const restful = new Set<string>();
  const queue: Node[] = [{ world: scenario.start, done: 0, faults: 0, path: undefined }];
  const draw = drawing(scenario.seed ?? 1);
  const visit = (next: Node) => {
    const key = `${next.done}/${next.faults}/${deepEqualKey(next.world)}`;
    if (seen.has(key)) return;
    seen.add(key);
    comesToRest(scenario, next, restful);
    queue.push(next);
  };
  while (queue.length > 0 && seen.size < scenario.limit) {
    const node = takeOut(queue, draw(queue.length));
    telling(
      () => node.path,
      () => {
        for (const next of successors(scenario, node)) visit(next);
      },
    );
  }
  return { states: seen.size, complete: queue.length === 0 };
}

/** Breaches are told with the history that led to them. */
function telling<T>(path: () => Path | undefined, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof Broken && !error.message.includes('\n')) throw told(error, path());
    throw error;
  }
}

/** Where a budget ends the walk, chance decides what was seen; the same each time. */
function drawing(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 0x1_0000_0000) * below);
  };
}

function takeOut(queue: Node[], index: number): Node {
  const chosen = queue[index];
  const last = queue.pop();
  if (chosen === undefined || last === undefined) throw new Error('the queue is empty');
  if (chosen !== last) queue[index] = last;
  return chosen;
}

function told(error: Broken, path: Path | undefined): Broken {
  const steps: string[] = [];
  for (let at = path; at !== undefined; at = at.before) steps.unshift(at.did);
  return new Broken(`${error.message}\nafter:\n  ${steps.join('\n  ')}`);
}

function* successors(scenario: Scenario, node: Node): Generator<Node> {
  yield* deeds(scenario, node);
  for (const { name } of node.world.operators) {
    if (leads(scenario, node, name)) yield* operatorSteps(scenario, node, name);
    else yield { ...node, world: synced(node.world, name), path: { did: `${name} hears of all`, before: node.path } };
  }
}

function leads({ takeOver, deeds }: Scenario, { world, done }: Node, name: string): boolean {
  if (takeOver === undefined) return true;
  const taken = (done & (1 << Object.keys(deeds).indexOf(takeOver))) !== 0;
  const leader = taken ? world.operators.at(-1) : world.operators[0];
  return leader?.name === name;
}

function* deeds({ deeds, after = {} }: Scenario, node: Node): Generator<Node> {
  const names = Object.keys(deeds);
  for (const [index, name] of names.entries()) {
    const bit = 1 << index;
    const needs = names.indexOf(after[name] ?? '');
    if ((node.done & bit) !== 0 || (needs >= 0 && (node.done & (1 << needs)) === 0)) continue;
    const world = attempt(() => deeds[name]?.(node.world));
    if (world === undefined) continue;
    yield { world, done: node.done | bit, faults: node.faults, path: { did: name, before: node.path } };
  }
}

/** A refused deed leaves no trace: not having tried is the same. */
function attempt(act: () => World | undefined): World | undefined {
  try {
    return act();
  } catch (error) {
    if (error instanceof Refused) return undefined;
    throw error;
  }
}

function* operatorSteps(scenario: Scenario, node: Node, name: string): Generator<Node> {
  const world = scenario.staleCaches ? node.world : synced(node.world, name);
  const operator = world.operators.find((one) => one.name === name);
  if (operator === undefined) return;
  const faulty = node.faults < scenario.faults;
  for (const key of [...keysOf(operator), VAULT_KEY]) {
    for (const fault of faulty && key !== VAULT_KEY ? (['None', 'LostAnswer'] as const) : (['None'] as const)) {
      const next = step(world, name, key, { machine: scenario.machine, fault });
      if (fault === 'LostAnswer' && !next.did.endsWith('answer lost')) continue;
      const faults = node.faults + (fault === 'None' ? 0 : 1);
      yield {
        world: next.world,
        done: node.done,
        faults,
        path: { did: `${name} ${key}: ${next.did}`, before: node.path },
      };
    }
  }
  if (scenario.staleCaches) {
    yield { ...node, world: synced(node.world, name), path: { did: `${name} hears of all`, before: node.path } };
  }
  if (faulty) {
    const crashed = restarted(node.world, name);
    yield {
      ...node,
      world: crashed,
      faults: node.faults + 1,
      path: { did: `${name} crashes and starts again`, before: node.path },
    };
  }
}

/** If nothing more happens, the first operator brings the world to rest, and then writes nothing any more. */
function comesToRest({ machine, start }: Scenario, node: Node, known: Set<string>): void {
  const name = start.operators[0]?.name ?? '';
  const walked: string[] = [];
  let path: Path | undefined = { did: '(nothing more happens)', before: node.path };
  const interrupter: Interrupter = {
    before: (world) => world,
    loses: () => false,
    after: (world, did) => {
      path = { did, before: path };
      return world;
    },
  };
  let world = restarted(node.world, name);
  for (let round = 0; round < ROUNDS; round++) {
    const key = deepEqualKey({ ...world, operators: world.operators.slice(0, 1) });
    if (known.has(key)) return remember(known, walked);
    walked.push(key);
    const before = world;
    for (const each of [...keysOf(operatorOf(world, name)), VAULT_KEY]) {
      const at = world;
      world = telling(
        () => path,
        () => reconcile(at, each, { machine, interrupter }),
      );
    }
    if (before.api === world.api && before.storage === world.storage) {
      telling(
        () => path,
        () => settled(before),
      );
      return remember(known, walked);
    }
  }
  throw told(new Broken(`no rest after ${ROUNDS} rounds`), path);
}

const ROUNDS = 60;

function remember(known: Set<string>, walked: readonly string[]): void {
  for (const key of walked) known.add(key);
}
