/**
 * One request and its whole answer, as an undici handler: no stream object, no promise per chunk. Status patches are most of
 * what this operator sends, and their cost is mostly the client's.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { AbortedError } from './errors.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export class Exchange implements Dispatcher.DispatchHandler {
  readonly answer: Promise<Answer>;
  /** Whether undici began to write it: from then on the server may have acted. */
  sent = false;
  readonly #settle: PromiseWithResolvers<Answer>;
  readonly #onHeaders: (headers: IncomingHttpHeaders) => void;
  readonly #mayStillSend: () => boolean;
  readonly #chunks: Buffer[] = [];
  #controller: Dispatcher.DispatchController | undefined;
  #aborted: Error | undefined;
  #status = 0;
  #headers: IncomingHttpHeaders = {};

  /**
   * @param onHeaders called when the headers arrive, for clocks
   * @param mayStillSend asked when a connection is there and the first byte would go out
   */
  constructor(onHeaders: (headers: IncomingHttpHeaders) => void, mayStillSend: () => boolean = () => true) {
    this.#onHeaders = onHeaders;
    this.#mayStillSend = mayStillSend;
    this.#settle = Promise.withResolvers<Answer>();
    this.answer = this.#settle.promise;
  }

  /** Gives up: rejects at once; a request that waits for a connection is never sent. */
  abort(reason: Error): void {
    this.#aborted ??= reason;
    this.#settle.reject(reason);
    this.#controller?.abort(reason);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (!this.#mayStillSend()) this.abort(new AbortedError('not sent: this process may not write any more'));
    if (this.#aborted === undefined) this.sent = true;
    else controller.abort(this.#aborted);
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200) return;
    this.#status = status;
    this.#headers = headers;
    this.#onHeaders(headers);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    const [first] = this.#chunks;
    const bytes = this.#chunks.length === 1 && first !== undefined ? first : Buffer.concat(this.#chunks);
    this.#settle.resolve({ status: this.#status, headers: this.#headers, body: bytes.toString('utf8') });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#settle.reject(error);
  }
}
