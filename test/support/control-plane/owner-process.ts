import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { waitUntil } from './ready.ts';

/** A Node process of its own, which a test may kill to see what is left. */
export interface OwnerProcess {
  /** The first line on its standard output that matches, waited for. */
  line(pattern: RegExp): Promise<string>;
  /** SIGKILL: it can do nothing about it. */
  kill(): void;
}

/** Runs an ECMAScript module given as text; it may import TypeScript files by absolute path. */
export function startOwner(script: string, environment: NodeJS.ProcessEnv): OwnerProcess {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  return {
    async line(pattern) {
      const find = () => lines.find((line) => pattern.test(line));
      await waitUntil(`the child process prints ${String(pattern)}`, 60_000, () => {
        if (find() === undefined && child.exitCode !== null)
          throw new Error(`it ended and printed ${lines.join('\n')}`);
        return find() !== undefined;
      });
      return find() ?? '';
    },
    kill: () => void child.kill('SIGKILL'),
  };
}

/** Whether a process has ended; one that only waits to be reaped by whoever adopted it has. */
export function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return true;
  }
  return /^\d+ \(.*\) Z/.test(procStat(pid));
}

/** The parent of a process as a list, which is empty on a system without /proc. */
export function parentOf(pid: number): readonly number[] {
  const parent = /\) \S (\d+)/.exec(procStat(pid))?.[1];
  return parent === undefined ? [] : [Number(parent)];
}

function procStat(pid: number): string {
  const path = `/proc/${pid}/stat`;
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}
