/** What follows when a watch ends: go on where it ended or read the whole list again, at once or after a while. */
import type { KubeObject } from '../api/meta.ts';
import type { Random } from '../ports/clock.ts';
import { hasCode, KubeError } from '../ports/kube.ts';
import type { Log } from '../ports/log.ts';
import { Backoff } from './backoff.ts';
import { errorFields } from './error-fields.ts';
import type { Verdict, WatchSession } from './watch-session.ts';

export interface Ending {
  /** For metrics and logs. */
  readonly cause: string;
  readonly next: 'Resume' | 'Relist';
  readonly waitMs: number;
}

/** The reflector was told to stop. */
export const STOPPED: Ending = { cause: 'Stopped', next: 'Resume', waitMs: 0 };

/** The server is at an older version than the cache. */
export const WENT_BACK: Ending = { cause: 'WentBack', next: 'Relist', waitMs: 0 };

/** The whole list was asked for anew. */
export const REFRESH: Ending = { cause: 'Refresh', next: 'Relist', waitMs: 0 };

/** As client-go's reflector. */
const BACKOFF_MS = { baseMs: 800, maxMs: 30_000 };
/** A watch that lived this long shows that the server is well. */
const HEALTHY_MS = 120_000;
/** One that ended sooner, without a word, is a failure whatever the server calls it. */
const TOO_SHORT_MS = 1_000;
/** So many refusals in a row by a server that answers: perhaps it no longer knows our position (storage restored). */
const RESUMES_BEFORE_RELIST = 5;
/** Streams of initial events that may end before they are complete, in a row. */
const MAX_INCOMPLETE = 2;

/** The initial events never came to their end: some servers accept the request and don't know the bookmark. */
export class SilentStream extends Error {
  override readonly name = 'SilentStream';

  constructor() {
    super('the stream of initial events went silent before its end');
  }
}

type Session = Pick<WatchSession<KubeObject, unknown>, 'position' | 'events'>;

export class WatchRecovery {
  readonly #backoff: Backoff;
  readonly #log: Log;
  #streamsInitially = true;
  #incomplete = 0;
  #refusedResumes = 0;

  constructor(random: Random, log: Log) {
    this.#backoff = new Backoff({ random, ...BACKOFF_MS });
    this.#log = log;
  }

  /** Whether initial content is asked for as a stream; once a server has shown that it can't, no longer. */
  get streamsInitially(): boolean {
    return this.#streamsInitially;
  }

  synced(): void {
    this.#incomplete = 0;
  }

  /** @param verdict undefined: the server closed the stream */
  ended(verdict: Verdict | undefined, session: Session, livedMs: number): Ending {
    if (session.position !== undefined && (session.events > 0 || livedMs >= HEALTHY_MS)) this.#recovered();
    if (verdict !== undefined && verdict.type !== 'Synced') {
      this.#log.info('the watch cannot go on', { cause: verdict.cause, error: verdict.message });
      return this.#retry(verdict.cause, verdict.type === 'Retry' ? nextOf(session) : 'Relist', 0);
    }
    if (session.position === undefined) return this.#endedIncomplete();
    const failed = session.events === 0 && livedMs < TOO_SHORT_MS;
    return failed ? this.#retry('Ended', 'Resume', 0) : { cause: 'Ended', next: 'Resume', waitMs: 0 };
  }

  /** @param session undefined: it was the list that failed */
  failed(error: unknown, session: Session | undefined): Ending {
    if (error instanceof SilentStream || refusesStream(error, session)) {
      this.#listFromNowOn(String(error));
      return { cause: 'NoWatchList', next: 'Relist', waitMs: 0 };
    }
    if (session?.position !== undefined && session.events > 0) this.#recovered();
    this.#log.warn('the API server cannot be watched, trying again', errorFields(error));
    const lost = hasCode(error, 'Gone') || this.#refusedTooOften(error);
    const { code, retryAfterMs } = error instanceof KubeError ? error : { code: 'Other', retryAfterMs: 0 };
    return this.#retry(code, lost ? 'Relist' : nextOf(session), retryAfterMs ?? 0);
  }

  #endedIncomplete(): Ending {
    this.#incomplete += 1;
    if (this.#incomplete >= MAX_INCOMPLETE) this.#listFromNowOn('the stream of initial events ends before its end');
    return this.#retry('Incomplete', 'Relist', 0);
  }

  /** A server that answers but will not resume; one that is away says nothing about our position. */
  #refusedTooOften(error: unknown): boolean {
    const refused = error instanceof KubeError && error.status >= 500;
    this.#refusedResumes = refused ? this.#refusedResumes + 1 : 0;
    if (this.#refusedResumes < RESUMES_BEFORE_RELIST) return false;
    this.#refusedResumes = 0;
    return true;
  }

  #retry(cause: string, next: Ending['next'], atLeastMs: number): Ending {
    return { cause, next, waitMs: Math.max(this.#backoff.next(''), atLeastMs) };
  }

  #recovered(): void {
    this.#backoff.forget('');
    this.#refusedResumes = 0;
  }

  #listFromNowOn(why: string): void {
    this.#streamsInitially = false;
    this.#log.info('initial content is read in pages from now on', { why });
  }
}

function nextOf(session: Session | undefined): Ending['next'] {
  return session?.position === undefined ? 'Relist' : 'Resume';
}

/** 422 to the request for initial events: the feature is off. */
function refusesStream(error: unknown, session: Session | undefined): boolean {
  return session !== undefined && session.position === undefined && hasCode(error, 'Invalid');
}
