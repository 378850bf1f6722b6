/**
 * The bytes of a watch as they arrive, for one reader. The reader takes what is there and waits for more; what it does not
 * take is kept up to a cap, then the connection is paused: the API server drops watchers that stay behind, so reading on is
 * the rule and pausing the exception.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { AbortedError } from './errors.ts';
import type { Answer } from './exchange.ts';

const PAUSE_ABOVE_BYTES = 1 << 20;
const RESUME_BELOW_BYTES = 1 << 18;

export class WatchStream implements Dispatcher.DispatchHandler {
  /** Undefined once the server accepts; its answer where it refuses. Rejects when no answer comes. */
  readonly opened: Promise<Answer | undefined>;
  readonly #open: PromiseWithResolvers<Answer | undefined>;
  readonly #onHeaders: (headers: IncomingHttpHeaders) => void;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = (): void => this.close(new AbortedError('the watcher stopped'));
  #controller: Dispatcher.DispatchController | undefined;
  #refusal: { readonly status: number; readonly headers: IncomingHttpHeaders } | undefined;
  #chunks: Buffer[] = [];
  #next = 0;
  #bytes = 0;
  #ended = false;
  #error: Error | undefined;
  #waiter: PromiseWithResolvers<boolean> | undefined;

  constructor(onHeaders: (headers: IncomingHttpHeaders) => void, signal: AbortSignal | undefined) {
    this.#onHeaders = onHeaders;
    this.#signal = signal;
    this.#open = Promise.withResolvers<Answer | undefined>();
    this.opened = this.#open.promise;
    // It may be rejected before anybody awaits it.
    this.opened.catch(() => undefined);
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (signal?.aborted === true) this.#onAbort();
  }

  /** The oldest chunk not yet taken, or undefined when there is none now. */
  take(): Buffer | undefined {
    const chunk = this.#chunks[this.#next];
    if (chunk === undefined) return undefined;
    this.#next += 1;
    this.#bytes -= chunk.length;
    if (this.#next === this.#chunks.length) {
      this.#chunks = [];
      this.#next = 0;
    }
    if (this.#bytes < RESUME_BELOW_BYTES && this.#controller?.paused === true) this.#controller.resume();
    return chunk;
  }

  /** Waits until there is something to take (true) or the server has ended the stream (false). @throws what broke it */
  more(): Promise<boolean> {
    if (this.#chunks.length > 0) return Promise.resolve(true);
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.#ended) return Promise.resolve(false);
    this.#waiter ??= Promise.withResolvers<boolean>();
    return this.#waiter.promise;
  }

  /** Ends it from this side; a second time does nothing. */
  close(reason: Error = new AbortedError('the watcher stopped')): void {
    this.#signal?.removeEventListener('abort', this.#onAbort);
    if (this.#ended || this.#error !== undefined) return;
    this.#fail(reason);
    this.#controller?.abort(reason);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#error !== undefined) controller.abort(this.#error);
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200) return;
    this.#onHeaders(headers);
    if (status === 200) this.#open.resolve(undefined);
    else this.#refusal = { status, headers };
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes > PAUSE_ABOVE_BYTES) controller.pause();
    this.#wake(true);
  }

  onResponseEnd(): void {
    this.#ended = true;
    this.#signal?.removeEventListener('abort', this.#onAbort);
    if (this.#refusal !== undefined) {
      this.#open.resolve({ ...this.#refusal, body: Buffer.concat(this.#chunks).toString('utf8') });
    }
    this.#wake(false);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#fail(error);
  }

  #fail(error: Error): void {
    if (this.#error !== undefined) return;
    this.#error = error;
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#open.reject(error);
    const waiter = this.#waiter;
    this.#waiter = undefined;
    waiter?.reject(error);
  }

  #wake(more: boolean): void {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    waiter?.resolve(more);
  }
}
