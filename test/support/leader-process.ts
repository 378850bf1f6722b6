/**
 * A process for test/integration/leader.test.ts: the real wiring with one cache and one controller that, while it leads,
 * writes the ConfigMap `journal` about ten times a second, and says `first reconcile` before the first time. The writes have a uid precondition only, so nothing but the fence keeps
 * a former leader from being accepted.
 *
 * Arguments: kubeconfig, name. Lines of its log go to standard output.
 */
import process from 'node:process';
import { SystemClock } from '../../src/adapters/clock/system-clock.ts';
import { connectKube } from '../../src/adapters/kube/api.ts';
import { createLog } from '../../src/adapters/log/winston-log.ts';
import { PrometheusMetrics } from '../../src/adapters/metrics/prometheus.ts';
import { Controller } from '../../src/runtime/controller.ts';
import { EventRecorder } from '../../src/runtime/events.ts';
import { fenced } from '../../src/runtime/fencing.ts';
import { LeaderElector } from '../../src/runtime/leader.ts';
import { Manager } from '../../src/runtime/manager.ts';
import { Pacer } from '../../src/runtime/pacer.ts';
import { Reflector } from '../../src/runtime/reflector.ts';
import { requeueAfter } from '../../src/runtime/result.ts';
import { Store } from '../../src/runtime/store.ts';

const CONFIG_MAP = { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true };

const [, , kubeconfig = '', name = ''] = process.argv;
const clock = new SystemClock();
const log = createLog({ level: 'info', format: 'json', stream: process.stdout });
const metrics = new PrometheusMetrics();
const parts = { clock, random: Math.random, log, metrics, pacer: new Pacer(clock) };
const client = await connectKube({ type: 'Kubeconfig', file: kubeconfig }, parts);
const lease = { namespace: 'default', name: 'leader-test' };
const leader = new LeaderElector({ ...parts, kube: client.leaseApi, lease, identity: name });
const kube = fenced(client.api, leader);

const store = new Store({ type: CONFIG_MAP, trim: (object) => object, facets: () => ({}), indexes: {} }, parts);
const cacheParts = { ...parts, kube: client.watchApi };
const configmaps = new Reflector(CONFIG_MAP, store, cacheParts, { namespace: 'default' });

let reconciled = false;
const journal = new Controller(
  {
    name: 'journal',
    async reconcile(key) {
      if (!reconciled) log.info('first reconcile');
      reconciled = true;
      const { metadata } = await kube.get(CONFIG_MAP, key);
      const patch = { metadata: { uid: metadata.uid ?? '' }, data: { writer: name, token: `${leader.transitions}` } };
      await kube.patch(CONFIG_MAP, key, patch, { fieldManager: name });
      return requeueAfter(100);
    },
  },
  parts,
  { workers: 1, initialKeys: () => [...store.keys()].filter((key) => key === 'default/journal') },
);
const manager = new Manager({
  ...parts,
  caches: { configmaps },
  controllers: [journal],
  leader,
  events: new EventRecorder({ ...parts, kube, instance: name }),
  servers: [],
  close: [() => client.close()],
});

const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
process.exit(await manager.run(stop.signal));
