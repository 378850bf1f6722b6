/**
 * The composition root: adapters, caches, controllers and the manager, put together from a Config. main.ts runs it; tests and the
 * bench run it in their own process with another clock or log.
 */
import { hash, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { SimulatedEngine } from './adapters/engines/simulated/engine.ts';
import { metricsRoutes, probeRoutes } from './adapters/http/probe-routes.ts';
import { HttpServer } from './adapters/http/server.ts';
import { connectKube, type KubeClient } from './adapters/kube/api.ts';
import { UnusableCredentials } from './adapters/kube/unusable.ts';
import { observeProcess } from './adapters/metrics/process.ts';
import { PrometheusMetrics } from './adapters/metrics/prometheus.ts';
import { LEASE_NAME } from './api/names.ts';
import { type Config, VERSION } from './config.ts';
import type { Context, Engines } from './controllers/context.ts';
import { buildCaches } from './controllers/caches.ts';
import { buildControllers } from './controllers/index.ts';
import { PurgeRate } from './controllers/backup-item/purge-rate.ts';
import type { Clock, Random } from './ports/clock.ts';
import type { Engine } from './ports/engine.ts';
import type { KubeApi } from './ports/kube.ts';
import type { Log } from './ports/log.ts';
import { preflight } from './preflight.ts';
import { EventRecorder } from './runtime/events.ts';
import { fenced } from './runtime/fencing.ts';
import { LeaderElector } from './runtime/leader.ts';
import { Manager } from './runtime/manager.ts';
import { SoleLeader } from './runtime/sole-leader.ts';

/** What a process brings along; tests bring their own. */
export interface Surroundings {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Put around what the controllers act through, inside the fence: where a fault, a delay or a witness can stand. */
  readonly wrap?: {
    readonly kube?: (api: KubeApi) => KubeApi;
    readonly engine?: (engine: Engine) => Engine;
  };
}

/** Started with something that can't work: exit code 2, one line each. */
export class UnfitSurroundings extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

export interface Operator {
  /** Runs until the signal is aborted or something essential is lost. @returns the exit code */
  run(stop: AbortSignal): Promise<0 | 1>;
  readonly metrics: PrometheusMetrics;
}

/**
 * @throws UnfitSurroundings where credentials can't be used, or CRDs or permissions are missing; UnreachableServer where the API
 * server can't be asked
 */
export async function createOperator(config: Config, surroundings: Surroundings): Promise<Operator> {
  const { clock, random, log, env } = surroundings;
  const metrics = new PrometheusMetrics();
  observeProcess(metrics);
  const kube = await connect(config, surroundings, metrics);
  const problems = await preflight(kube.api, { dayLengthMs: config.dayLengthMs, address: kube.address });
  if (problems.length > 0) throw new UnfitSurroundings(problems);
  if (config.dayLengthMs !== 86_400_000)
    log.warn('days are shortened: for development only', { dayLengthMs: config.dayLengthMs });

  const instance = env['POD_NAME'] ?? hostname();
  const leader = leaderOf(config, surroundings, { kube, metrics, instance });
  const writes = fenced(surroundings.wrap?.kube?.(kube.api) ?? kube.api, leader);
  const events = new EventRecorder({ kube: writes, clock, random, metrics, instance });
  const { stores, caches } = buildCaches(kube.watchApi, { ...surroundings, metrics }, config.watchNamespaces);
  const engines = await enginesOf(config, surroundings);
  const context: Context = {
    kube: writes,
    stores,
    engines,
    serverClock: kube.serverClock,
    clock,
    events,
    metrics,
    leader,
    hash: (text) => hash('sha256', text),
    newID: randomUUID,
    settings: {
      marginMs: config.purge.marginMs,
      jitterMs: config.purge.jitterMs,
      dayLengthMs: config.dayLengthMs,
      suspendPurges: config.suspendPurges,
    },
  };
  const controllers = buildControllers(context, {
    parts: { clock, random, log, metrics },
    rate: new PurgeRate(clock, config.purge),
    namespaces: config.watchNamespaces,
  });
  const manager: Manager = new Manager({
    clock,
    log,
    metrics,
    caches,
    controllers,
    leader,
    events,
    servers: serversOf(config, { metrics, manager: () => manager }),
    close: [() => kube.close()],
  });
  return { run: (stop) => manager.run(stop), metrics };
}

async function connect(
  config: Config,
  { clock, random, log, env }: Surroundings,
  metrics: PrometheusMetrics,
): Promise<KubeClient> {
  const connecting = connectKube(
    config.kubeconfig === undefined
      ? { type: 'ServiceAccount', directory: config.serviceAccountDir }
      : { type: 'Kubeconfig', file: config.kubeconfig },
    { clock, random, log, metrics },
    { env, userAgent: `reprieve/${VERSION}`, steppedForMs: config.dayLengthMs },
  );
  try {
    return await connecting;
  } catch (error) {
    throw error instanceof UnusableCredentials ? new UnfitSurroundings([error.message]) : error;
  }
}

interface LeaderParts {
  readonly kube: KubeClient;
  readonly metrics: PrometheusMetrics;
  readonly instance: string;
}

function leaderOf(config: Config, { clock, random, log }: Surroundings, { kube, metrics, instance }: LeaderParts) {
  if (!config.leaderElect) return new SoleLeader();
  const namespace = config.leaderElectNamespace ?? kube.namespace;
  if (namespace === undefined) {
    throw new UnfitSurroundings([
      '--leader-elect-namespace: not known from the credentials; say where the Lease lives',
    ]);
  }
  return new LeaderElector({
    kube: kube.leaseApi,
    clock,
    random,
    log,
    metrics,
    lease: { namespace, name: LEASE_NAME },
    identity: `${instance}_${randomUUID()}`,
  });
}

/** The simulated engine stands in for every vault's; without it this release has none, and says so on the vaults. */
async function enginesOf({ simulatedEngineDir }: Config, { clock, wrap }: Surroundings): Promise<Engines> {
  const own = simulatedEngineDir === undefined ? undefined : await openSimulated(simulatedEngineDir, clock);
  const simulated = own && (wrap?.engine?.(own) ?? own);
  return {
    types: simulated === undefined ? [] : [simulated.type],
    byType: (type) => (type === simulated?.type ? simulated : undefined),
    forVault: () => simulated,
  };
}

async function openSimulated(directory: string, clock: Clock): Promise<Engine> {
  try {
    return await SimulatedEngine.open(directory, clock);
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    // What the file system says doesn't say what to do.
    const cure = error instanceof Error && 'code' in error ? '; name a directory that can be written' : '';
    throw new UnfitSurroundings([`--simulated-engine ${directory}: ${words}${cure}`]);
  }
}

function serversOf(
  config: Config,
  { metrics, manager }: { readonly metrics: PrometheusMetrics; readonly manager: () => Manager },
): readonly HttpServer[] {
  const servers: HttpServer[] = [];
  const health = config.healthProbeBindAddress;
  if (health !== undefined) {
    const routes = probeRoutes({ ready: () => manager().probes.ready(), live: () => manager().probes.live() });
    servers.push(new HttpServer({ name: 'health', ...addressOf(health), routes }));
  }
  const scrape = config.metricsBindAddress;
  if (scrape !== undefined) {
    servers.push(new HttpServer({ name: 'metrics', ...addressOf(scrape), routes: metricsRoutes(metrics) }));
  }
  return servers;
}

function addressOf({ host, port }: { readonly host: string | undefined; readonly port: number }) {
  return host === undefined ? { port } : { host, port };
}
