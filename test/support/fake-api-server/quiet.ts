/** A log that keeps its lines, and metrics that keep their sums, for tests to look at. */
import type { Log, LogFields } from '../../../src/ports/log.ts';
import type { Labels, Metrics } from '../../../src/ports/metrics.ts';

export interface LogLine extends LogFields {
  readonly level: string;
  readonly message: string;
}

/** Lines go into `lines`; errors of a test's own making stay out of its output. */
export function recordingLog(lines: LogLine[], fields: LogFields = {}): Log {
  const at =
    (level: string) =>
    (message: string, more: LogFields = {}): void => {
      lines.push({ level, message, ...fields, ...more });
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    with: (more) => recordingLog(lines, { ...fields, ...more }),
  };
}

export const quietLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  with: () => quietLog,
};

/** Sums of counters by `name{label values}`; gauges by what reads them. */
export class RecordedMetrics implements Metrics {
  readonly sums = new Map<string, number>();
  readonly readings = new Map<string, () => number>();

  counter(spec: { readonly name: string }) {
    return {
      add: (labels: Labels = {}, value = 1): void => {
        const name = `${spec.name}{${Object.values(labels).join(',')}}`;
        this.sums.set(name, (this.sums.get(name) ?? 0) + value);
      },
    };
  }

  gauge() {
    return { set: () => undefined };
  }

  observedGauge(spec: { readonly name: string }, read: () => number): void {
    this.readings.set(spec.name, read);
  }

  histogram() {
    return { observe: () => undefined };
  }

  sum(name: string): number {
    return this.sums.get(name) ?? 0;
  }
}

export const quietMetrics: Metrics = new RecordedMetrics();
