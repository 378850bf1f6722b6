/**
 * Connections, shared by everything this process asks of its API server. Three pools, so that no call waits behind another
 * kind of call: watches (one connection each), requests (their number is the cap on calls in flight), the lease (its own:
 * leadership must not be lost to a full pool).
 *
 * HTTP/1.1 only: undici's h2 was no faster here, hides half-open sessions, and lets one slow watch eat the shared window.
 */
import Pool from 'undici/lib/dispatcher/pool.js';
import type { Credentials } from './credentials.ts';

export type PoolName = 'watch' | 'requests' | 'lease';

export interface PoolOptions {
  /** Calls in flight at most. */
  readonly connections: number;
  /** TCP probes begin after this silence; Linux then gives up after 10 s more, so a vanished peer is noticed in 25 s. */
  readonly keepAliveProbeMs: number;
}

export class Pools {
  readonly credentials: Credentials;
  readonly #pools: Readonly<Record<PoolName, Pool>>;

  constructor(credentials: Credentials, options: PoolOptions) {
    this.credentials = credentials;
    const open = (connections: number | null): Pool =>
      new Pool(credentials.origin, {
        connections,
        allowH2: false,
        keepAliveTimeout: 30_000,
        // Deadlines are the transport's, one timer per call instead of undici's two.
        headersTimeout: 0,
        bodyTimeout: 0,
        connect: {
          ...credentials.tls,
          timeout: 10_000,
          keepAlive: true,
          keepAliveInitialDelay: options.keepAliveProbeMs,
        },
      });
    this.#pools = { watch: open(null), requests: open(options.connections), lease: open(1) };
  }

  of(name: PoolName): Pool {
    return this.#pools[name];
  }

  /** Lets what is under way end, takes nothing new. A watch may hold it open for minutes. */
  async close(): Promise<void> {
    await Promise.allSettled(Object.values(this.#pools).map((pool) => pool.close()));
  }

  /** Ends everything now. */
  async destroy(): Promise<void> {
    await Promise.allSettled(Object.values(this.#pools).map((pool) => pool.destroy()));
  }
}
