/**
 * Measures the operator against its budgets and prints one table: docs/performance.md. Runs the built operator (npm run
 * build first, which this does) on control planes of its own; takes about 20 minutes.
 *
 *   node bench/main.ts [--only storm,sync,latency,restart,idle] [--items 10000] [--sync-items 50000] [--repeat 3] [--profile DIR]
 */
import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { makeBed, startSubject, type Bed } from './bed.ts';
import { latencies, latencyRows } from './latency.ts';
import { seed, seedStorage } from './population.ts';
import { loadAverage } from './process-usage.ts';
import { idleRows, restartRows } from './rest.ts';
import { operatorStorm, rawStorm, stormRows } from './storm.ts';
import { syncRows } from './sync.ts';
import { median, render, type Row } from './table.ts';

const MEASUREMENTS = ['sync', 'storm', 'latency', 'restart', 'idle'] as const;
type Measurement = (typeof MEASUREMENTS)[number];

interface Options {
  readonly only: readonly Measurement[];
  readonly items: number;
  readonly syncItems: number;
  readonly repeat: number;
  /** Where CPU profiles of the storms go. */
  readonly profile: string | undefined;
}

const CHANGES_AT_REST = 300;
const CHANGES_UNDER_LOAD = 1_500;
const EVERY_MS = 20;

const root = path.resolve(import.meta.dirname, '..');
const startedMs = performance.now();

function say(line: string): void {
  const seconds = Math.round((performance.now() - startedMs) / 1000);
  process.stderr.write(`${String(seconds).padStart(5)} s  ${line}\n`);
}

/** @throws Error naming the flag that can't be read */
function optionsOf(argv: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      only: { type: 'string', default: MEASUREMENTS.join(',') },
      items: { type: 'string', default: '10000' },
      'sync-items': { type: 'string', default: '50000' },
      repeat: { type: 'string', default: '3' },
      profile: { type: 'string' },
    },
  });
  const only = values.only.split(',').map((name) => {
    const known = MEASUREMENTS.find((one) => one === name);
    if (known === undefined) throw new Error(`--only ${name}: must be of ${MEASUREMENTS.join(', ')}`);
    return known;
  });
  const count = (flag: string, text: string): number => {
    const number = Number(text);
    if (!Number.isInteger(number) || number < 1)
      throw new Error(`--${flag} ${text}: must be a whole number, 1 or more`);
    return number;
  };
  return {
    only,
    items: count('items', values.items),
    syncItems: count('sync-items', values['sync-items']),
    repeat: count('repeat', values.repeat),
    profile: values.profile,
  };
}

function build(): void {
  say('building the operator');
  const { status } = spawnSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' });
  if (status !== 0) throw new Error('npm run build failed: mend that first');
}

/** A plane with protected items, their points, jobs and bytes. */
async function populated(items: number): Promise<Bed> {
  const bed = await makeBed(say);
  await seed(bed.etcd, bed.template, { sorts: ['item', 'point', 'job'], to: items }, say);
  await seedStorage(bed.storage, bed.template, items);
  return bed;
}

async function storm({ items, repeat, profile }: Options): Promise<Row[]> {
  const raw: Awaited<ReturnType<typeof rawStorm>>[] = [];
  const own: typeof raw = [];
  const nodeArgs = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${path.resolve(profile)}`];
  for (let round = 1; round <= repeat; round += 1) {
    {
      await using bed = await populated(items);
      raw.push(await rawStorm(bed, items, say));
      say(`raw storm ${round}: ${raw.at(-1)?.seconds.toFixed(1) ?? ''} s`);
    }
    await using bed = await populated(items);
    const result = await operatorStorm(bed, items, say, nodeArgs);
    own.push(result);
    say(`storm ${round}: ${result.seconds.toFixed(1)} s, CPU ${result.cpuMs} ms; ended with ${result.ended}`);
  }
  return stormRows(items, raw, own, median);
}

async function sync({ items, syncItems, repeat }: Options): Promise<Row[]> {
  await using bed = await makeBed(say);
  return await syncRows(bed, [Math.min(items, syncItems), syncItems], repeat, say);
}

async function latency(bed: Bed): Promise<Row[]> {
  const subject = await startSubject(bed);
  await subject.ready();
  await subject.settled();
  const alone = await latencies(bed, { first: 100, count: CHANGES_AT_REST });
  say('latency at rest measured');
  const loaded = await latencies(bed, {
    first: 100 + CHANGES_AT_REST,
    count: CHANGES_UNDER_LOAD,
    everyMs: EVERY_MS,
  });
  await subject.operator.stop();
  return [...latencyRows('one at a time', alone), ...latencyRows(`${1000 / EVERY_MS} a second`, loaded, 10)];
}

/** Items that never held data, so that there is nothing else to read. */
async function restartAlone({ items, repeat }: Options): Promise<Row[]> {
  await using bed = await makeBed(say);
  await seed(bed.etcd, bed.template, { sorts: ['stopped'], to: items }, say);
  return await restartRows(bed, { what: `${items} items`, sort: 'stopped', repeat, most: 2 });
}

/** These share a plane: none needs what another has used up. */
async function atRest(options: Options): Promise<Row[]> {
  await using bed = await populated(Math.max(options.items, 100 + CHANGES_AT_REST + CHANGES_UNDER_LOAD));
  const rows: Row[] = [];
  const measured = (what: string, more: readonly Row[]): void => {
    rows.push(...more);
    say(`${what} measured`);
  };
  if (options.only.includes('idle')) measured('idle', await idleRows(bed, options.items));
  if (options.only.includes('restart')) {
    const what = `${options.items} items, their points and jobs`;
    measured('restart', await restartRows(bed, { what, sort: 'item', repeat: options.repeat }));
  }
  if (options.only.includes('latency')) measured('latency', await latency(bed));
  return rows;
}

async function main(): Promise<void> {
  const options = optionsOf(process.argv.slice(2));
  const load = loadAverage();
  build();
  const rows: Row[] = [];
  const show = (): void => void process.stdout.write(`\n${render(rows)}\n`);
  if (options.only.includes('storm')) rows.push(...(await storm(options)));
  if (options.only.includes('sync')) rows.push(...(await sync(options)));
  if (options.only.includes('restart')) rows.push(...(await restartAlone(options)));
  if (options.only.some((one) => ['latency', 'restart', 'idle'].includes(one))) rows.push(...(await atRest(options)));
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim() ?? ''}, Node ${process.version}`;
  process.stdout.write(`\n${machine}; load average before ${load}, after ${loadAverage()}\n`);
  show();
}

await main();
