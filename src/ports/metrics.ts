/** Numbers for whoever runs the operator. Labels are bounded: never an object's name. */
export type Labels = Readonly<Record<string, string>>;

export interface Counter {
  add(labels?: Labels, value?: number): void;
}

export interface Gauge {
  set(value: number, labels?: Labels): void;
}

export interface Histogram {
  observe(seconds: number, labels?: Labels): void;
}

export interface MetricSpec {
  /** Full name, base units: `reprieve_…_total`, `…_seconds`, or controller-runtime's where it has one. */
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
}

/** Hands out instruments; asking twice for one name gives the same instrument. */
export interface Metrics {
  counter(spec: MetricSpec): Counter;
  gauge(spec: MetricSpec): Gauge;
  /** A gauge that is read when somebody scrapes; must be cheap (no scan). One reader per name and labels: the last one wins. */
  observedGauge(spec: MetricSpec, read: () => number, labels?: Labels): void;
  histogram(spec: MetricSpec & { readonly buckets?: readonly number[] }): Histogram;
}
