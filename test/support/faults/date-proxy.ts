/**
 * In front of the API server, passing everything on, with the Date headers that a test wants: the API server's own clock is
 * the machine's and can't be moved. The operator talks plain HTTP to it, with its own token.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Agent, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { Cluster } from './cluster.ts';

/** What becomes of a Date header; undefined: there is none. */
export type Rewrite = (date: string) => string | undefined;

export interface DateProxy {
  /** A kubeconfig that leads through it, as the operator's ServiceAccount. */
  readonly kubeconfig: string;
  rewrite: Rewrite;
  close(): Promise<void>;
}

export async function startDateProxy(cluster: Cluster, name: string): Promise<DateProxy> {
  const agent = new Agent({ ca: await readFile(cluster.plane.caFile), keepAlive: true });
  const proxy: { rewrite: Rewrite } = { rewrite: (date) => date };
  const server = createServer((incoming, answer) => {
    forward({ incoming, answer }, new URL(incoming.url ?? '/', cluster.plane.url), agent, proxy);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const kubeconfig = path.join(cluster.plane.dir, `proxy-${name}.kubeconfig`);
  const token = await readFile(path.join(cluster.identity.directory, 'token'), 'utf8');
  await writeFile(kubeconfig, JSON.stringify(kubeconfigOf(`http://127.0.0.1:${port}`, token)));
  return Object.assign(proxy, {
    kubeconfig,
    close: async () => {
      server.closeAllConnections();
      agent.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

function forward(
  { incoming, answer }: { readonly incoming: IncomingMessage; readonly answer: ServerResponse },
  url: URL,
  agent: Agent,
  proxy: { readonly rewrite: Rewrite },
): void {
  const { method, headers } = incoming;
  const outgoing = request(url, { agent, method, headers: { ...headers, host: url.host } }, (reply) => {
    const { date = '', ...rest } = reply.headers;
    const rewritten = proxy.rewrite(date);
    answer.sendDate = false;
    answer.writeHead(reply.statusCode ?? 502, rewritten === undefined ? rest : { ...rest, date: rewritten });
    answer.flushHeaders();
    reply.pipe(answer);
  });
  outgoing.on('error', () => answer.destroy());
  answer.on('close', () => outgoing.destroy());
  incoming.pipe(outgoing);
}

function kubeconfigOf(server: string, token: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'proxy', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'operator', user: { token } }],
    contexts: [{ name: 'proxy', context: { cluster: 'proxy', user: 'operator' } }],
    'current-context': 'proxy',
  };
}
