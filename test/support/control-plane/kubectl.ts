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
  /** The exit code; -1 when a signal ended it. */
  readonly code: number;
}

const TIMEOUT_MS = 120_000;

/** Runs a kubectl with a kubeconfig; its caches go to `cacheDir`, so that nothing is left in the user's home. */
export function runKubectl(
  where: { readonly program: string; readonly kubeconfig: string; readonly cacheDir: string },
  args: readonly string[],
  options: KubectlOptions,
): Promise<KubectlResult> {
  const env = { ...process.env, KUBECONFIG: where.kubeconfig, KUBECACHEDIR: where.cacheDir };
  return new Promise((resolve, reject) => {
    const child = spawn(where.program, args, { env, timeout: options.timeoutMs ?? TIMEOUT_MS });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.stdin.on('error', () => undefined); // it may end without reading its input
    child.once('error', (error) =>
      reject(new ControlPlaneError('NotReady', `${where.program} can't be run: ${error.message}`)),
    );
    child.once('close', (code) => resolve({ stdout, stderr, code: code ?? -1 }));
    child.stdin.end(options.input ?? '');
  });
}
