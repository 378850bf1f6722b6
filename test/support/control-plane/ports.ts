import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { ControlPlaneError } from './error.ts';

// Below the range from which the kernel takes the ports of outgoing connections (32768 on Linux): a client that
// reconnects while the API server is down could otherwise be given that very port, and the server not come back.
const LOWEST = 20_000;
const BEYOND = 32_000;
const ATTEMPTS = 100;

/** A loopback port that nobody listens on now. Somebody may by the time it is used: starting a plane tries again. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const port = randomInt(LOWEST, BEYOND);
    if (await isFree(port)) return port;
  }
  throw new ControlPlaneError('NotReady', `none of ${ATTEMPTS} ports tried on 127.0.0.1 is free: end what holds them`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
