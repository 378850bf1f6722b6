/** Calls with credentials, a deadline, retries and the server's time; the one place where bytes leave for the API server. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Clock, Random } from '../../ports/clock.ts';
import { KubeError } from '../../ports/kube.ts';
import type { Log } from '../../ports/log.ts';
import type { Counter, Metrics } from '../../ports/metrics.ts';
import type { CredentialCache, Credentials } from './credentials.ts';
import { AbortedError, brokenError, DeadlineError, refusedError, type Asked } from './errors.ts';
import { Exchange, type Answer } from './exchange.ts';
import { Pools, type PoolName, type PoolOptions } from './pools.ts';
import { retryDelayMs, type RetryClass } from './retry.ts';
import type { DateHeaderClock } from './server-clock.ts';
import { WatchStream } from './watch-stream.ts';

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** As metrics name it: get, list, watch, create, patch, replace, delete. */
  readonly verb: string;
  /** Plural of the kind. */
  readonly resource: string;
  /** For messages: `backupitems team-a/db`. */
  readonly subject: string;
  readonly path: string;
  readonly retry: RetryClass;
  readonly pool: PoolName;
  readonly timeoutMs: number;
  readonly body?: string;
  readonly contentType?: string;
  readonly signal?: AbortSignal | undefined;
  readonly mayStillSend?: (() => boolean) | undefined;
}

export interface Replied {
  readonly body: string;
  readonly serverTimeMs: number | undefined;
}

export interface TransportParts {
  readonly credentials: CredentialCache;
  readonly serverClock: DateHeaderClock;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly userAgent: string;
  readonly pools: PoolOptions;
  /** A watch that says nothing for this long is dead; bookmarks come every minute. */
  readonly watchIdleMs: number;
}

export class Transport {
  readonly #parts: TransportParts;
  readonly #requests: Counter;
  readonly #dates = new Map<string, number>();
  #pools: Pools | undefined;
  /** Replaced, but perhaps still with a watch on them. */
  readonly #retired = new Set<Pools>();
  #closed = false;

