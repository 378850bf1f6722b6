import { existsSync } from 'node:fs';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ControlPlaneError } from './error.ts';
import { BUILD_VARIABLES, type Go, lastLine } from './go.ts';
import { contentKey } from './paths.ts';
import { Supervisor } from './supervisor.ts';

/** Says one line to whoever waits for the control plane. */
export type Progress = (line: string) => void;

const PACKAGES = [
  'k8s.io/kubernetes/cmd/kube-apiserver',
  'k8s.io/kubernetes/cmd/kube-controller-manager',
  'k8s.io/kubernetes/cmd/kubectl',
  'go.etcd.io/etcd/server/v3',
];
/** How often the build says where it is. */
const PROGRESS_EVERY_MS = 5_000;

/** Flags of the build. Without a version the programs call themselves v0.0.0-master, which `kubectl version` refuses. */
function buildFlags(version: string): readonly string[] {
  const [major = '', minor = ''] = version.split('.');
  const values = { gitVersion: `v${version}`, gitMajor: major, gitMinor: minor, gitTreeState: 'clean', gitCommit: '' };
  const settings = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].flatMap((module) =>
    Object.entries(values).map(([name, value]) => `-X ${module}.${name}=${value}`),
  );
  return ['-trimpath', '-buildvcs=false', '-ldflags', ['-s -w', ...settings].join(' ')];
}

/** Where the programs built from this module are kept: a change of sums, of flags or of platform is another place. */
export async function builtDirectory(module: string, version: string, root: string): Promise<string> {
  const files = ['go.mod', 'go.sum', 'parts.go'].map((name) => join(module, name));
  return join(root, await contentKey(files, ...buildFlags(version), ...PACKAGES));
}

/**
 * Builds kube-apiserver, kube-controller-manager, kubectl and etcd into `target`: all of them or, on any failure or
 * death, nothing. Of several processes that want it at once, one builds and the others wait for it.
 * @throws ControlPlaneError BuildFailed
 */
export async function build(
  what: { readonly module: string; readonly version: string; readonly target: string },
  tools: { readonly helper: string; readonly go: Go },
  progress: Progress,
): Promise<void> {
  const { target } = what;
  await mkdir(dirname(target), { recursive: true });
  const waiting = setTimeout(() => progress('waiting for another process that builds the control plane'), 1_000);
  await using job = await Supervisor.start(tools.helper, dirname(target), `${basename(target)}.`, `${target}.lock`);
  clearTimeout(waiting);
  if (existsSync(target)) return;
  progress(`building Kubernetes ${what.version} from Go modules, once: about 7 minutes of processor time`);
  const goBuild = new GoBuild(job, tools.go, what.module);
  const packages = await goBuild.run('list', ['list', '-deps', ...PACKAGES], (lines, seconds) =>
    progress(`fetching modules, ${seconds} s, ${lines.length} packages known`),
  );
  const bin = join(job.directory, 'bin');
  await mkdir(bin);
  const args = ['build', '-v', ...buildFlags(what.version), '-o', `${bin}/`, ...PACKAGES];
  await goBuild.run('build', args, (lines, seconds) =>
    progress(
      `compiling and linking, ${seconds} s, ${lines.length} of up to ${packages.length} packages, ${lines.at(-1) ?? ''}`,
    ),
  );
  await rename(join(bin, 'server'), join(bin, 'etcd'));
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
