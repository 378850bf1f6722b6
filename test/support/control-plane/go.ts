import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ControlPlaneError } from './error.ts';

const run = promisify(execFile);

/** How to call the Go toolchain: the program, the variables it runs with. */
export interface Go {
  readonly program: string;
  readonly environment: NodeJS.ProcessEnv;
}

/** Variables of every build. A workspace file above the repository must not take part in it. */
export const BUILD_VARIABLES: Readonly<Record<string, string>> = { CGO_ENABLED: '0', GOWORK: 'off' };

/**
 * Runs `go` in a directory and gives its standard output.
 * @throws ControlPlaneError BuildFailed with the last line that Go printed.
 */
export async function runGo(go: Go, cwd: string, args: readonly string[]): Promise<string> {
  try {
    const options = { cwd, env: { ...go.environment, ...BUILD_VARIABLES }, maxBuffer: 64 << 20 };
    return (await run(go.program, [...args], options)).stdout;
  } catch (error) {
    const output = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
    throw new ControlPlaneError('BuildFailed', `go ${args.join(' ')} in ${cwd}: ${lastLine(output)}`);
  }
}

/** The last line that says something, for an error that must fit in one. */
export function lastLine(output: string): string {
  return output.trimEnd().split('\n').at(-1)?.trim() ?? '';
}