  constructor(parts: TransportParts) {
    this.#parts = parts;
    this.#requests = parts.metrics.counter({
      name: 'reprieve_kube_requests_total',
      help: 'Requests to the API server, each attempt counted, by verb, resource and status (0: no answer).',
      labels: ['verb', 'resource', 'code'],
    });
  }

  /** @throws KubeError for every outcome but 2xx. */
  async call(call: Call): Promise<Replied> {
    const deadlineMs = this.#parts.clock.monotonicMs() + call.timeoutMs;
    let ambiguous = false;
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await this.#attempt(call, deadlineMs);
      if (!(outcome.result instanceof KubeError)) return outcome.result;
      ambiguous ||= outcome.result.ambiguous;
      const delayMs = retryDelayMs(call.retry, outcome.result, { attempt, sent: outcome.sent }, this.#parts.random);
      const leftMs = deadlineMs - this.#parts.clock.monotonicMs();
      if (delayMs === undefined || delayMs >= leftMs || call.signal?.aborted === true) {
        throw withAmbiguity(outcome.result, ambiguous);
      }
      await this.#pause(delayMs, call.signal);
    }
  }

  /**
   * Opens a watch; resolves once the server has accepted it.
   * @throws KubeError where it has not
   */
  async watch(call: Call): Promise<WatchStream> {
    for (let attempt = 1; ; attempt += 1) {
      const credentials = this.#parts.credentials.current() ?? (await this.#parts.credentials.load());
      const sentAtMs = this.#parts.clock.monotonicMs();
      const stream = new WatchStream((headers) => this.#observe(headers, sentAtMs), call.signal);
      this.#poolsFor(credentials)
        .of(call.pool)
        .dispatch(
          {
            ...requestOf(call, credentials, this.#parts.userAgent),
            headersTimeout: call.timeoutMs,
            bodyTimeout: this.#parts.watchIdleMs,
            // Each watch connects anew, so that several API servers share the watches again after one was away.
            reset: true,
          },
          stream,
        );
      const error = await this.#opened(stream, call);
      if (error === undefined) return stream;
      if (error.status !== 401 || attempt > 1) throw error;
      await this.#parts.credentials.load();
    }
  }

  /** Ends every call. Those under way fail. */
  async close(): Promise<void> {
    this.#closed = true;
    const all = this.#pools === undefined ? [...this.#retired] : [this.#pools, ...this.#retired];
    await Promise.all(all.map((pools) => pools.destroy()));
  }

  async #opened(stream: WatchStream, call: Call): Promise<KubeError | undefined> {
    try {
      const refused = await stream.opened;
      this.#count(call, refused?.status ?? 200);
      return refused === undefined ? undefined : this.#refused(call, refused);
    } catch (error) {
      this.#count(call, 0);
      return brokenError(asked(call), error, true);
    }
  }

  async #attempt(call: Call, deadlineMs: number): Promise<{ result: Replied | KubeError; sent: boolean }> {
    const first = await this.#exchange(call, deadlineMs);
    if (!(first.result instanceof KubeError) || first.result.status !== 401) return first;
    // A refused token is never a carried-out request: look for a newer one and ask once more.
    await this.#parts.credentials.load();
    return await this.#exchange(call, deadlineMs);
  }

  async #exchange(call: Call, deadlineMs: number): Promise<{ result: Replied | KubeError; sent: boolean }> {
    const { clock, credentials: cache, userAgent } = this.#parts;
    let exchange: Exchange | undefined;
    let release = (): void => undefined;
    try {
      const credentials = cache.current() ?? (await cache.load());
      const sentAtMs = clock.monotonicMs();
      let serverTimeMs: number | undefined;
      const running = new Exchange((headers) => {
        serverTimeMs = this.#observe(headers, sentAtMs);
      }, call.mayStillSend);
      exchange = running;
      release = this.#limit(running, call.signal, deadlineMs - sentAtMs);
      this.#poolsFor(credentials)
        .of(call.pool)
        .dispatch(requestOf(call, credentials, userAgent), running);
      const answer = await running.answer;
      this.#count(call, answer.status);
      const refused = answer.status < 200 || answer.status >= 300;
      return { sent: true, result: refused ? this.#refused(call, answer) : { body: answer.body, serverTimeMs } };
    } catch (error) {
      this.#count(call, 0);
      const sent = exchange?.sent ?? false;
      return { sent, result: brokenError(asked(call), error, sent) };
    } finally {
      release();
    }
  }

  /** Ties an exchange to its deadline and its caller; the function returned undoes both. */
  #limit(exchange: Exchange, signal: AbortSignal | undefined, leftMs: number): () => void {
    const abort = (): void => exchange.abort(new AbortedError('the caller gave up'));
    // The promise may be rejected here before anybody awaits it.
    exchange.answer.catch(() => undefined);
    const cancel = this.#parts.clock.after(Math.max(0, leftMs), () => exchange.abort(new DeadlineError('deadline')));
    if (signal?.aborted === true) abort();
    signal?.addEventListener('abort', abort, { once: true });
    return () => {
      cancel();
      signal?.removeEventListener('abort', abort);
    };
  }

  #poolsFor(credentials: Credentials): Pools {
    if (this.#closed) throw new AbortedError('this client is closed');
    const pools = this.#pools;
    if (pools?.credentials.tls === credentials.tls && pools.credentials.origin === credentials.origin) return pools;
    const fresh = new Pools(credentials, this.#parts.pools);
    this.#pools = fresh;
    if (pools !== undefined) {
      this.#parts.log.info('the API server is trusted by new certificates, connecting anew');
      this.#retired.add(pools);
      void pools.close().finally(() => this.#retired.delete(pools));
    }
    return fresh;
  }

  #observe(headers: IncomingHttpHeaders, sentAtMs: number): number | undefined {
    const header = headers.date;
    if (header === undefined) return undefined;
    const dateMs = this.#parseDate(header);
    if (Number.isNaN(dateMs)) return undefined;
    this.#parts.serverClock.observe(dateMs, sentAtMs);
    return dateMs;
  }

  /** Hundreds of answers carry the same second. */
  #parseDate(header: string): number {
    const known = this.#dates.get(header);
    if (known !== undefined) return known;
    const dateMs = Date.parse(header);
    this.#dates.clear();
    this.#dates.set(header, dateMs);
    return dateMs;
  }

  #refused(call: Call, answer: Answer): KubeError {
    const auditId = single(answer.headers['audit-id']);
    const error = refusedError(asked(call), {
      status: answer.status,
      body: answer.body,
      retryAfter: answer.headers['retry-after'],
      auditId,
    });
    this.#parts.log.debug('the API server refused a request', {
      verb: call.verb,
      subject: call.subject,
      status: answer.status,
      reason: error.reason,
      auditId,
      flowSchema: single(answer.headers['x-kubernetes-pf-flowschema-uid']),
      priorityLevel: single(answer.headers['x-kubernetes-pf-prioritylevel-uid']),
    });
    return error;
  }

  #count(call: Call, status: number): void {
    this.#requests.add({ verb: call.verb, resource: call.resource, code: String(status) });
  }

  async #pause(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const wake = (): void => resolve(undefined);
    const cancel = this.#parts.clock.after(delayMs, wake);
    signal?.addEventListener('abort', wake, { once: true });
    await promise;
    cancel();
    signal?.removeEventListener('abort', wake);
  }
}

function requestOf(call: Call, credentials: Credentials, userAgent: string) {
  const headers = ['accept', 'application/json', 'user-agent', userAgent];
  if (credentials.authorization !== undefined) headers.push('authorization', credentials.authorization);
  if (call.contentType !== undefined) headers.push('content-type', call.contentType);
  return { method: call.method, path: credentials.pathPrefix + call.path, headers, body: call.body ?? null };
}

function asked(call: Call): Asked {
  return { method: call.method, subject: call.subject, mutates: call.method !== 'GET' };
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

/** An earlier attempt may have been carried out, whatever the last one was answered. */
function withAmbiguity(error: KubeError, ambiguous: boolean): KubeError {
  if (!ambiguous || error.ambiguous) return error;
  const { code, status, reason, retryAfterMs, auditId } = error;
  return new KubeError(error.message, { code, status, reason, retryAfterMs, auditId, ambiguous, cause: error });
}
