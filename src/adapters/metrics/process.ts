/**
 * The few `process_*` numbers every dashboard has. prom-client's own default set also hooks the garbage collector and
 * samples the event loop 100 times a second, which an idle operator would pay for all day.
 */
import type { Metrics } from '../../ports/metrics.ts';

export function observeProcess(metrics: Metrics): void {
  const startedSeconds = Date.now() / 1000 - process.uptime();
  metrics.observedGauge(
    { name: 'process_start_time_seconds', help: 'Start time of the process since the epoch.' },
    () => startedSeconds,
  );
  metrics.observedGauge({ name: 'process_cpu_seconds_total', help: 'User and system CPU time spent.' }, cpuSeconds);
  metrics.observedGauge({ name: 'process_resident_memory_bytes', help: 'Resident memory.' }, () =>
    process.memoryUsage.rss(),
  );
  metrics.observedGauge(
    { name: 'nodejs_heap_size_used_bytes', help: 'Used part of the JavaScript heap.' },
    () => process.memoryUsage().heapUsed,
  );
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
