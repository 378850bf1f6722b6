/** The shared parts of a controller for tests: a fake clock, the real log and metrics, and chance that is always the same. */
import { Writable } from 'node:stream';
import { createLog } from '../../src/adapters/log/winston-log.ts';
import type { LogLevel } from '../../src/adapters/log/winston-log.ts';
import { PrometheusMetrics } from '../../src/adapters/metrics/prometheus.ts';
import type { Log } from '../../src/ports/log.ts';
import { Pacer } from '../../src/runtime/pacer.ts';
import { FakeClock } from './fake-clock.ts';

export type LogLine = Readonly<Record<string, unknown>>;

/** A log whose lines can be read. */
export function recordingLog(level: LogLevel = 'info'): { readonly log: Log; readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const stream = new Writable({
    decodeStrings: false,
    write(chunk: string | Buffer, _encoding, done) {
      lines.push(JSON.parse(chunk.toString()) as LogLine);
      done();
    },
  });
  return { log: createLog({ level, format: 'json', stream }), lines };
}

export function runtimeParts(clock: FakeClock = new FakeClock()) {
  const metrics = new PrometheusMetrics();
  return { clock, random: () => 0.5, metrics, pacer: new Pacer(clock), ...recordingLog() };
}

/** One sample of a scrape, as Prometheus would read it; undefined where there is none. */
export async function sample(metrics: PrometheusMetrics, series: string): Promise<number | undefined> {
  const { body } = await metrics.render();
  const line = body.split('\n').find((candidate) => candidate.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}
