import { describe, expect, test } from 'vitest';
import type { ObjectKey } from '../../../src/api/meta.ts';
import { keyOf } from '../../../src/api/meta.ts';
import { Controller } from '../../../src/runtime/controller.ts';
import type { ReconcileContext, ReconcileResult } from '../../../src/runtime/controller.ts';
import { NotLeaderError } from '../../../src/runtime/fencing.ts';
import { DONE, TerminalError, requeueAfter, requeueAt } from '../../../src/runtime/result.ts';
import { kubeError } from '../../support/memory-kube.ts';
import { runtimeParts, sample } from '../../support/runtime-parts.ts';

const SECOND = 1_000;

type Reconcile = (key: ObjectKey, ctx: ReconcileContext) => Promise<ReconcileResult>;

/** A running controller whose every reconcile is noted with its time. */
async function start(
  reconcile: Reconcile,
  options: { readonly workers?: number; readonly initialKeys?: readonly string[] } = {},
) {
  const parts = runtimeParts();
  const startedMs = parts.clock.monotonicMs();
  const seen: { readonly key: string; readonly atMs: number }[] = [];
  const reconciler = {
    name: 'test',
    reconcile: (key: ObjectKey, ctx: ReconcileContext) => {
      seen.push({ key: keyOf(key), atMs: parts.clock.monotonicMs() - startedMs });
      return reconcile(key, ctx);
    },
  };
  const { workers = 2, initialKeys = ['ns/a'] } = options;
  const controller = new Controller(reconciler, parts, { workers, initialKeys: () => initialKeys });
  const running = controller.run();
  await parts.clock.settle();
  const result = (name: string) =>
    sample(parts.metrics, `controller_runtime_reconcile_total{controller="test",result="${name}"}`);
  return { ...parts, controller, running, seen, result, times: () => seen.map(({ atMs }) => atMs) };
}

/** Throws each of these once, then succeeds. */
function throwing(...errors: readonly Error[]): Reconcile {
  const left = [...errors];
  return () => {
    const error = left.shift();
    return error === undefined ? Promise.resolve(DONE) : Promise.reject(error);
  };
}

describe('what a reconcile answers', () => {
  test('Done: the key rests until it is added again', async () => {
    const { clock, controller, times, result } = await start(() => Promise.resolve(DONE));
    await clock.advance(3_600 * SECOND);
    controller.add('ns/a');
    await clock.settle();
    expect(times()).toEqual([0, 3_600 * SECOND]);
    expect(await result('success')).toBe(2);
  });

  test('RequeueAfter and RequeueAt: the key comes back at that time', async () => {
    const answers = [requeueAfter(7 * SECOND), requeueAt(Date.parse('2026-03-01T00:01:00Z')), DONE];
    const { clock, times, result } = await start(() => Promise.resolve(answers.shift() ?? DONE));
    await clock.advance(600 * SECOND);
    expect(times()).toEqual([0, 7 * SECOND, 60 * SECOND]);
    expect(await result('requeue_after')).toBe(2);
  });

  test('a time that is no number: an error that is retried, as a key without a time would be lost', async () => {
    const answers = [requeueAt(Number.NaN), DONE];
    const { clock, lines, times } = await start(() => Promise.resolve(answers.shift() ?? DONE));
    await clock.advance(SECOND);
    expect(times()).toHaveLength(2);
    expect(lines).toHaveLength(1);
  });
});

describe('what a reconcile throws', () => {
  test.for([
    { name: 'a conflict', error: kubeError('Conflict'), againMs: 275, lines: 0, result: 'requeue' },
    { name: 'no lease', error: new NotLeaderError('not sent'), againMs: 2 * SECOND, lines: 0, result: 'requeue' },
    { name: 'a failed call', error: kubeError('Unavailable'), againMs: 250, lines: 1, result: 'error' },
    { name: 'a defect', error: new TypeError('x is undefined'), againMs: 250, lines: 1, result: 'error' },
    { name: 'a terminal error', error: new TerminalError('no'), againMs: undefined, lines: 1, result: 'error' },
  ])('$name: again after $againMs ms, $lines lines, counted as $result', async (row) => {
    const { clock, times, lines, result } = await start(throwing(row.error));
    await clock.advance(600 * SECOND);
    expect(times()).toEqual(row.againMs === undefined ? [0] : [0, row.againMs]);
    expect(lines).toHaveLength(row.lines);
    expect(await result(row.result)).toBe(1);
  });

  test('the one line is constant in its message and has object, controller, code and number of failures as keys', async () => {
    const { lines } = await start(throwing(kubeError('Forbidden')));
    expect(lines).toEqual([
      expect.objectContaining({
        level: 'error',
        message: 'reconcile failed',
        controller: 'test',
        object: 'ns/a',
        reconcileID: 'test-1',
        error: "Forbidden: by the test's API server",
        code: 'Forbidden',
        failures: 1,
      }),
    ]);
    expect(lines[0]).not.toHaveProperty('stack');
  });

  test('a synchronous throw is an error like any other', async () => {
    const { clock, times } = await start(() => {
      throw new Error('at once');
    });
    await clock.advance(250);
    expect(times()).toEqual([0, 250]);
  });

  test('a terminal error rests only until the next change', async () => {
    const { clock, controller, times } = await start(throwing(new TerminalError('no')));
    await clock.advance(60 * SECOND);
    controller.add('ns/a');
    await clock.settle();
    expect(times()).toEqual([0, 60 * SECOND]);
  });
});

