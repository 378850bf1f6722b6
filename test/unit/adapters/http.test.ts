import { afterEach, describe, expect, test } from 'vitest';
import { metricsRoutes, probeRoutes } from '../../../src/adapters/http/probe-routes.ts';
import { HttpServer } from '../../../src/adapters/http/server.ts';
import type { HttpServerOptions } from '../../../src/adapters/http/server.ts';
import { observeProcess } from '../../../src/adapters/metrics/process.ts';
import { PrometheusMetrics } from '../../../src/adapters/metrics/prometheus.ts';
import { sample } from '../../support/runtime-parts.ts';

const servers: HttpServer[] = [];

afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));

async function serve(routes: HttpServerOptions['routes']) {
  const server = new HttpServer({ name: 'test', host: '127.0.0.1', port: 0, routes });
  servers.push(server);
  const port = await server.start();
  return {
    server,
    port,
    get: async (path: string, init?: RequestInit) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, init);
      return { status: response.status, body: await response.text() };
    },
  };
}

describe('probes', () => {
  const good = { ok: true, checks: [{ name: 'event-loop', problem: undefined }] };
  const bad = { ok: false, checks: [{ name: 'cache-vaults', problem: 'not synced yet' }] };

  test.for([
    { path: '/livez', status: 200, body: '[+] event-loop\nok\n' },
    { path: '/healthz', status: 200, body: '[+] event-loop\nok\n' },
    { path: '/livez?verbose', status: 200, body: '[+] event-loop\nok\n' },
    { path: '/readyz', status: 503, body: '[-] cache-vaults: not synced yet\nfailed\n' },
    { path: '/other', status: 404, body: 'not served: ask one of /readyz, /livez, /healthz\n' },
    { path: '/constructor', status: 404, body: 'not served: ask one of /readyz, /livez, /healthz\n' },
  ])('$path answers $status', async ({ path, status, body }) => {
    const { get } = await serve(probeRoutes({ ready: () => bad, live: () => good }));
    expect(await get(path)).toEqual({ status, body });
  });

  test('nothing but GET and HEAD is served', async () => {
    const { get } = await serve(probeRoutes({ ready: () => bad, live: () => good }));
    expect((await get('/livez', { method: 'POST' })).status).toBe(405);
    expect(await get('/livez', { method: 'HEAD' })).toEqual({ status: 200, body: '' });
  });
});

describe('the server', () => {
  test('a route that throws is a 500 and leaves the server alive', async () => {
    const { get } = await serve({
      '/x': () => {
        throw new Error('no');
      },
    });
    expect(await get('/x')).toEqual({ status: 500, body: 'no\n' });
    expect((await get('/x')).status).toBe(500);
  });

  test('a port that is taken is one clear error', async () => {
    const { port } = await serve({});
    const second = new HttpServer({ name: 'metrics', host: '127.0.0.1', port, routes: {} });
    await expect(second.start()).rejects.toThrow(
      `metrics server: can't listen on 127.0.0.1:${port}; choose a free port`,
    );
    await second.close();
  });

  test('close does not wait for a scraper that keeps its connection', async () => {
    const { get, server } = await serve({ '/x': () => ({ status: 200, contentType: 'text/plain', body: 'x' }) });
    await get('/x');
    await server.close();
    await expect(get('/x')).rejects.toThrow();
  });
});

describe('metrics', () => {
  test('are served in Prometheus text format', async () => {
    const metrics = new PrometheusMetrics();
    metrics.counter({ name: 'c_total', help: 'C.', labels: ['kind'] }).add({ kind: 'a' }, 2);
    const { get } = await serve(metricsRoutes(metrics));
    expect((await get('/metrics')).body).toContain('# TYPE c_total counter\nc_total{kind="a"} 2');
  });

  test('asking twice for one name gives one instrument', async () => {
    const metrics = new PrometheusMetrics();
    const spec = { name: 'c_total', help: 'C.' };
    metrics.counter(spec).add();
    metrics.counter(spec).add();
    expect(await sample(metrics, 'c_total')).toBe(2);
  });

  test('an observed gauge is read at the scrape, one reader per labels', async () => {
    const metrics = new PrometheusMetrics();
    const spec = { name: 'depth', help: 'D.', labels: ['name'] };
    const depth = { a: 1, b: 2 };
    metrics.observedGauge(spec, () => depth.a, { name: 'a' });
    metrics.observedGauge(spec, () => depth.b, { name: 'b' });
    depth.a = 5;
    expect([await sample(metrics, 'depth{name="a"}'), await sample(metrics, 'depth{name="b"}')]).toEqual([5, 2]);
  });

  test('the process shows its CPU time and memory', async () => {
    const metrics = new PrometheusMetrics();
    observeProcess(metrics);
    expect(await sample(metrics, 'process_resident_memory_bytes')).toBeGreaterThan(1e7);
    expect(await sample(metrics, 'process_cpu_seconds_total')).toBeGreaterThan(0);
  });
});
