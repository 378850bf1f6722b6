/** The operator as a process of its own, as production runs it: in-pod credentials, flags, signals. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import { operatorIdentity, type OperatorIdentity } from './identity.ts';

const root = path.resolve(import.meta.dirname, '../../..');

export interface OperatorOptions {
  /** Where the simulated engine keeps its files. */
  readonly storage: string;
  /** Default 2 s: a window of 14 days is 28 s. */
  readonly dayLength?: string;
  /** Further flags. */
  readonly args?: readonly string[];
  readonly identity?: OperatorIdentity;
  /** Run the built dist/main.js instead of the source. */
  readonly built?: boolean;
  /** Flags of Node itself, such as --cpu-prof. */
  readonly nodeArgs?: readonly string[];
}

export interface OperatorProcess {
  readonly identity: OperatorIdentity;
  readonly pid: number;
  /** Log lines so far, parsed. */
  readonly lines: readonly Readonly<Record<string, unknown>>[];
  /** Everything written so far, for messages of failed tests. */
  output(): string;
  /** Resolves when the operator leads. @throws Error when it ends before */
  leading(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  /** SIGTERM and wait. @returns the exit code */
  stop(): Promise<number | null>;
  /** SIGKILL and wait. */
  kill(): Promise<void>;
  readonly exited: Promise<number | null>;
}

export async function startOperator(plane: ControlPlane, options: OperatorOptions): Promise<OperatorProcess> {
  const identity = options.identity ?? (await operatorIdentity(plane));
  const child = spawn(
    process.execPath,
    [...(options.nodeArgs ?? []), entryPoint(options), ...flagsOf(identity, options)],
    {
      env: { PATH: process.env['PATH'] ?? '', ...identity.env },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  return follow(child, identity);
}

function entryPoint({ built }: OperatorOptions): string {
  return path.join(root, built === true ? 'dist/main.js' : 'src/main.ts');
}

function flagsOf(identity: OperatorIdentity, { storage, dayLength, args }: OperatorOptions): readonly string[] {
  return [
    `--service-account-dir=${identity.directory}`,
    `--day-length=${dayLength ?? '2s'}`,
    `--simulated-engine=${storage}`,
    '--purge-margin=0s',
    '--purge-jitter=0s',
    '--purge-rate=unlimited',
    '--metrics-bind-address=0',
    '--health-probe-bind-address=0',
    ...(args ?? []),
  ];
}

function follow(child: ChildProcess, identity: OperatorIdentity): OperatorProcess {
  const lines: Record<string, unknown>[] = [];
  const leading = Promise.withResolvers<undefined>();
  let text = '';
  let rest = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    rest += chunk;
    const parts = rest.split('\n');
    rest = parts.pop() ?? '';
    for (const line of parts) {
      const parsed = parse(line);
      lines.push(parsed);
      if (parsed['message'] === 'leading') leading.resolve(undefined);
    }
  });
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  void exited.then((code) => leading.reject(new Error(`the operator ended with ${String(code)}:\n${text}`)));
  leading.promise.catch(() => undefined);
  const onExit = () => child.kill('SIGKILL');
  process.once('exit', onExit);
  void exited.then(() => process.removeListener('exit', onExit));
  return {
    identity,
    pid: child.pid ?? 0,
    lines,
    output: () => text,
    leading: () => leading.promise,
    signal: (signal) => void child.kill(signal),
    stop: () => {
      child.kill('SIGTERM');
      return exited;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
    exited,
  };
}

function parse(line: string): Record<string, unknown> {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return { message: line };
  }
}
