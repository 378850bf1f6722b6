/** What the process says and how it ends where it can't start: one line for each problem, which says what to do. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { certificate, FakeApiServer } from '../support/fake-api-server/server.ts';

const main = path.resolve(import.meta.dirname, '../../src/main.ts');
const quiet = ['--metrics-bind-address=0', '--health-probe-bind-address=0', '--leader-elect=false'];

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'reprieve-start-'));
  const files = {
    'bad.yaml': 'a: b\n c: [\n  token: very-secret\n',
    'empty.yaml': '',
    'no-context.yaml': '{"apiVersion":"v1","kind":"Config","clusters":[],"contexts":[],"users":[]}',
    'no-url.yaml':
      '{"current-context":"c","contexts":[{"name":"c","context":{"cluster":"k","user":"u"}}],"clusters":[{"name":"k","cluster":{"server":"nowhere"}}],"users":[{"name":"u","user":{}}]}',
    token: 'a-token',
    'ca.crt': certificate('First'),
  };
  for (const [name, content] of Object.entries(files)) await writeFile(path.join(directory, name), content);
});

afterAll(() => rm(directory, { recursive: true }));

interface Ended {
  readonly code: number | null;
  readonly lines: readonly string[];
}

async function started(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const argv = [main, ...quiet, ...args].map((arg) => arg.replace('DIR', directory));
  const child = spawn(process.execPath, argv, {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const [written, ending] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  return { code: ending[0] as number | null, lines: written.trimEnd().split('\n') };
}

function serverAt(port: number, host = '127.0.0.1') {
  return { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: String(port) };
}

interface Case {
  readonly name: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly code: 1 | 2;
  readonly says: RegExp;
}

describe.concurrent('one plain line, and the exit code', () => {
  test.for<Case>([
    {
      name: 'no variables of a cluster',
      args: [],
      code: 2,
      says: /KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not both set; .*--kubeconfig$/,
    },
    {
      name: 'a port that is none',
      args: ['--service-account-dir=DIR'],
      env: { KUBERNETES_SERVICE_HOST: 'a', KUBERNETES_SERVICE_PORT: 'b' },
      code: 2,
      says: /KUBERNETES_SERVICE_PORT "b" make no address; set /,
    },
    {
      name: 'no token',
      args: ['--service-account-dir=/nope'],
      env: serverAt(1),
      code: 2,
      says: /--service-account-dir \/nope: ENOENT.*\/nope\/token'; name the directory/,
    },
    {
      name: 'no kubeconfig',
      args: ['--kubeconfig=/nope'],
      code: 2,
      says: /--kubeconfig \/nope: ENOENT.*; name a kubeconfig/,
    },
    {
      name: 'bad YAML',
      args: ['--kubeconfig=DIR/bad.yaml'],
      code: 2,
      says: /bad\.yaml: bad indentation.*\(2:3\); name/,
    },
    { name: 'an empty kubeconfig', args: ['--kubeconfig=DIR/empty.yaml'], code: 2, says: /empty\.yaml: .*; name/ },
    {
      name: 'a kubeconfig without context',
      args: ['--kubeconfig=DIR/no-context.yaml'],
      code: 2,
      says: /has no current cluster: set its current-context; name/,
    },
    {
      name: 'a server that is no URL',
      args: ['--kubeconfig=DIR/no-url.yaml'],
      code: 2,
      says: /server "nowhere" is no URL; name/,
    },
    {
      name: 'nobody at the address',
      args: ['--service-account-dir=DIR'],
      env: serverAt(1),
      code: 1,
      says: /the API server at https:\/\/127\.0\.0\.1:1: .*ECONNREFUSED.*; check that it is running/,
    },
    {
      name: 'an unknown host',
      args: ['--service-account-dir=DIR'],
      env: serverAt(443, 'no-such-host.invalid'),
      code: 1,
      says: /https:\/\/no-such-host\.invalid:443: .*(ENOTFOUND|EAI_AGAIN).*; check the name/,
    },
  ])('$name', async ({ args, env, code, says }) => {
    const ended = await started(['--log-format=pretty', ...args], env);
    expect(ended).toEqual({ code, lines: [expect.stringMatching(/^reprieve: /)] });
    expect(ended.lines[0]).toMatch(says);
    expect(ended.lines[0]).not.toContain('very-secret');
  });

  test('a server whose certificate is from somebody else', async () => {
    await using fake = await FakeApiServer.start({ tls: 'Renewed' });
    const ended = await started(['--log-format=pretty', '--service-account-dir=DIR'], serverAt(fake.port));
    expect(ended).toEqual({ code: 1, lines: [expect.stringMatching(/certificate.*; check that the CA/)] });
  });

  test('as JSON unless the log is for people', async () => {
    const { code, lines } = await started(['--kubeconfig=/nope']);
    expect(code).toBe(2);
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({ level: 'error', message: 'can not start', problem: expect.any(String) as string }),
    ]);
  });
});
