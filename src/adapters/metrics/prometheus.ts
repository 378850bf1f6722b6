/** Metrics by prom-client, in a registry of our own. */
import * as prom from 'prom-client';
import type { Counter, Gauge, Histogram, Labels, MetricSpec, Metrics } from '../../ports/metrics.ts';

/** client_golang's default buckets, which controller-runtime's dashboards expect. */
const DEFAULT_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

interface Reader {
  readonly labels: Labels;
  readonly read: () => number;
}

export class PrometheusMetrics implements Metrics {
  readonly #registry = new prom.Registry();
  readonly #counters = new Map<string, Counter>();
  readonly #gauges = new Map<string, Gauge>();
  readonly #histograms = new Map<string, Histogram>();
  readonly #observed = new Map<string, Map<string, Reader>>();

  counter(spec: MetricSpec): Counter {
    return once(this.#counters, spec.name, () => {
      const counter = new prom.Counter(this.#config(spec));
      return { add: (labels = {}, value = 1) => counter.inc(labels, value) };
    });
  }

  gauge(spec: MetricSpec): Gauge {
    return once(this.#gauges, spec.name, () => {
      const gauge = new prom.Gauge(this.#config(spec));
      return { set: (value, labels = {}) => gauge.set(labels, value) };
    });
  }

  observedGauge(spec: MetricSpec, read: () => number, labels: Labels = {}): void {
    const readers = once(this.#observed, spec.name, () => this.#registerObserved(spec));
    readers.set(JSON.stringify(labels), { labels, read });
  }

  histogram(spec: MetricSpec & { readonly buckets?: readonly number[] }): Histogram {
    return once(this.#histograms, spec.name, () => {
      const buckets = [...(spec.buckets ?? DEFAULT_BUCKETS)];
      const histogram = new prom.Histogram({ ...this.#config(spec), buckets });
      return { observe: (seconds, labels = {}) => histogram.observe(labels, seconds) };
    });
  }

  /** The scrape: Prometheus text format 0.0.4. */
  async render(): Promise<{ readonly contentType: string; readonly body: string }> {
    return { contentType: this.#registry.contentType, body: await this.#registry.metrics() };
  }

  #registerObserved(spec: MetricSpec): Map<string, Reader> {
    const readers = new Map<string, Reader>();
    new prom.Gauge({
      ...this.#config(spec),
      collect() {
        for (const { labels, read } of readers.values()) this.set(labels, read());
      },
    });
    return readers;
  }

  #config(spec: MetricSpec): { name: string; help: string; labelNames: string[]; registers: [prom.Registry] } {
    return { name: spec.name, help: spec.help, labelNames: [...(spec.labels ?? [])], registers: [this.#registry] };
  }
}

function once<T>(known: Map<string, T>, name: string, make: () => T): T {
  const existing = known.get(name);
  if (existing !== undefined) return existing;
  const made = make();
  known.set(name, made);
  return made;
}
