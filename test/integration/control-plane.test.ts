import { existsSync, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ControlPlane, type Part, startControlPlane } from '../support/control-plane/control-plane.ts';
import { MODULE_DIR } from '../support/control-plane/paths.ts';
import { waitUntil } from '../support/control-plane/ready.ts';
import { isGone, parentOf, processesWith, startOwner } from '../support/control-plane/owner-process.ts';
import { DEFAULT_KUBERNETES_VERSION } from '../support/control-plane/version.ts';

/** These tests stop and kill their plane, so it is one of our own even when a cluster is named. */
const environment = { ...process.env, REPRIEVE_TEST_KUBECONFIG: undefined };

let plane: ControlPlane;

beforeAll(async () => {
  plane = await startControlPlane({ environment, audit: true });
});

afterAll(async () => {
  await plane.stop();
});

async function kubectl(...args: readonly string[]): Promise<string> {
  const { stdout, stderr, code } = await plane.kubectl(args);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return stdout;
}

async function whoIs(user: string, groups: readonly string[]): Promise<unknown> {
  const { stdout } = await plane.kubectl(['auth', 'whoami', '-o', 'json'], { user, groups });
  const { username, groups: seen } = (JSON.parse(stdout) as { status: { userInfo: Record<string, unknown> } }).status
    .userInfo;
  return { username, groups: seen };
}

describe('a control plane', () => {
  test('reports the version that was asked for', async () => {
    const wanted = process.env['REPRIEVE_TEST_KUBE_VERSION'] ?? DEFAULT_KUBERNETES_VERSION;
    if (plane.source !== 'assets') expect(plane.version).toBe(`v${wanted}`);
    expect(await kubectl('version')).toContain(`Server Version: ${plane.version}`);
  });

  test('shows each user as itself', async () => {
    expect(await whoIs('alice', ['developers'])).toEqual({
      username: 'alice',
      groups: ['developers', 'system:authenticated'],
    });
    expect(await whoIs('bob', [])).toEqual({ username: 'bob', groups: ['system:authenticated'] });
  });

  test('refuses by RBAC what a user was not granted', async () => {
    const { stderr, code } = await plane.kubectl(['get', 'secrets'], { user: 'alice' });
    expect(code).toBe(1);
    expect(stderr).toContain('User "alice" cannot list resource "secrets"');
  });

  test('issues tokens that make the caller a ServiceAccount, and ends namespaces', async () => {
    await kubectl('create', 'namespace', 'short-lived');
    await kubectl('create', 'serviceaccount', 'robot', '--namespace=short-lived');
    const token = (await kubectl('create', 'token', 'robot', '--namespace=short-lived')).trim();
    // The administrator's certificate would go before the token, so this is a user without one.
    const config = join(plane.dir, 'robot.kubeconfig');
    const set = (...args: readonly string[]) => plane.kubectl(['config', ...args], { kubeconfig: config });
    await set('set-cluster', 'test', `--server=${plane.url}`, `--certificate-authority=${plane.caFile}`);
    await set('set-credentials', 'robot', `--token=${token}`);
    await set('set-context', 'test', '--cluster=test', '--user=robot');
    await set('use-context', 'test');
    const { stdout } = await plane.kubectl(['auth', 'whoami'], { kubeconfig: config });
    expect(stdout).toContain('system:serviceaccount:short-lived:robot');
    await kubectl('delete', 'namespace', 'short-lived', '--timeout=60s');
    expect(await kubectl('get', 'namespaces')).not.toContain('short-lived');
  });

  test('does not wait for kubectl for ever', async () => {
    const args = ['wait', '--for=delete', 'namespace/default', '--timeout=600s'];
    expect((await plane.kubectl(args, { timeoutMs: 500 })).code).toBe(-1);
  });

  test('writes down who did what, but not the reads of its own parts', () => {
    const lines = readFileSync(plane.auditLog ?? '', 'utf8')
      .trimEnd()
      .split('\n');
    const entries = lines.map((line) => JSON.parse(line) as { verb: string; user: { username: string } });
    const reads = entries.filter(({ verb }) => verb === 'list').map(({ user }) => user.username);
    expect(reads).toContain('alice');
    expect(reads.filter((user) => /^system:(apiserver|kube-controller-manager)$/.test(user))).toEqual([]);
  });

  test('runs beside another one', async () => {
    await using other = await startControlPlane({ environment, controllerManager: false });
    expect(other.url).not.toBe(plane.url);
    expect((await other.kubectl(['create', 'namespace', 'elsewhere'])).code).toBe(0);
    expect(await kubectl('get', 'namespaces')).not.toContain('elsewhere');
    expect(() => other.parts.controllerManager).toThrow('started without a kube-controller-manager');
    await other.stop();
    expect(existsSync(other.dir)).toBe(false);
  });
});

