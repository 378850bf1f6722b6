/** Engine calls that keep or look. The one that destroys is in purge.ts. */
import { keyOf } from '../../api/meta.ts';
import type { Action } from '../../domain/backup-item/actions.ts';
import type {
  Answers,
  EngineAnswer,
  HeldFacts,
  Observation,
  Point,
  TakenFacts,
} from '../../domain/backup-item/observation.ts';
import { type Instant, instantOf } from '../../domain/time.ts';
import type { Engine, EnginePoint } from '../../ports/engine.ts';
import type { Context } from '../context.ts';
import { enginePoint } from './engine-point.ts';

/** How many holds are asked for side by side. */
const PARALLEL_HOLDS = 16;

export async function inspect({ engines }: Context, o: Observation): Promise<NonNullable<Answers['inspected']>> {
  const engine = engines.byType(o.settings.engine ?? '');
  if (engine === undefined) return { type: 'Blocked', words: 'this operator has no engine for the vault' };
  return engine.inspect(o.item.source);
}

export async function take(context: Context, o: Observation, point: Point): Promise<EngineAnswer<TakenFacts>> {
  return withEngine(context, o, point, (engine, record) => engine.take(record));
}

export async function release(context: Context, o: Observation, point: Point): Promise<EngineAnswer<unknown>> {
  return withEngine(context, o, point, (engine, record) => engine.release(record));
}

/** An engine that this operator doesn't have can't be asked: that is Unknown, never absence. */
async function withEngine<T>(
  { stores, engines }: Context,
  { item }: Observation,
  point: Point,
  step: (engine: Engine, record: EnginePoint) => Promise<EngineAnswer<T>>,
): Promise<EngineAnswer<T>> {
  const engine = engines.byType(point.engine);
  const object = stores.points.get(keyOf({ namespace: item.namespace, name: point.name }));
  if (engine === undefined || object === undefined) {
    return { type: 'Unknown', words: `no engine ${point.engine} for point ${point.name} in this operator` };
  }
  return step(engine, enginePoint(object));
}

/** Holds every point until the window's end and reads each hold back; the first that fails is the answer. */
export async function holdAll(
  context: Context,
  o: Observation,
  { points, window }: Extract<Action, { type: 'Hold' }>,
): Promise<NonNullable<Answers['held']>> {
  const began = context.clock.monotonicMs();
  const missing: string[] = [];
  let retainUntil: Instant | undefined;
  for (let start = 0; start < points.length; start += PARALLEL_HOLDS) {
    const answers = await Promise.all(
      points.slice(start, start + PARALLEL_HOLDS).map((point) => holdOne(context, o, point, window.purgeTime)),
    );
    for (const answer of answers) {
      if (answer.type !== 'Done') return { window, tookMs: context.clock.monotonicMs() - began, answer };
      if (answer.value === 'Missing') continue;
      if (retainUntil === undefined || answer.value < retainUntil) retainUntil = answer.value;
    }
    for (const [index, answer] of answers.entries()) {
      if (answer.type === 'Done' && answer.value === 'Missing') missing.push(points[start + index]?.name ?? '');
    }
  }
  const value: HeldFacts = { retainUntil: retainUntil ?? window.purgeTime, missing };
  return { window, tookMs: context.clock.monotonicMs() - began, answer: { type: 'Done', value } };
}

/** A hold that is refused because the data isn't there doesn't hold up the deletion: it is reported as missing. */
async function holdOne(
  context: Context,
  o: Observation,
  point: Point,
  until: Instant,
): Promise<EngineAnswer<Instant | 'Missing'>> {
  const held = await withEngine(context, o, point, (engine, record) => engine.hold(record, until));
  if (held.type === 'Done') return { type: 'Done', value: instantOf(held.value.retainUntilMs) };
  if (held.type !== 'Blocked') return held;
  const probe = await withEngine(context, o, point, (engine, record) => engine.probe(record));
  return probe.type === 'Done' && !probe.value.present ? { type: 'Done', value: 'Missing' } : held;
}
