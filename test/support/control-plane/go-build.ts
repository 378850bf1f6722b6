import { existsSync } from 'node:fs';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ControlPlaneError } from './error.ts';
import { BUILD_VARIABLES, type Go, lastLine } from './go.ts';
import { Supervisor } from './supervisor.ts';

/** Says one line to whoever waits for the control plane. */
export type Progress = (line: string) => void;

/** Programs that are built together from one Go module into one directory. */
export interface Product {
  /** As it goes on after "a process that builds". */
  readonly name: string;
  /** The directory of the Go module. */
  readonly module: string;
  readonly packages: readonly string[];
  readonly flags: readonly string[];
  /** The line said first: what is built and what it costs. */
  readonly announcement: string;
  /** What else belongs into the directory of the programs, before it appears; may ask Go, in the module. */
  readonly finish: (bin: string, go: (name: string, args: readonly string[]) => Promise<string>) => Promise<void>;
}

/** How often the build says where it is. */
const PROGRESS_EVERY_MS = 5_000;

/**
 * Builds a product into `target`: all of it or, on any failure or death, nothing. Of several processes that want it at
 * once, one builds and the others wait for it.
 * @throws ControlPlaneError BuildFailed
 */
export async function buildProduct(
  product: Product,
  target: string,
  tools: { readonly helper: string; readonly go: Go },
  progress: Progress,
): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  const waiting = setTimeout(() => progress(`waiting for another process that builds ${product.name}`), 1_000);
  await using job = await Supervisor.start(tools.helper, dirname(target), `${basename(target)}.`, `${target}.lock`);
  clearTimeout(waiting);
  if (existsSync(target)) return;
  progress(product.announcement);
  const goBuild = new GoBuild(job, tools.go, product.module);
  const packages = await goBuild.run('list', ['list', '-deps', ...product.packages], (lines, seconds) =>
    progress(`fetching modules, ${seconds} s, ${lines.length} packages known`),
  );
  const bin = join(job.directory, 'bin');
  await mkdir(bin);
  const args = ['build', '-v', ...product.flags, '-o', `${bin}/`, ...product.packages];
  await goBuild.run('build', args, (lines, seconds) =>
    progress(
      `compiling and linking, ${seconds} s, ${lines.length} of up to ${packages.length} packages, ${lines.at(-1) ?? ''}`,
    ),
  );
  await product.finish(bin, async (name, words) => (await goBuild.run(name, words, () => undefined)).join('\n'));
  await rename(bin, target);
  progress(`built, and kept in ${target}`);
}

/** Runs `go` under a supervisor, so that a build does not outlive the process that wanted it. */
class GoBuild {
  readonly #job: Supervisor;
  readonly #go: Go;
  readonly #module: string;

  constructor(job: Supervisor, go: Go, module: string) {
    this.#job = job;
    this.#go = go;
    this.#module = module;
  }

  /** The lines that it printed; `report` gets those so far every few seconds. */
  async run(
    name: string,
    args: readonly string[],
    report: (lines: readonly string[], seconds: string) => void,
  ): Promise<readonly string[]> {
    const log = join(this.#job.directory, `${name}.log`);
    const printed = async () => (await readFile(log, 'utf8')).split('\n').filter((line) => line !== '');
    const started = performance.now();
    const argv = [this.#go.program, ...args];
    const running = await this.#job.start({ part: name, argv, log, cwd: this.#module, env: BUILD_VARIABLES });
    const timer = setInterval(() => {
      const seconds = ((performance.now() - started) / 1_000).toFixed(0);
      // A line that can't be read now is read five seconds later; the outcome is judged by the exit below.
      printed().then(
        (lines) => report(lines, seconds),
        () => undefined,
      );
    }, PROGRESS_EVERY_MS);
    const status = await running.ended;
    clearInterval(timer);
    const lines = await printed();
    if (status !== 'exit status 0') {
      throw new ControlPlaneError('BuildFailed', `go ${name}: ${status}: ${lastLine(lines.join('\n'))}`);
    }
    return lines;
  }
}
