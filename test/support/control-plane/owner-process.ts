import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
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

/** The processes whose command line contains the text. */
export async function processesWith(text: string): Promise<readonly number[]> {
  const all = (await readdir('/proc')).map(Number).filter((pid) => pid > 0);
  const lines = await Promise.all(all.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return all.filter((_, index) => lines[index]?.includes(text));
}

/** The parent of a process that runs. */
export function parentOf(pid: number): number {
  return Number(/\) \S (\d+)/.exec(procStat(pid))?.[1]);
}

function procStat(pid: number): string {
  const path = `/proc/${pid}/stat`;
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}
