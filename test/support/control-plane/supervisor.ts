import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { ControlPlaneError } from './error.ts';

/** Signals that a part can be sent; it goes to the part's whole process group. */
export type PartSignal = 'TERM' | 'KILL' | 'STOP' | 'CONT';

export interface Command {
  readonly part: string;
  readonly argv: readonly string[];
  /** Standard output and error are appended to this file. */
  readonly log: string;
  /** Added to the variables of this process. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** A process that was started: how it ended, once it has ("exit status 0", "signal: killed"). */
export interface Running {
  readonly pid: number;
  readonly ended: Promise<string>;
}

interface Message {
  readonly id?: number;
  readonly event?: 'ready' | 'exit';
  readonly dir?: string;
  readonly pid?: number;
  readonly status?: string;
  readonly error?: string;
}

interface Waiter {
  readonly resolve: (message: Message) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The helper process that owns a directory and the processes that work in it: when this process ends, however it ends,
 * their pipe breaks, and the supervisor kills them and removes the directory (protocol: helper/supervise.go).
 */
export class Supervisor {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #waiters = new Map<number | 'ready', Waiter>();
  readonly #ends = new Map<number, PromiseWithResolvers<string>>();
  readonly #gone: Promise<void>;
  #lastId = 0;
  #closed = false;
  #directory = '';
  #complaint = '';

  private constructor(helper: string, args: readonly string[]) {
    // A session of its own: an interrupt typed at the terminal is for the owner, who decides how to end.
    this.#process = spawn(helper, ['supervise', ...args], { detached: true, stdio: 'pipe' });
    createInterface({ input: this.#process.stdout }).on('line', (line) => this.#receive(JSON.parse(line) as Message));
    this.#process.stderr.setEncoding('utf8').on('data', (text: string) => (this.#complaint += text));
    // Its end is noticed by 'close'; a write to a pipe that has just broken adds nothing to that.
    this.#process.stdin.on('error', () => undefined);
    this.#gone = new Promise((resolve) => {
      this.#process.once('error', (error) => (this.#complaint += error.message));
      this.#process.once('close', () => {
        this.#abandon();
        resolve();
      });
    });
  }

  /**
   * Starts a supervisor with a new directory `<parent>/<prefix>*`. With a lock file, first waits for the exclusive lock,
   * which is held until the supervisor ends.
   */
  static async start(helper: string, parent: string, prefix: string, lock?: string): Promise<Supervisor> {
    const supervisor = new Supervisor(helper, lock === undefined ? [parent, prefix] : [parent, prefix, lock]);
    const ready = await supervisor.#answer('ready');
    supervisor.#directory = ready.dir ?? '';
    return supervisor;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get directory(): string {
    return this.#directory;
  }

  async start(command: Command): Promise<Running> {
    const env = Object.entries(command.env ?? {}).map(([name, value]) => `${name}=${value}`);
    const { pid } = await this.#request({ op: 'start', ...command, env });
    if (pid === undefined) throw new ControlPlaneError('PartFailed', `${command.part} has no process id`);
    const end = this.#endOf(pid);
    void end.promise.then(() => this.#ends.delete(pid));
    return { pid, ended: end.promise };
  }

  async signal(part: string, signal: PartSignal): Promise<void> {
    await this.#request({ op: 'signal', part, signal });
  }

  /** Kills what still runs and removes the directory; returns when both are done. */
  async close(): Promise<void> {
    this.#process.stdin.end();
    await this.#gone;
    // Its own last act; for the case that somebody killed it before.
    if (this.#directory !== '') await rm(this.#directory, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #request(request: Readonly<Record<string, unknown>>): Promise<Message> {
    this.#lastId += 1;
    const answer = this.#answer(this.#lastId);
    this.#process.stdin.write(`${JSON.stringify({ id: this.#lastId, ...request })}\n`);
    return answer;
  }

  #answer(key: number | 'ready'): Promise<Message> {
    return new Promise((resolve, reject) => {
      this.#waiters.set(key, { resolve, reject });
      if (this.#closed) this.#abandon();
    });
  }

  #receive(message: Message): void {
    if (message.event === 'exit') {
      this.#endOf(message.pid ?? 0).resolve(message.status ?? '');
      return;
    }
    const key = message.event === 'ready' ? 'ready' : (message.id ?? 0);
    const waiter = this.#waiters.get(key);
    this.#waiters.delete(key);
    if (message.error === undefined) waiter?.resolve(message);
    else waiter?.reject(new ControlPlaneError('PartFailed', message.error));
  }

  /** A process may end before its start was answered for: whoever comes first makes the promise. */
  #endOf(pid: number): PromiseWithResolvers<string> {
    const end = this.#ends.get(pid) ?? Promise.withResolvers<string>();
    this.#ends.set(pid, end);
    return end;
  }

  #abandon(): void {
    this.#closed = true;
    const why = this.#complaint.trim() || 'it was closed';
    for (const waiter of this.#waiters.values()) {
      waiter.reject(new ControlPlaneError('PartFailed', `the supervisor has ended: ${why}`));
    }
    this.#waiters.clear();
    for (const end of this.#ends.values()) end.resolve('the supervisor has ended');
  }
}
