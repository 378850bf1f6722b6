/** What every measurement stands on: a control plane of its own with our manifests, an identity, a template and a storage. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SystemClock } from '../src/adapters/clock/system-clock.ts';
import { connectKube, type KubeClient } from '../src/adapters/kube/api.ts';
import { PrometheusMetrics } from '../src/adapters/metrics/prometheus.ts';
import type { Log } from '../src/ports/log.ts';
import { type ControlPlane, startControlPlane } from '../test/support/control-plane/control-plane.ts';
import { freePort } from '../test/support/control-plane/ports.ts';
import { installManifests, must, type OperatorIdentity, operatorIdentity } from '../test/support/operator/identity.ts';
import { type OperatorProcess, startOperator } from '../test/support/operator/process.ts';
import { until } from '../test/support/operator/until.ts';
import { Etcd } from './etcd.ts';
import { imageEnvironment, nodeFlags } from './image.ts';
import { parseSamples, type Sample, scrape, total } from './scrape.ts';
import { makeTemplate, type Template } from './template.ts';

export interface Bed extends AsyncDisposable {
  readonly plane: ControlPlane;
  readonly identity: OperatorIdentity;
  readonly template: Template;
  readonly etcd: Etcd;
  readonly storage: string;
}

export const silent: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  with: () => silent,
};

export async function makeBed(say: (line: string) => void): Promise<Bed> {
  const plane = await startControlPlane({ progress: say });
  await installManifests(plane, 'overlays/development');
  // Replicas that stay Pending need nobody's attention during a measurement.
  const identity = await operatorIdentity(plane);
  // In memory where there is such a place: this machine's disk is not what is measured.
  const storage = await mkdtemp(path.join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'reprieve-bench-'));
  const etcd = new Etcd(plane);
  const operator = await startOperator(plane, { storage, identity, dayLength: '1h', built: true });
  await operator.leading();
  const template = await makeTemplate(plane, etcd);
  await operator.stop();
  return {
    plane,
    identity,
    template,
    etcd,
    storage,
    [Symbol.asyncDispose]: async () => {
      etcd.close();
      await plane.stop();
      await rm(storage, { recursive: true, force: true });
    },
  };
}

/** A running operator, its probes and its metrics. */
export interface Subject {
  readonly operator: OperatorProcess;
  /** Resolves once its probes are answered, well or badly: its program is loaded. */
  serving(): Promise<void>;
  /** Milliseconds from the start of the process to the first good answer of /readyz. */
  ready(): Promise<number>;
  /** Resolves once it leads, has looked at everything, and its queues are empty. */
  settled(): Promise<void>;
  samples(): Promise<readonly Sample[]>;
}

export async function startSubject(
  { plane, identity, storage }: Bed,
  { args = [], nodeArgs = [] }: { readonly args?: readonly string[]; readonly nodeArgs?: readonly string[] } = {},
): Promise<Subject> {
  const probes = `127.0.0.1:${await freePort()}`;
  const metrics = `127.0.0.1:${await freePort()}`;
  const startedMs = performance.now();
  const operator = await startOperator(plane, {
    storage,
    identity: { ...identity, env: { ...imageEnvironment(), ...identity.env } },
    dayLength: '1h',
    built: true,
    nodeArgs: [...nodeFlags(), ...nodeArgs],
    args: [`--health-probe-bind-address=${probes}`, `--metrics-bind-address=${metrics}`, ...args],
  });
  const samples = () => scrape(`http://${metrics}/metrics`);
  return {
    operator,
    samples,
    serving: async () => {
      const isAnswered = () =>
        fetch(`http://${probes}/readyz`).then(
          () => true,
          () => false,
        );
      await until('the probes are answered', isAnswered, { withinMs: 60_000, everyMs: 5 });
    },
    ready: async () => {
      const isReady = () =>
        fetch(`http://${probes}/readyz`).then(
          ({ ok }) => ok,
          () => false,
        );
      await until('the operator is ready', isReady, { withinMs: 120_000, everyMs: 10, seen: () => operator.output() });
      return performance.now() - startedMs;
    },
    settled: async () => {
      if (!args.includes('--leader-elect=false')) await operator.leading();
      await until('the queues are empty', async () => isQuiet(await samples()), { withinMs: 300_000, everyMs: 500 });
      // Counts of vaults and policies are written a second after the last change.
      await sleep(2_500);
    },
  };
}

function isQuiet(samples: readonly Sample[]): boolean {
  const looked = total(samples, 'controller_runtime_reconcile_total');
  const waiting = total(samples, 'workqueue_depth') + total(samples, 'controller_runtime_active_workers');
  return looked > 0 && waiting === 0 && total(samples, 'reprieve_events_queued') === 0;
}

/** A client of somebody who may do everything, over the operator's own transport. */
export async function adminClient({ plane }: Pick<Bed, 'plane'>, connections = 16): Promise<KubeClient> {
  return connectKube({ type: 'Kubeconfig', file: plane.adminKubeconfig }, parts(), { connections });
}

/** A client with the operator's identity. */
export async function operatorClient(identity: OperatorIdentity): Promise<KubeClient> {
  return connectKube({ type: 'ServiceAccount', directory: identity.directory }, parts(), { env: identity.env });
}

function parts() {
  return { clock: new SystemClock(), random: Math.random, log: silent, metrics: new PrometheusMetrics() };
}

/** The API server's own numbers. */
export async function apiServerSamples({ plane }: Pick<Bed, 'plane'>): Promise<readonly Sample[]> {
  return parseSamples(await must(plane, ['get', '--raw', '/metrics']));
}
