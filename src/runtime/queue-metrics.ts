/** The queue's numbers, under the names that client-go and controller-runtime gave them. */
import type { Metrics } from '../ports/metrics.ts';

const LABELS = ['name', 'controller'];
/** client-go's: powers of ten from 10 ns to 1000 s, of which a Node process can tell apart those from 10 µs. */
const BUCKETS = [1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10, 100, 1000];

export interface QueueReadings {
  depth(): number;
  longestRunningSeconds(): number;
  unfinishedSeconds(): number;
}

export interface QueueMetrics {
  added(): void;
  retried(): void;
  waited(seconds: number): void;
  worked(seconds: number): void;
}

export function queueMetrics(metrics: Metrics, name: string, readings: QueueReadings): QueueMetrics {
  const labels = { name, controller: name };
  const spec = (metric: string, help: string) => ({ name: `workqueue_${metric}`, help, labels: LABELS });
  metrics.observedGauge(spec('depth', 'Keys that wait to be processed.'), () => readings.depth(), labels);
  metrics.observedGauge(
    spec('longest_running_processor_seconds', 'Age of the longest running processing.'),
    () => readings.longestRunningSeconds(),
    labels,
  );
  metrics.observedGauge(
    spec('unfinished_work_seconds', 'Work in progress that no work_duration has counted yet.'),
    () => readings.unfinishedSeconds(),
    labels,
  );
  const adds = metrics.counter(spec('adds_total', 'Keys added.'));
  const retries = metrics.counter(spec('retries_total', 'Keys added again after a failure.'));
  const wait = metrics.histogram({ ...spec('queue_duration_seconds', 'Wait from add to get.'), buckets: BUCKETS });
  const work = metrics.histogram({ ...spec('work_duration_seconds', 'Time from get to done.'), buckets: BUCKETS });
  adds.add(labels, 0);
  retries.add(labels, 0);
  return {
    added: () => adds.add(labels),
    retried: () => retries.add(labels),
    waited: (seconds) => wait.observe(seconds, labels),
    worked: (seconds) => work.observe(seconds, labels),
  };
}
