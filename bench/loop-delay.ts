/** Preloaded into the operator (--import): tells on SIGUSR2 how long its event loop was held at most since it was asked last. */
import { monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION_MS = 2;

const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
delay.enable();
process.on('SIGUSR2', () => {
  process.stderr.write(`${JSON.stringify({ message: 'loop delay', maxMs: delay.max / 1e6 - RESOLUTION_MS })}\n`);
  delay.reset();
});
