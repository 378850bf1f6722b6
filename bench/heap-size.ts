/** Preloaded into the operator (--import, with --expose-gc): tells on SIGUSR2 what its heap holds once nothing in it is garbage. */
import { setImmediate as turn } from 'node:timers/promises';

async function tell(): Promise<void> {
  // What a collection finalizes is garbage for the next one.
  for (let i = 0; i < 3; i += 1) {
    globalThis.gc?.();
    await turn();
  }
  process.stderr.write(`${JSON.stringify({ message: 'heap size', bytes: process.memoryUsage().heapUsed })}\n`);
}

process.on('SIGUSR2', () => void tell());
