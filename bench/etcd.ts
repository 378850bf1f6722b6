/**
 * The storage under the API server, for setting up tens of thousands of objects in seconds: each is a copy of one that the
 * operator and the API server have made, in the API server's own encoding. Nothing that is measured goes this way.
 */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import type { ControlPlane } from '../test/support/control-plane/control-plane.ts';

export interface Entry {
  readonly key: string;
  readonly value: string;
}

const IN_FLIGHT = 4;
/** etcd takes at most 128 in one transaction, and 1.5 MiB. */
const PUTS_PER_REQUEST = 96;

export class Etcd {
  readonly #url: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: IN_FLIGHT });

  /** @throws ControlPlaneError for a cluster that was named: its storage is out of reach */
  constructor(plane: ControlPlane) {
    const flags = readFileSync(`/proc/${plane.parts.etcd.pid ?? 0}/cmdline`, 'utf8').split('\0');
    this.#url = flags.find((flag) => flag.startsWith('--listen-client-urls='))?.split('=')[1] ?? '';
  }

  /** Everything below a prefix. */
  async read(prefix: string): Promise<readonly Entry[]> {
    const end = prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
    const answer = await this.#post('range', { key: base64(prefix), range_end: base64(end) });
    const { kvs = [] } = JSON.parse(answer) as { kvs?: { key: string; value: string }[] };
    return kvs.map(({ key, value }) => ({ key: text(key), value: text(value) }));
  }

  async write(entries: readonly Entry[], progress: (written: number) => void): Promise<void> {
    let next = 0;
    const lane = async (): Promise<void> => {
      for (let from = next; from < entries.length; from = next) {
        next += PUTS_PER_REQUEST;
        const some = entries.slice(from, from + PUTS_PER_REQUEST);
        await this.#post('txn', {
          success: some.map(({ key, value }) => ({ request_put: { key: base64(key), value: base64(value) } })),
        });
        progress(Math.min(next, entries.length));
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
  }

  close(): void {
    this.#agent.destroy();
  }

  #post(what: string, body: unknown): Promise<string> {
    return new Promise((resolve, reject) => {
      const call = request(`${this.#url}/v3/kv/${what}`, { method: 'POST', agent: this.#agent }, (answer) => {
        let all = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => (all += chunk));
        answer.on('end', () => {
          if (answer.statusCode === 200) resolve(all);
          else reject(new Error(`etcd: ${what}: ${answer.statusCode ?? 0} ${all}`));
        });
      });
      call.on('error', reject);
      call.end(JSON.stringify(body));
    });
  }
}

function base64(plain: string): string {
  return Buffer.from(plain).toString('base64');
}

function text(encoded: string): string {
  return Buffer.from(encoded, 'base64').toString('utf8');
}
