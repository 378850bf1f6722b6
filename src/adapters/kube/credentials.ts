/** Where the API server is and how we prove who we are; looked up at most once a minute, by one caller at a time. */
import type { ConnectionOptions } from 'node:tls';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';

/** What decides whether a connection may be shared: another object means new connections. */
export type TlsMaterial = Readonly<
  Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'pfx' | 'passphrase' | 'servername' | 'rejectUnauthorized'>
>;

export interface Credentials {
  /** `https://host:port`. */
  readonly origin: string;
  /** Path in front of every API path, without a slash at its end; empty for nearly every server. */
  readonly pathPrefix: string;
  readonly tls: TlsMaterial;
  /** Whole value of the Authorization header; undefined where a client certificate speaks for us. */
  readonly authorization: string | undefined;
}

/** Reads credentials from where they are kept. The same `tls` object again means: unchanged. */
export type ReadCredentials = () => Promise<Credentials>;

/** client-go reads a token file once a minute; kubelet renews it at 80 % of its life. */
const MAX_AGE_MS = 60_000;

/** Keeps credentials for a minute. While they can't be read again the old ones stay in use, with a warning. */
export class CredentialCache {
  readonly #read: ReadCredentials;
  readonly #clock: Clock;
  readonly #log: Log;
  #held: Credentials | undefined;
  #heldSinceMs = 0;
  #reading: Promise<Credentials> | undefined;

  constructor(read: ReadCredentials, clock: Clock, log: Log) {
    this.#read = read;
    this.#clock = clock;
    this.#log = log;
  }

  /** What to use now, without waiting; undefined when {@link load} must be awaited first. */
  current(): Credentials | undefined {
    return this.#clock.monotonicMs() - this.#heldSinceMs < MAX_AGE_MS ? this.#held : undefined;
  }

  /** Reads anew. Callers at the same time share one reading. */
  load(): Promise<Credentials> {
    this.#reading ??= this.#reload().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #reload(): Promise<Credentials> {
    try {
      this.#held = await this.#read();
    } catch (error) {
      if (this.#held === undefined) throw error;
      this.#log.warn('credentials cannot be read again, the old ones stay in use', { error: String(error) });
    }
    this.#heldSinceMs = this.#clock.monotonicMs();
    return this.#held;
  }
}
