/** The client of one API server: what the composition root builds, and everything else is handed. */
import type { Clock, Random, ServerClock } from '../../ports/clock.ts';
import type { KubeApi, KubeWatchApi } from '../../ports/kube.ts';
import type { Log } from '../../ports/log.ts';
import type { Metrics } from '../../ports/metrics.ts';
import { CredentialCache, type ReadCredentials } from './credentials.ts';
import {
  inPodCredentials,
  originFrom,
  ownNamespace,
  SERVICE_ACCOUNT_DIR,
  type Environment,
} from './in-pod-credentials.ts';
import { kubeconfigCredentials } from './kubeconfig-credentials.ts';
import { ResourceApi } from './resource-api.ts';
import { DateHeaderClock } from './server-clock.ts';
import { Transport } from './transport.ts';
import { WatchApi } from './watch-api.ts';

/** Where the API server is and who asks. */
export type KubeTarget =
  /** As in a pod: a directory with token, ca.crt and namespace; address from the environment unless `server` names it. */
  | { readonly type: 'ServiceAccount'; readonly directory?: string | undefined; readonly server?: string | undefined }
  /** `file` undefined: $KUBECONFIG, or the user's own. */
  | { readonly type: 'Kubeconfig'; readonly file: string | undefined };

export interface KubeClientParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface KubeClientOptions {
  /** Of this process; read for KUBERNETES_SERVICE_HOST and _PORT. */
  readonly env?: Environment;
  readonly userAgent?: string;
  /** Calls in flight at most, watches and lease apart; 16. */
  readonly connections?: number;
  /** Deadline of a call with all its retries; 15 s. */
  readonly callTimeoutMs?: number;
  /** Silence after which a watch is dead; 100 s (bookmarks come every minute). */
  readonly watchIdleMs?: number;
  /** Silence after which TCP probes begin; 15 s. */
  readonly keepAliveProbeMs?: number;
  /** How long a step of the wall clock is held against it; 24 h. */
  readonly steppedForMs?: number;
}

export interface KubeClient {
  readonly api: KubeApi;
  /** The same API over a connection of its own, for leader election. */
  readonly leaseApi: KubeApi;
  readonly watchApi: KubeWatchApi;
  readonly serverClock: ServerClock;
  /** `https://host:port`, as the credentials had it at the start. */
  readonly address: string;
  /** The pod's own namespace where the target says one. */
  readonly namespace: string | undefined;
  /** Ends everything that is under way, watches included. */
  close(): Promise<void>;
}

/**
 * Reads the credentials once, so that a wrong path fails here; connects with the first call.
 * @throws UnusableCredentials naming the file, flag or variable, and what to do
 */
export async function connectKube(
  target: KubeTarget,
  parts: KubeClientParts,
  options: KubeClientOptions = {},
): Promise<KubeClient> {
  const credentials = new CredentialCache(readerOf(target, options), parts.clock, parts.log);
  const { origin } = await credentials.load();
  const serverClock = new DateHeaderClock(parts.clock, options.steppedForMs);
  const transport = new Transport({
    ...parts,
    credentials,
    serverClock,
    userAgent: options.userAgent ?? 'reprieve',
    pools: { connections: options.connections ?? 16, keepAliveProbeMs: options.keepAliveProbeMs ?? 15_000 },
    watchIdleMs: options.watchIdleMs ?? 100_000,
  });
  const timeoutMs = options.callTimeoutMs ?? 15_000;
  return {
    api: new ResourceApi(transport, 'requests', timeoutMs),
    leaseApi: new ResourceApi(transport, 'lease', timeoutMs),
    watchApi: new WatchApi(transport, timeoutMs, parts.metrics),
    serverClock,
    address: origin,
    namespace: target.type === 'ServiceAccount' ? await ownNamespace(directoryOf(target.directory)) : undefined,
    close: () => transport.close(),
  };
}

function readerOf(target: KubeTarget, options: KubeClientOptions): ReadCredentials {
  if (target.type === 'Kubeconfig') return kubeconfigCredentials(target.file);
  return inPodCredentials(directoryOf(target.directory), target.server ?? originFrom(options.env ?? process.env));
}

function directoryOf(directory: string | undefined): string {
  return directory ?? SERVICE_ACCOUNT_DIR;
}