describe('time and end', () => {
  test('a reconcile that hangs has its signal aborted after 2 min, and its key is taken by nobody else meanwhile', async () => {
    let letGo: (() => void) | undefined;
    let signal: AbortSignal | undefined;
    const { clock, controller, seen, lines, metrics } = await start((_key, ctx) => {
      signal = ctx.signal;
      return new Promise((resolve) => {
        letGo = () => resolve(DONE);
      });
    });
    controller.add('ns/a');
    await clock.advance(120 * SECOND - 1);
    expect(signal?.aborted).toBe(false);
    await clock.advance(11 * SECOND);
    expect(signal?.aborted).toBe(true);
    expect(seen).toHaveLength(1);
    expect(lines.map(({ message }) => message)).toEqual(['reconcile ignores its abort signal']);
    expect(await sample(metrics, 'controller_runtime_reconcile_timeouts_total{controller="test"}')).toBe(1);
    letGo?.();
    await clock.settle();
    expect(seen).toHaveLength(2);
  });

  test('stopping the intake lets the running reconcile end and starts no other', async () => {
    let letGo: (() => void) | undefined;
    const { clock, controller, running, seen } = await start(
      () => new Promise((resolve) => (letGo = () => resolve(requeueAfter(1)))),
      { workers: 1, initialKeys: ['ns/a', 'ns/b'] },
    );
    controller.stopIntake();
    letGo?.();
    await running;
    await clock.advance(SECOND);
    expect(seen.map(({ key }) => key)).toEqual(['ns/a']);
  });

  test('an abort reaches a signal that nobody had asked for yet, and what it ends is no error', async () => {
    let look: (() => void) | undefined;
    const { clock, controller, running, lines, result } = await start(async (_key, ctx) => {
      await new Promise<void>((resolve) => (look = resolve));
      ctx.signal.throwIfAborted();
      return DONE;
    });
    controller.abort(new Error('leadership lost'));
    look?.();
    await running;
    expect(lines).toEqual([]);
    expect(await result('error')).toBe(0);
    expect(clock.armed).toBe(0);
  });

  test('a reconcile that begins just as its controller is aborted finds its signal aborted', async () => {
    const signals: boolean[] = [];
    const { clock, controller, running } = await start((_key, ctx) => {
      signals.push(ctx.signal.aborted);
      return Promise.resolve(DONE);
    });
    controller.add('ns/b');
    controller.abort(new Error('leadership lost'));
    await clock.settle();
    await running;
    expect(signals).toEqual([false, true]);
  });

  test('before it runs a controller takes in nothing; then it looks at every initial key', async () => {
    const parts = runtimeParts();
    const seen: string[] = [];
    const reconciler = {
      name: 'test',
      reconcile: (key: ObjectKey) => {
        seen.push(keyOf(key));
        return Promise.resolve(DONE);
      },
    };
    const controller = new Controller(reconciler, parts, { initialKeys: () => ['ns/a', 'ns/b'] });
    controller.add('ns/gone');
    controller.addAfter('ns/gone', 1);
    controller.addAt('ns/gone', 0);
    const running = controller.run();
    await parts.clock.advance(SECOND);
    controller.stopIntake();
    await running;
    expect(seen).toEqual(['ns/a', 'ns/b']);
  });
});

test('a flood of synchronous reconciles of two controllers leaves the event loop a turn every 8 ms', async () => {
  const parts = runtimeParts();
  const keys = Array.from({ length: 10_000 }, (_, n) => `ns/k${n}`);
  let turnMs = 0;
  let count = 0;
  const longest: number[] = [];
  const reconcile = (): Promise<ReconcileResult> => {
    parts.clock.freeze(0.05);
    turnMs += 0.05;
    count += 1;
    return Promise.resolve(DONE);
  };
  const controllers = ['one', 'two'].map(
    (name) => new Controller({ name, reconcile }, parts, { initialKeys: () => keys }),
  );
  const running = controllers.map((controller) => controller.run());
  while (count < 2 * keys.length) {
    await new Promise((resolve) => setImmediate(resolve));
    longest.push(turnMs);
    turnMs = 0;
  }
  for (const controller of controllers) controller.stopIntake();
  await Promise.all(running);
  // Each of the 16 workers may have begun its last reconcile of the slice before the slice was over.
  expect(Math.max(...longest)).toBeLessThan(8 + 16 * 0.05 + 0.1);
});
