/** Watches of the fake API server, and what can go wrong with an open one. */
import type { ServerResponse } from 'node:http';
import type { Incoming } from './server.ts';
import { sendStatus } from './status.ts';
import type { StoredEvent, World } from './world.ts';

/** How it treats `sendInitialEvents`: as a current server, as one without the feature, as one that never says it is done. */
export type WatchListMode = 'Serve' | 'Refuse' | 'NoBookmark';

interface OpenWatch {
  readonly response: ServerResponse;
  frozen: boolean;
  end: () => void;
}

export class WatchHub {
  watchList: WatchListMode = 'Serve';
  /** Ended streams take their events with them; a test waits for `open` to change. */
  readonly open = new Set<OpenWatch>();
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  serve({ response, query }: Incoming): void {
    const initial = query.get('sendInitialEvents') === 'true';
    if (initial && this.watchList === 'Refuse') {
      const message = 'ListOptions.meta.k8s.io "" is invalid: sendInitialEvents: Forbidden: disabled by feature-gate';
      sendStatus(response, 422, { reason: 'Invalid', message });
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    if (initial) this.#initialEvents(response);
    else if (!this.#replay(response, Number(query.get('resourceVersion') ?? '0'))) return;
    this.#follow(response);
  }

  /** Writes this line, as it is, into every open watch. */
  inject(line: string): void {
    for (const { response } of this.open) response.write(line);
  }

  /** Sends an event that the world knows nothing of. */
  injectEvent(event: unknown): void {
    this.inject(`${JSON.stringify(event)}\n`);
  }

  bookmark(revision: number = this.#world.revision): void {
    this.injectEvent(bookmarkAt(revision));
  }

  /** Ends every open watch as a server does when its time is up. */
  endAll(): void {
    for (const watch of [...this.open]) {
      watch.end();
      watch.response.end();
    }
  }

  /** Resets every open watch, where `midLine` after a part of a line. */
  resetAll({ midLine = false }: { readonly midLine?: boolean } = {}): void {
    for (const watch of [...this.open]) {
      watch.end();
      if (midLine) watch.response.write('{"type":"MODIFIED","object":{"kind":"Thi');
      setImmediate(() => watch.response.socket?.resetAndDestroy());
    }
  }

  /** Every open watch stays open and says nothing more: a half-open connection, seen from the client. */
  freezeAll(): void {
    for (const watch of this.open) watch.frozen = true;
  }

  #initialEvents(response: ServerResponse): void {
    for (const object of this.#world.sorted()) write(response, { type: 'ADDED', object });
    if (this.watchList === 'NoBookmark') return;
    write(response, bookmarkAt(this.#world.revision, { 'k8s.io/initial-events-end': 'true' }));
  }

  #replay(response: ServerResponse, since: number): boolean {
    if (since < this.#world.compactedTo) {
      const status = {
        kind: 'Status',
        status: 'Failure',
        code: 410,
        reason: 'Expired',
        message: 'too old resource version',
      };
      write(response, { type: 'ERROR', object: status });
      response.end();
      return false;
    }
    for (const event of this.#world.events) if (event.revision > since) writeEvent(response, event);
    return true;
  }

  #follow(response: ServerResponse): void {
    const watch: OpenWatch = {
      response,
      frozen: false,
      end: this.#world.subscribe((event) => {
        if (!watch.frozen) writeEvent(response, event);
      }),
    };
    const ended = watch.end;
    watch.end = () => {
      ended();
      this.open.delete(watch);
    };
    this.open.add(watch);
    response.on('close', () => watch.end());
  }
}

function bookmarkAt(revision: number, annotations?: Readonly<Record<string, string>>): unknown {
  const metadata = { resourceVersion: String(revision), ...(annotations === undefined ? {} : { annotations }) };
  return { type: 'BOOKMARK', object: { apiVersion: 'test.dev/v1', kind: 'Thing', metadata } };
}

function writeEvent(response: ServerResponse, { type, object }: StoredEvent): void {
  write(response, { type, object });
}

function write(response: ServerResponse, event: unknown): void {
  response.write(`${JSON.stringify(event)}\n`);
}
