/** Small HTTP servers for the kubelet and for Prometheus: GET only, a fixed table of paths. */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Reply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export interface HttpServerOptions {
  /** What it serves, for error messages. */
  readonly name: string;
  /** Absent: all addresses. */
  readonly host?: string;
  /** 0: any free port; see {@link HttpServer.start}. */
  readonly port: number;
  /** Path, without query, to what answers it. */
  readonly routes: Readonly<Record<string, () => Reply | Promise<Reply>>>;
}

export class HttpServer {
  readonly #options: HttpServerOptions;
  readonly #server: Server;

  constructor(options: HttpServerOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  /**
   * @returns the port it listens on
   * @throws Error where the address can't be had
   */
  start(): Promise<number> {
    const { name, host, port } = this.#options;
    return new Promise((resolve, reject) => {
      this.#server.once('error', (cause) => {
        reject(new Error(`${name} server: can't listen on ${host ?? '*'}:${port}; choose a free port`, { cause }));
      });
      this.#server.listen(port, host, () => resolve((this.#server.address() as AddressInfo).port));
    });
  }

  /** Closes idle connections too: a scraper's keep-alive must not hold up the end. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const reply = await this.#reply(request);
    response.writeHead(reply.status, { 'content-type': reply.contentType, 'cache-control': 'no-store' });
    response.end(request.method === 'HEAD' ? undefined : reply.body);
  }

  async #reply(request: IncomingMessage): Promise<Reply> {
    if (request.method !== 'GET' && request.method !== 'HEAD') return plain(405, 'only GET is served');
    const [path = ''] = (request.url ?? '').split('?');
    const route = Object.hasOwn(this.#options.routes, path) ? this.#options.routes[path] : undefined;
    if (route === undefined)
      return plain(404, `not served: ask one of ${Object.keys(this.#options.routes).join(', ')}`);
    try {
      return await route();
    } catch (error) {
      return plain(500, error instanceof Error ? error.message : String(error));
    }
  }
}

export function plain(status: number, body: string): Reply {
  return { status, contentType: 'text/plain; charset=utf-8', body: `${body}\n` };
}
