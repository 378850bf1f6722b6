import { readFileSync } from 'node:fs';
import type { Progress } from './build.ts';
import { ControlPlaneError } from './error.ts';
import { waitUntil } from './ready.ts';
import type { Running, Supervisor } from './supervisor.ts';

/** One process of the control plane. Ports, data and certificates stay the same over any number of ends and starts. */
export interface Part {
  readonly name: string;
  /** Where its standard output and error go. */
  readonly log: string;
  /** Undefined while it does not run. */
  readonly pid: number | undefined;
  /** Starts it and waits until it serves. */
  start(): Promise<void>;
  /** SIGTERM, and waits for its end; SIGKILL when it takes longer than half a minute. */
  stop(): Promise<void>;
  /** SIGKILL, and waits for its end. */
  kill(): Promise<void>;
  /** `stop`, then `start`. */
  restart(): Promise<void>;
  /** SIGSTOP: connections stay open, nothing answers. */
  pause(): Promise<void>;
  /** SIGCONT. */
  resume(): Promise<void>;
}

export interface PartSpec {
  readonly name: string;
  readonly argv: readonly string[];
  readonly log: string;
  /** Asked again and again after a start. */
  readonly isReady: () => Promise<boolean>;
}

const READY_WITHIN_MS = 60_000;
const STOPPED_WITHIN_MS = 30_000;

export class SupervisedPart implements Part {
  readonly name: string;
  readonly log: string;
  readonly #spec: PartSpec;
  readonly #supervisor: Supervisor;
  readonly #progress: Progress;
  #running: Running | undefined;
  #isWanted = false;

  constructor(spec: PartSpec, supervisor: Supervisor, progress: Progress) {
    this.name = spec.name;
    this.log = spec.log;
    this.#spec = spec;
    this.#supervisor = supervisor;
    this.#progress = progress;
  }

  get pid(): number | undefined {
    return this.#running?.pid;
  }

  async start(): Promise<void> {
    const { name, argv, log } = this.#spec;
    const running = await this.#supervisor.start({ part: name, argv, log });
    this.#running = running;
    this.#isWanted = true;
    let isStarting = true;
    let status: string | undefined;
    void running.ended.then((how) => {
      status = how;
      if (this.#running === running) this.#running = undefined;
      if (this.#isWanted && !isStarting) this.#progress(`${name} has ended by itself: ${this.#obituary(how)}`);
    });
    await waitUntil(`${name} is ready (it says: ${log})`, READY_WITHIN_MS, () => {
      if (status !== undefined) throw new ControlPlaneError('PartFailed', `${name}: ${this.#obituary(status)}`);
      return this.#spec.isReady();
    });
    isStarting = false;
  }

  async stop(): Promise<void> {
    const { ended } = this.#expectEnd();
    await this.#supervisor.signal(this.name, 'TERM');
    await this.#supervisor.signal(this.name, 'CONT').catch(() => undefined); // a paused one must wake up to end
    const late = setTimeout(() => {
      this.#supervisor.signal(this.name, 'KILL').catch(() => undefined); // it may have ended just now
    }, STOPPED_WITHIN_MS);
    await ended;
    clearTimeout(late);
  }

  async kill(): Promise<void> {
    const { ended } = this.#expectEnd();
    await this.#supervisor.signal(this.name, 'KILL');
    await ended;
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  pause(): Promise<void> {
    return this.#supervisor.signal(this.name, 'STOP');
  }

  resume(): Promise<void> {
    return this.#supervisor.signal(this.name, 'CONT');
  }

  /** From here on its end is no news. */
  expectEnd(): void {
    this.#isWanted = false;
  }

  #expectEnd(): Running {
    if (this.#running === undefined) throw new ControlPlaneError('PartFailed', `${this.name} does not run`);
    this.#isWanted = false;
    return this.#running;
  }

  #obituary(status: string): string {
    const lines = readFileSync(this.log, 'utf8').trimEnd().split('\n');
    const telling = lines.findLast((line) => /^(E|F)\d{4} |"level":"(error|fatal)"|^(error|Error|panic):/.test(line));
    return `${status}: ${telling ?? lines.at(-1) ?? ''}`;
  }
}
