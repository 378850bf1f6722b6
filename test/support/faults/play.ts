/** Plays a story with one fault in it, and a fresh operator after a crash. */
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../operator/until.ts';
import { chain } from './calls.ts';
import type { Cluster } from './cluster.ts';
import { Fault, type Variant } from './crash.ts';
import { type InProcess, runOperator } from './in-process.ts';
import { identityOf, pictureOf } from './picture.ts';
import type { Place } from './place.ts';
import type { Story } from './stories.ts';
import { Witness } from './witness.ts';

export interface Ending {
  /** Which call the fault struck; undefined where the story was over before. */
  readonly struck: string | undefined;
  readonly calls: number;
  readonly trace: readonly string[];
  readonly picture: readonly string[];
  readonly violations: readonly string[];
  readonly destroyed: readonly string[];
}

export interface Strike {
  readonly variant: Variant;
  readonly at: number;
}

let places = 0;

/** @param like the picture to end in; without it the story is played to its end, and the picture is what it looks like then */
export async function play(
  cluster: Cluster,
  story: Story,
  { strike, like }: { readonly strike?: Strike; readonly like?: readonly string[] } = {},
): Promise<Ending> {
  places += 1;
  const place = await cluster.place(`case-${places}`, story.place);
  const witness = new Witness(cluster.admin, place);
  const fault = new Fault(strike?.variant ?? 'DiesBefore', strike?.at ?? Number.POSITIVE_INFINITY);
  const options = { dayLength: story.dayLength, around: chain(fault.around, witness.around) };
  const life = new Life(await runOperator(cluster, place, options));
  try {
    await story.begin(place);
    const before = await identityOf(place);
    fault.arm();
    const successor = fault.died.then(() =>
      life.succeed(() => runOperator(cluster, place, { ...options, around: witness.around })),
    );
    successor.catch(() => undefined);
    await story.act(place);
    await story.end(place);
    const picture = await settled(place, () => pictureOf(place, before), like);
    for (const item of await place.items()) witness.saw(item);
    const { struck, calls, trace } = fault;
    return { struck, calls, trace, picture, violations: witness.violations, destroyed: witness.destroyed };
  } catch (error) {
    const said = life
      .lines()
      .slice(-20)
      .map((line) => JSON.stringify(line));
    throw new Error(`${story.name}, ${JSON.stringify(strike)} at ${String(fault.struck)}:\n${said.join('\n')}`, {
      cause: error,
    });
  } finally {
    await life.end();
  }
}

/** The last picture, if it comes to be as wanted, or after it had time to. */
async function settled(
  place: Place,
  draw: () => Promise<readonly string[]>,
  like: readonly string[] | undefined,
): Promise<readonly string[]> {
  if (like === undefined) {
    // The reference: whatever would still be written belongs to it.
    await delay(1_500);
    return draw();
  }
  let last: readonly string[] = [];
  await until(
    `${place.namespace} looks as without a fault`,
    async () => {
      last = await draw();
      return JSON.stringify(last) === JSON.stringify(like);
    },
    { withinMs: 10_000, everyMs: 200 },
  ).catch(() => undefined);
  return last;
}

/** One operator after the other. */
class Life {
  #operator: InProcess;
  #over = false;
  #succession: Promise<void> = Promise.resolve();

  constructor(first: InProcess) {
    this.#operator = first;
  }

  lines(): InProcess['lines'] {
    return this.#operator.lines;
  }

  succeed(start: () => Promise<InProcess>): Promise<void> {
    this.#succession = this.#operator.stop().then(async () => {
      if (!this.#over) this.#operator = await start();
    });
    return this.#succession;
  }

  async end(): Promise<void> {
    this.#over = true;
    await this.#succession.catch(() => undefined);
    await this.#operator.stop();
  }
}
