/** Health as Kubernetes components show it: one line per check, 200 or 503. */
import { plain } from './server.ts';
import type { HttpServerOptions, Reply } from './server.ts';

interface Report {
  readonly ok: boolean;
  readonly checks: readonly { readonly name: string; readonly problem: string | undefined }[];
}

/** /readyz, /livez, and /healthz, which is the older name of /livez. */
export function probeRoutes(probes: { ready(): Report; live(): Report }): HttpServerOptions['routes'] {
  const live = (): Reply => replyOf(probes.live());
  return { '/readyz': () => replyOf(probes.ready()), '/livez': live, '/healthz': live };
}

function replyOf(report: Report): Reply {
  const lines = report.checks.map(({ name, problem }) =>
    problem === undefined ? `[+] ${name}` : `[-] ${name}: ${problem}`,
  );
  return plain(report.ok ? 200 : 503, [...lines, report.ok ? 'ok' : 'failed'].join('\n'));
}

/** /metrics in Prometheus' text format. */
export function metricsRoutes(source: {
  render(): Promise<{ readonly contentType: string; readonly body: string }>;
}): HttpServerOptions['routes'] {
  return { '/metrics': async () => ({ status: 200, ...(await source.render()) }) };
}
