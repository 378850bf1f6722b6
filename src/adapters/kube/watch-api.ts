/** {@link KubeWatchApi} over the transport. */
import type { ResourceType } from '../../api/meta.ts';
import { KubeError, type KubeWatchApi, type ListPage, type WatchEvent, type WatchRequest } from '../../ports/kube.ts';
import type { Counter, Metrics } from '../../ports/metrics.ts';
import { AbortedError, brokenError } from './errors.ts';
import { pageOf } from './list-page.ts';
import { collectionPath, queryOf } from './paths.ts';
import type { Transport } from './transport.ts';
import { brokenLine, WatchEventDecoder } from './watch-events.ts';
import type { WatchStream } from './watch-stream.ts';

/** One batch is parsed in one go: about half a millisecond. */
const BATCH_BYTES = 64 << 10;
/** A whole list in one answer takes the server longer than anything else. */
const UNPAGED_TIMEOUT_MS = 120_000;
/** Until a watch is accepted. The server may first have to catch up with its storage. */
const OPEN_TIMEOUT_MS = 30_000;

export class WatchApi implements KubeWatchApi {
  readonly #transport: Transport;
  readonly #timeoutMs: number;
  readonly #parseErrors: Counter;

  constructor(transport: Transport, timeoutMs: number, metrics: Metrics) {
    this.#transport = transport;
    this.#timeoutMs = timeoutMs;
    this.#parseErrors = metrics.counter({
      name: 'reprieve_watch_parse_errors_total',
      help: 'Watches that broke because a line was no event, by resource.',
      labels: ['resource'],
    });
  }

  async listPage(request: Parameters<KubeWatchApi['listPage']>[0]): Promise<ListPage> {
    const { type, namespace, labelSelector, limit, continueToken, signal } = request;
    const { body } = await this.#transport.call({
      method: 'GET',
      verb: 'list',
      resource: type.plural,
      subject: `${type.plural} ${namespace ?? 'everywhere'}`,
      // No resourceVersion: 0 would let a lagging server take us back in time, and ignores the limit.
      path:
        collectionPath(type, namespace) +
        queryOf({ limit: limit === 0 ? undefined : String(limit), continue: continueToken, labelSelector }),
      // The reflector has its own retries; here each page may be asked again.
      retry: 'Read',
      pool: 'watch',
      timeoutMs: limit === 0 ? UNPAGED_TIMEOUT_MS : this.#timeoutMs,
      signal,
    });
    return pageOf(type, body);
  }

  async *watch(request: WatchRequest): AsyncGenerator<readonly WatchEvent[], void, undefined> {
    const stream = await this.#open(request);
    const decoder = new WatchEventDecoder();
    try {
      while (await this.#more(stream, request)) {
        const batch = nextBatch(stream, decoder);
        if (batch.length > 0) yield batch;
        if (decoder.broken !== undefined) throw this.#broken(request.type, decoder.broken);
      }
      if (decoder.midLine) throw this.#broken(request.type, brokenLine('a last line without an end'));
    } finally {
      stream.close();
    }
  }

  #open(request: WatchRequest) {
    const { type, namespace, labelSelector, resourceVersion, sendInitialEvents, timeoutSeconds, signal } = request;
    const initial = sendInitialEvents ? { sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' } : {};
    return this.#transport.watch({
      method: 'GET',
      verb: 'watch',
      resource: type.plural,
      subject: watchSubject(type),
      path:
        collectionPath(type, namespace) +
        queryOf({
          watch: 'true',
          allowWatchBookmarks: 'true',
          labelSelector,
          ...initial,
          resourceVersion: resourceVersion === '' ? undefined : resourceVersion,
          timeoutSeconds: String(timeoutSeconds),
        }),
      retry: 'Once',
      pool: 'watch',
      timeoutMs: OPEN_TIMEOUT_MS,
      signal,
    });
  }

  async #more(stream: WatchStream, request: WatchRequest): Promise<boolean> {
    try {
      return await stream.more();
    } catch (error) {
      if (error instanceof AbortedError)
        throw new KubeError('kube: the watch was stopped', { code: 'Other', status: 0 });
      throw brokenError({ method: 'WATCH', subject: watchSubject(request.type), mutates: false }, error, true);
    }
  }

  #broken(type: ResourceType, error: KubeError): KubeError {
    this.#parseErrors.add({ resource: type.plural });
    return error;
  }
}

function watchSubject(type: ResourceType): string {
  return `${type.plural} (watch)`;
}

function nextBatch(stream: WatchStream, decoder: WatchEventDecoder): readonly WatchEvent[] {
  const events: WatchEvent[] = [];
  let bytes = 0;
  while (bytes < BATCH_BYTES && decoder.broken === undefined) {
    const chunk = stream.take();
    if (chunk === undefined) break;
    decoder.push(chunk, events);
    bytes += chunk.length;
  }
  return events;
}
