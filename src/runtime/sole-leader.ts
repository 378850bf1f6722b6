/** Leadership without an election: `--leader-elect=false`, for whoever makes sure otherwise that only one process runs. */
import type { Fence } from './fencing.ts';
import type { Campaign } from './manager.ts';

export class SoleLeader implements Campaign, Fence {
  readonly elected = Promise.resolve();
  readonly lost = new AbortController().signal;

  /** Whoever makes sure that only one process runs has ended the one before: the caches hold all that it wrote. */
  readonly uncontested = true;

  look(): Promise<void> {
    return Promise.resolve();
  }

  run(): Promise<void> {
    return Promise.resolve();
  }

  valid(): boolean {
    return true;
  }

  leaseLeftMs(): number {
    return Number.POSITIVE_INFINITY;
  }
}
