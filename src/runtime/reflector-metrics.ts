/** What a reflector counts. */
import type { Metrics } from '../ports/metrics.ts';

export interface ReflectorMetrics {
  restarted(cause: string): void;
  relisted(cause: string): void;
  stale(): void;
}

export function reflectorMetrics(metrics: Metrics, resource: string, lastEventSeconds: () => number): ReflectorMetrics {
  const labels = ['resource'];
  const restarts = metrics.counter({
    name: 'reprieve_watch_restarts_total',
    help: 'Watches opened again, by resource and by what ended the one before.',
    labels: [...labels, 'cause'],
  });
  const relists = metrics.counter({
    name: 'reprieve_watch_relists_total',
    help: 'Whole lists read again after the first, by resource and cause.',
    labels: [...labels, 'cause'],
  });
  const stale = metrics.counter({
    name: 'reprieve_watch_stale_events_total',
    help: 'Watch events that were no news, by resource.',
    labels,
  });
  metrics.observedGauge(
    {
      name: 'reprieve_watch_last_event_timestamp_seconds',
      help: 'Local time of the last event or bookmark, by resource; 0 before the first.',
      labels,
    },
    lastEventSeconds,
    { resource },
  );
  return {
    restarted: (cause) => restarts.add({ resource, cause }),
    relisted: (cause) => relists.add({ resource, cause }),
    stale: () => stale.add({ resource }),
  };
}
