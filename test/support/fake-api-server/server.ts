/**
 * An API server for faults: real HTTP (or HTTPS) over loopback, one kind of objects, and a list of faults that the next
 * matching requests run into. It keeps Kubernetes' rules only as far as a client can tell: revisions, guards, pages,
 * watches, bookmarks. What it gets wrong, the integration tests on a real API server find.
 */
import { createServer as createHttp, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { readFileSync } from 'node:fs';
import type { AddressInfo, Socket } from 'node:net';
import path from 'node:path';
import type { ResourceType } from '../../../src/api/meta.ts';
import { answerList } from './lists.ts';
import { sendStatus } from './status.ts';
import { WatchHub } from './watches.ts';
import { World } from './world.ts';
import { answerWrite } from './writes.ts';

/** The kind that it serves. */
export const THINGS: ResourceType = {
  group: 'test.dev',
  version: 'v1',
  plural: 'things',
  kind: 'Thing',
  namespaced: true,
};

export type Verb = 'list' | 'watch' | 'get' | 'create' | 'replace' | 'patch' | 'delete';

/** A request as faults see it. */
export interface Incoming {
  readonly verb: Verb;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
  readonly body: string;
}

/** Answers a request in place of the server; or returns 'Serve' to let it through. */
export type Fault = (incoming: Incoming) => 'Serve' | undefined | Promise<'Serve' | undefined>;

interface PlannedFault {
  readonly when: (incoming: Incoming) => boolean;
  readonly fault: Fault;
  left: number;
}

export interface FakeApiServerOptions {
  readonly tls?: 'First' | 'Renewed';
  /** Bearer tokens that it accepts; absent: any. */
  readonly tokens?: readonly string[];
  readonly world?: World;
}

/** The certificate that `tls` names, as ca.crt. */
export function certificate(which: 'First' | 'Renewed'): string {
  return readFileSync(path.join(import.meta.dirname, which === 'First' ? 'cert.pem' : 'other-cert.pem'), 'utf8');
}

export class FakeApiServer {
  readonly world: World;
  readonly watches: WatchHub;
  readonly tokens: Set<string> | undefined;
  /** `verb path?query` of every request, in order. */
  readonly requests: string[] = [];
  /** TCP connections ever accepted, and those open now. */
  connections = 0;
  readonly open = new Set<Socket>();
  readonly #server: Server;
  readonly #faults: PlannedFault[] = [];

  private constructor(server: Server, options: FakeApiServerOptions) {
    this.#server = server;
    this.world = options.world ?? new World();
    this.watches = new WatchHub(this.world);
    this.tokens = options.tokens === undefined ? undefined : new Set(options.tokens);
    server.on('connection', (socket: Socket) => {
      this.connections += 1;
      this.open.add(socket);
      socket.on('close', () => this.open.delete(socket));
      socket.on('error', () => undefined);
    });
    server.on('request', (request, response) => void this.#serve(request, response));
  }

  static async start(options: FakeApiServerOptions = {}): Promise<FakeApiServer> {
    const server = options.tls === undefined ? createHttp() : createHttps(keyPair(options.tls));
    server.keepAliveTimeout = 60_000;
    const fake = new FakeApiServer(server, options);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return fake;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get origin(): string {
    return `${'setSecureContext' in this.#server ? 'https' : 'http'}://127.0.0.1:${this.port}`;
  }

  /** The next `times` requests of this verb (that also satisfy `and`) run into the fault. */
  plan(verb: Verb, fault: Fault, { times = 1, and = () => true }: PlanOptions = {}): void {
    this.#faults.push({ when: (incoming) => incoming.verb === verb && and(incoming), fault, left: times });
  }

  count(verb: Verb): number {
    return this.requests.filter((line) => line.startsWith(`${verb} `)).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.open) socket.destroy();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => undefined);
    const url = new URL(request.url ?? '/', 'http://fake');
    const verb = verbOf(request, url);
    this.requests.push(`${verb} ${url.pathname}${url.search}`);
    const incoming = { verb, request, response, query: url.searchParams, body: await bodyOf(request) };
    const token = (request.headers.authorization ?? '').replace('Bearer ', '');
    if (this.tokens?.has(token) === false) {
      sendStatus(response, 401, { reason: 'Unauthorized', message: 'Unauthorized' });
      return;
    }
    const planned = this.#faults.find(({ left, when }) => left > 0 && when(incoming));
    if (planned !== undefined) {
      planned.left -= 1;
      if ((await planned.fault(incoming)) !== 'Serve') return;
    }
    if (verb === 'watch') this.watches.serve(incoming);
    else if (verb === 'list') answerList(this.world, incoming);
    else answerWrite(this.world, incoming, url.pathname);
  }
}

interface PlanOptions {
  readonly times?: number;
  readonly and?: (incoming: Incoming) => boolean;
}

function keyPair(which: 'First' | 'Renewed'): { readonly cert: string; readonly key: string } {
  const key = which === 'First' ? 'key.pem' : 'other-key.pem';
  return { cert: certificate(which), key: readFileSync(path.join(import.meta.dirname, key), 'utf8') };
}

function verbOf(request: IncomingMessage, url: URL): Verb {
  const named = /\/things\/[^/]+/.test(url.pathname);
  const verbs: Readonly<Record<string, Verb>> = { POST: 'create', PUT: 'replace', PATCH: 'patch', DELETE: 'delete' };
  const reading = named ? 'get' : url.searchParams.get('watch') === 'true' ? 'watch' : 'list';
  return verbs[request.method ?? 'GET'] ?? reading;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
