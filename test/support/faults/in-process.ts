/** The operator inside the test's own process: the real composition, with hands on its clock, its calls and its life. */
import { SystemClock } from '../../../src/adapters/clock/system-clock.ts';
import { parseConfig } from '../../../src/config.ts';
import { createOperator } from '../../../src/operator.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import { until } from '../operator/until.ts';
import { type LogLine, recordingLog } from '../runtime-parts.ts';
import { type Around, aroundApi, aroundEngine } from './calls.ts';
import type { Cluster } from './cluster.ts';
import type { Place } from './place.ts';

export interface InProcessOptions {
  /** Default 1 h: no window ends while a test runs. 500 ms: it lasts 7 s. */
  readonly dayLength?: string;
  readonly around?: Around;
  readonly clock?: Clock;
  /** Further flags. */
  readonly args?: readonly string[];
  /** A kubeconfig to reach the API server by, instead of straight as a pod does. */
  readonly through?: string;
}

export interface InProcess {
  readonly lines: readonly LogLine[];
  /** Ends it as SIGTERM does. */
  stop(): Promise<void>;
}

/** Starts it for one place, without an election, as its own ServiceAccount. */
export async function runOperator(cluster: Cluster, place: Place, options: InProcessOptions = {}): Promise<InProcess> {
  const parsed = parseConfig(flagsOf(cluster, place, options), {});
  if (parsed.type !== 'Config') throw new Error(JSON.stringify(parsed));
  const { log, lines } = recordingLog('info');
  const { around, clock = new SystemClock() } = options;
  const operator = await until('the operator starts', async () => {
    const { env } = cluster.identity;
    return createOperator(parsed.config, {
      clock,
      random: Math.random,
      log,
      env,
      ...(around === undefined
        ? {}
        : { wrap: { kube: (api) => aroundApi(api, around), engine: (engine) => aroundEngine(engine, around) } }),
    });
  });
  const stop = new AbortController();
  const ended = operator.run(stop.signal);
  return {
    lines,
    stop: async () => {
      stop.abort();
      await ended;
    },
  };
}

function flagsOf(cluster: Cluster, place: Place, { dayLength, args, through }: InProcessOptions): readonly string[] {
  return [
    through === undefined ? `--service-account-dir=${cluster.identity.directory}` : `--kubeconfig=${through}`,
    `--day-length=${dayLength ?? '1h'}`,
    `--simulated-engine=${place.storage}`,
    `--watch-namespaces=${place.namespace}`,
    '--leader-elect=false',
    '--purge-margin=0s',
    '--purge-jitter=0s',
    '--purge-rate=unlimited',
    '--metrics-bind-address=0',
    '--health-probe-bind-address=0',
    ...(args ?? []),
  ];
}
