import { spawn } from 'node:child_process';
import { ControlPlaneError } from './error.ts';

export interface KubectlOptions {
  /** Who calls; the administrator when left out. */
  readonly user?: string;
  readonly groups?: readonly string[];
  /** Standard input, for `-f -`. */
  readonly input?: string;
  /** Another kubeconfig than that of `user`. */
  readonly kubeconfig?: string;
  /** After which it is killed; two minutes when left out. */
  readonly timeoutMs?: number;
}

/** What kubectl printed and how it ended. A failure is a result here, not an error: tests look at refusals. */
export interface KubectlResult {
  readonly stdout: string;
  readonly stderr: string;
  /** The exit code; -1 when it was killed for taking too long. */
  readonly code: number;
}

const TIMEOUT_MS = 120_000;

/** Where and as whom kubectl runs. */
export interface KubectlSetting {
  readonly program: string;
  readonly kubeconfig: string;
  /** For what it remembers of the API, so that nothing is left in the user's home. */
  readonly cacheDir: string;
  /** The helper, which ends it when this process is gone; without it, it ends at its own time. */
  readonly helper?: string;
}

export function runKubectl(
  setting: KubectlSetting,
  args: readonly string[],
  options: KubectlOptions,
): Promise<KubectlResult> {
  const { program, helper } = setting;
  const argv = helper === undefined ? [program, ...args] : [helper, 'tether', program, ...args];
  return new Promise((resolve, reject) => {
    const child = spawn(argv[0] ?? program, argv.slice(1), {
      env: { ...process.env, KUBECONFIG: setting.kubeconfig, KUBECACHEDIR: setting.cacheDir },
      timeout: options.timeoutMs ?? TIMEOUT_MS,
      // The fourth is the tether: an open pipe that breaks with this process.
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.stdin.on('error', () => undefined); // it may end without reading its input
    child.once('error', (error) =>
      reject(new ControlPlaneError('NotReady', `${program} can't be run: ${error.message}`)),
    );
    child.once('close', (code) => resolve({ stdout, stderr, code: child.killed ? -1 : (code ?? -1) }));
    child.stdin.end(options.input ?? '');
  });
}
