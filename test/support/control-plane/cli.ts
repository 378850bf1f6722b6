/**
 * The control plane by hand:
 *   node test/support/control-plane/cli.ts build               finds or builds the programs
 *   node test/support/control-plane/cli.ts up                  starts one and keeps it until interrupted
 *   node test/support/control-plane/cli.ts generate            writes tools/control-plane/go.mod and go.sum
 */
import { findBinaries } from './binaries.ts';
import { ControlPlaneError, startControlPlane } from './control-plane.ts';
import { writeModule } from './go-module.ts';
import { findOnPath, MODULE_DIR } from './paths.ts';
import { DEFAULT_KUBERNETES_VERSION } from './version.ts';

const say = (line: string) => void process.stdout.write(`${line}\n`);

const commands: Readonly<Record<string, () => Promise<void>>> = {
  async build() {
    const { source, apiServer } = await findBinaries(process.env, true, say);
    say(`${source}: ${apiServer}`);
  },
  async up() {
    await using plane = await startControlPlane({ audit: true, progress: say });
    say(`Kubernetes ${plane.version} (${plane.source}) serves at ${plane.url} until this is interrupted. Try:`);
    say(`  KUBECONFIG=${plane.adminKubeconfig} ${plane.kubectlPath} get namespaces`);
    await new Promise((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve));
  },
  async generate() {
    const program = await findOnPath('go', process.env);
    if (program === undefined) throw new ControlPlaneError('BuildFailed', 'no go on PATH: install Go');
    await writeModule(DEFAULT_KUBERNETES_VERSION, MODULE_DIR, { program, environment: process.env });
  },
};

const command = commands[process.argv[2] ?? ''];
if (command === undefined) {
  process.stderr.write(`one of ${Object.keys(commands).join(', ')} is needed\n`);
  process.exitCode = 2;
} else {
  try {
    await command();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
