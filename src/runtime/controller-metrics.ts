/** What controller-runtime counts of a controller, under its names. */
import type { Metrics } from '../ports/metrics.ts';

/** controller-runtime's values of the label `result`. */
export type ReconcileOutcome = 'success' | 'requeue' | 'requeue_after' | 'error';

export interface ControllerMetrics {
  finished(outcome: ReconcileOutcome, seconds: number): void;
  terminal(): void;
  timedOut(): void;
}

export function controllerMetrics(
  metrics: Metrics,
  controller: string,
  facts: { readonly workers: number; active(): number },
): ControllerMetrics {
  const spec = (name: string, help: string) => ({ name: `controller_runtime_${name}`, help, labels: ['controller'] });
  const labels = { controller };
  const total = metrics.counter({
    name: 'controller_runtime_reconcile_total',
    help: 'Reconciliations.',
    labels: ['controller', 'result'],
  });
  const byOutcome = {
    success: { controller, result: 'success' },
    requeue: { controller, result: 'requeue' },
    requeue_after: { controller, result: 'requeue_after' },
    error: { controller, result: 'error' },
  };
  for (const outcome of Object.values(byOutcome)) total.add(outcome, 0);
  const errors = metrics.counter(spec('reconcile_errors_total', 'Reconciliations that failed.'));
  const terminal = metrics.counter(spec('terminal_reconcile_errors_total', 'Failures that are not retried.'));
  const timeouts = metrics.counter(spec('reconcile_timeouts_total', 'Reconciliations that ran into their timeout.'));
  for (const counter of [errors, terminal, timeouts]) counter.add(labels, 0);
  const time = metrics.histogram(spec('reconcile_time_seconds', 'Time of a reconciliation.'));
  metrics.gauge(spec('max_concurrent_reconciles', 'Workers.')).set(facts.workers, labels);
  metrics.observedGauge(spec('active_workers', 'Workers that reconcile.'), () => facts.active(), labels);
  return {
    finished(outcome, seconds) {
      total.add(byOutcome[outcome]);
      time.observe(seconds, labels);
      if (outcome === 'error') errors.add(labels);
    },
    terminal: () => terminal.add(labels),
    timedOut: () => timeouts.add(labels),
  };
}