describe('its parts', () => {
  test.for<[string, (apiServer: Part, etcd: Part) => Promise<void>]>([
    ['the API server ends and starts', (apiServer) => apiServer.restart()],
    ['the API server is killed and started', (apiServer) => apiServer.kill().then(() => apiServer.start())],
    ['etcd ends and starts', (_, etcd) => etcd.restart()],
    ['etcd is killed and started', (_, etcd) => etcd.kill().then(() => etcd.start())],
    ['a paused API server is told to end', (apiServer) => apiServer.pause().then(() => apiServer.restart())],
  ])('keep address and data when %s', async ([what, disturb]) => {
    const name = what.toLowerCase().replaceAll(' ', '-');
    await kubectl('create', 'namespace', name);
    const { apiServer, etcd } = plane.parts;
    const before = [apiServer.pid, etcd.pid];
    await disturb(apiServer, etcd);
    expect([apiServer.pid, etcd.pid]).not.toEqual(before);
    // A connection to an etcd that was gone is made anew within a moment, not at once.
    await waitUntil(`namespace ${name} can be read`, 30_000, async () => {
      return (await plane.kubectl(['get', 'namespace', name])).code === 0;
    });
  });

  test('answer nobody while paused, and go on where they were', async () => {
    const { apiServer } = plane.parts;
    const { pid } = apiServer;
    await apiServer.pause();
    const paused = await plane.kubectl(['get', 'namespaces', '--request-timeout=500ms']);
    expect(paused.code).toBe(1);
    await apiServer.resume();
    await kubectl('get', 'namespaces');
    expect(apiServer.pid).toBe(pid);
  });

  test('say what is wrong when they are told to end twice', async () => {
    const { controllerManager } = plane.parts;
    await controllerManager.kill();
    expect(controllerManager.pid).toBeUndefined();
    await expect(controllerManager.kill()).rejects.toThrow('kube-controller-manager does not run');
    await controllerManager.start();
  });

  test('that can not start are an error with their own words', async () => {
    const broken = startControlPlane({ environment, apiServerFlags: ['--authorization-mode=Nonsense'] });
    await expect(broken).rejects.toThrow(/kube-apiserver: exit status 1: .*Nonsense.*\[PartFailed\]$/);
  });

  test('that end by themselves are reported', async () => {
    const lines: string[] = [];
    await using own = await startControlPlane({
      environment,
      controllerManager: false,
      progress: (line) => lines.push(line),
    });
    process.kill(own.parts.etcd.pid ?? 0, 'SIGKILL');
    await waitUntil('the end of etcd is reported', 10_000, () => lines.length > 0);
    expect(lines[0]).toContain('etcd has ended by itself: signal: killed');
  });
});

test('no process and no directory is left when the owner is killed', async () => {
  const library = join(import.meta.dirname, '../support/control-plane/control-plane.ts');
  const script = `
    import { startControlPlane } from ${JSON.stringify(library)};
    const plane = await startControlPlane();
    const { dir, parts } = plane;
    void plane.kubectl(['wait', '--for=delete', 'namespace/default', '--timeout=600s', '--cache-dir', dir]);
    const pids = [parts.etcd.pid, parts.apiServer.pid, parts.controllerManager.pid];
    await parts.apiServer.pause();
    process.stdout.write(JSON.stringify({ dir, pids }) + '\\n');
    setInterval(() => {}, 60_000);
  `;
  const owner = startOwner(script, environment);
  const { dir, pids } = JSON.parse(await owner.line(/^{/)) as { dir: string; pids: [number, number, number] };
  await waitUntil('kubectl runs on its tether', 30_000, async () => (await processesWith(dir)).length >= 5);
  const all = [parentOf(pids[0]), ...pids, ...(await processesWith(dir))];
  expect(all.filter(isGone)).toEqual([]);
  expect(await readdir(dir)).toContain('etcd');
  owner.kill();
  await waitUntil(`${all.join(', ')} are gone`, 30_000, () => all.every(isGone));
  expect(existsSync(dir)).toBe(false);
});

test('the committed Go module is that of the default version', () => {
  const goMod = readFileSync(join(MODULE_DIR, 'go.mod'), 'utf8');
  expect(goMod).toContain(`\tk8s.io/kubernetes v${DEFAULT_KUBERNETES_VERSION}\n`);
});
