/**
 * All checks and tests, one stage after the other, until one is red:
 *   node scripts/test.ts [stage…]
 * Ends with a line of its own, "N passed, N failed" (", N skipped" where some were), over the tests of all stages. A stage
 * that fails without a failed test counts as one.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const bin = path.join(root, 'node_modules', '.bin');

interface Stage {
  readonly name: string;
  readonly about: string;
  /** Program of node_modules/.bin, and its arguments. */
  readonly command: readonly [string, ...string[]];
  /** Its tests are counted from the report that vitest writes. */
  readonly counts: boolean;
}

const check = (name: string, about: string, ...command: Stage['command']): Stage => ({
  name,
  about,
  command,
  counts: false,
});
const suite = (name: string, about: string): Stage => ({
  name,
  about,
  command: ['vitest', 'run', '--project', name],
  counts: true,
});

const stages: readonly Stage[] = [
  check('format', 'formatted as prettier does', 'prettier', '--check', '--log-level', 'warn', '.'),
  check('types', 'types', 'tsc', '-p', 'tsconfig.json', '--noEmit'),
  check('lint', 'lint rules', 'eslint', '.'),
  check('unused', 'nothing exported, installed or kept for nobody', 'knip'),
  check('generated', 'what is derived from crds/ is up to date', 'node', 'scripts/generate.ts', '--check'),
  suite('unit', 'unit, property, contract and repository tests'),
  check('csi', 'the programs of the CSI stack are there', 'node', 'test/support/csi/cli.ts'),
  suite('integration', 'CRDs, runtime and operator on a real control plane'),
  suite('e2e', 'the life cycle from outside, and the demo'),
];

interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

type Result = Count & { readonly code: number };

const say = (line: string) => void process.stdout.write(`${line}\n`);
const NONE: Count = { passed: 0, failed: 0, skipped: 0 };

async function runStage({ command, counts }: Stage): Promise<Result> {
  const directory = mkdtempSync(path.join(tmpdir(), 'reprieve-test-'));
  const report = path.join(directory, 'report.json');
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const code = await run([...command, ...(counts ? reporters : [])]);
    return judge(code, counts ? readCount(report) : NONE);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** What CI runs is all there is: a test that is left out there is one that nobody runs. */
function judge(code: number, count: Count): Result {
  const leftOut = count.skipped > 0 && isCI();
  if (leftOut) say(`${count.skipped} tests were skipped: under CI=true none may be`);
  const red = code !== 0 || leftOut;
  return { ...count, failed: red ? Math.max(1, count.failed) : count.failed, code: red ? code || 1 : 0 };
}

function isCI(): boolean {
  return !['', '0', 'false', undefined].includes(process.env['CI']);
}

/** Nothing is counted where no report was written, as when the run was interrupted. */
function readCount(report: string): Count {
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(
      readFileSync(report, 'utf8'),
    ) as Readonly<Record<string, number>>;
    return {
      passed: numPassedTests ?? 0,
      failed: numFailedTests ?? 0,
      skipped: (numPendingTests ?? 0) + (numTodoTests ?? 0),
    };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return NONE;
    throw error;
  }
}

let interrupted = false;

function run([program = '', ...args]: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: root,
      env: { ...process.env, PATH: [bin, process.env['PATH'] ?? ''].join(path.delimiter) },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const pass = (signal: NodeJS.Signals) => {
      interrupted = true;
      child.kill(signal);
    };
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
    for (const signal of signals) process.on(signal, pass);
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      for (const name of signals) process.off(name, pass);
      resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL']);
    });
  });
}

function chosen(names: readonly string[]): readonly Stage[] {
  const unknown = names.filter((name) => !stages.some((stage) => stage.name === name));
  if (unknown.length > 0) {
    throw new Error(`${unknown.join(', ')}: no such stage; there are ${stages.map(({ name }) => name).join(', ')}`);
  }
  return names.length === 0 ? stages : stages.filter(({ name }) => names.includes(name));
}

const seconds = (since: number) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

async function main(names: readonly string[]): Promise<number> {
  const began = performance.now();
  const wanted = chosen(names);
  let total = NONE;
  for (const [index, stage] of wanted.entries()) {
    const start = performance.now();
    say(`\n── ${index + 1}/${wanted.length} ${stage.name}: ${stage.about}`);
    const result = await runStage(stage);
    total = {
      passed: total.passed + result.passed,
      failed: total.failed + result.failed,
      skipped: total.skipped + result.skipped,
    };
    say(`── ${stage.name} ${result.code === 0 ? 'is green' : 'is RED'} (${seconds(start)})`);
    if (result.code === 0) continue;
    const rest = wanted.slice(index + 1).map(({ name }) => name);
    say(`\n${interrupted ? 'interrupted' : 'stopped'} at ${stage.name} after ${seconds(began)}`);
    if (rest.length > 0) say(`not run: ${rest.join(', ')}`);
    sumUp(total);
    return result.code;
  }
  say(`\nall green after ${seconds(began)}`);
  sumUp(total);
  return 0;
}

function sumUp({ passed, failed, skipped }: Count): void {
  say(`${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`test: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
