import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseConfig, VERSION, type Config, type Environment } from '../../src/config.ts';

const root = path.resolve(import.meta.dirname, '../..');
const DAY_MS = 86_400_000;

const defaults: Config = {
  kubeconfig: undefined,
  serviceAccountDir: '/var/run/secrets/kubernetes.io/serviceaccount',
  metricsBindAddress: { host: undefined, port: 8080 },
  healthProbeBindAddress: { host: undefined, port: 8081 },
  leaderElect: true,
  leaderElectNamespace: undefined,
  logLevel: 'info',
  logFormat: 'json',
  watchNamespaces: [],
  suspendPurges: false,
  purge: { marginMs: 300_000, jitterMs: 1_800_000, intervalMs: 60_000, burst: 10 },
  dayLengthMs: DAY_MS,
  simulatedEngineDir: undefined,
};

interface Accepted {
  readonly args: readonly string[];
  readonly env?: Environment;
  readonly want: Partial<Config>;
}

describe('what is accepted', () => {
  test.for<Accepted>([
    { args: [], want: {} },
    { args: ['--kubeconfig', '/k', '--leader-elect=false'], want: { kubeconfig: '/k', leaderElect: false } },
    {
      args: ['--kubeconfig=/k', '--leader-elect-namespace=ops'],
      want: { kubeconfig: '/k', leaderElectNamespace: 'ops' },
    },
    { args: ['--service-account-dir', '/sa'], want: { serviceAccountDir: '/sa' } },
    { args: ['--metrics-bind-address=0'], want: { metricsBindAddress: undefined } },
    { args: ['--metrics-bind-address=:0'], want: { metricsBindAddress: { host: undefined, port: 0 } } },
    {
      args: ['--health-probe-bind-address', '127.0.0.1:9'],
      want: { healthProbeBindAddress: { host: '127.0.0.1', port: 9 } },
    },
    {
      args: ['--health-probe-bind-address', '[::1]:65535'],
      want: { healthProbeBindAddress: { host: '::1', port: 65_535 } },
    },
    { args: ['--leader-elect'], want: { leaderElect: true } },
    { args: ['--log-level=debug', '--log-format=pretty'], want: { logLevel: 'debug', logFormat: 'pretty' } },
    { args: ['--watch-namespaces', 'b,a, b'], want: { watchNamespaces: ['b', 'a'] } },
    { args: ['--suspend-purges', '--log-level', 'warn'], want: { suspendPurges: true, logLevel: 'warn' } },
    { args: ['--suspend-purges=false'], env: { REPRIEVE_SUSPEND_PURGES: 'true' }, want: { suspendPurges: false } },
    { args: [], env: { REPRIEVE_SUSPEND_PURGES: 'true' }, want: { suspendPurges: true } },
    { args: [], env: { REPRIEVE_SUSPEND_PURGES: '', OTHER: 'x' }, want: {} },
    {
      args: ['--purge-margin=0s', '--purge-jitter=0', '--purge-rate=unlimited', '--purge-burst=1'],
      want: { purge: { marginMs: 0, jitterMs: 0, intervalMs: 0, burst: 1 } },
    },
    {
      args: ['--purge-margin=1h30m', '--purge-jitter=250ms', '--purge-rate=2/s'],
      want: { purge: { marginMs: 5_400_000, jitterMs: 250, intervalMs: 500, burst: 10 } },
    },
    { args: ['--purge-rate=3/m', '--purge-rate=90/h'], want: { purge: { ...defaults.purge, intervalMs: 40_000 } } },
    { args: ['--day-length', '90s'], want: { dayLengthMs: 90_000 } },
    {
      args: ['--simulated-engine', '/data'],
      env: { REPRIEVE_DAY_LENGTH: '1m' },
      want: { simulatedEngineDir: '/data', dayLengthMs: 60_000 },
    },
  ])('$args with $env', ({ args, env = {}, want }) => {
    expect(parseConfig(args, env)).toEqual({ type: 'Config', config: { ...defaults, ...want } });
  });

  test('every flag is also a variable that is checked like it', () => {
    for (const name of flagNames()) {
      const variable = `REPRIEVE_${name.slice(2).toUpperCase().replaceAll('-', '_')}`;
      const byFlag = parseConfig([`${name}=,`], {});
      const byVariable = parseConfig([], { [variable]: ',' });
      expect(JSON.stringify(byVariable), variable).toBe(JSON.stringify(byFlag).replaceAll(`${name} `, `${variable} `));
    }
  });
});

interface Refused {
  readonly args: readonly string[];
  readonly env?: Environment;
  readonly problems: readonly string[];
}

const SPAN = 'must be a duration such as 90s, 5m or 1h30m, from 0s to 168h';
const DAY = 'must be a duration such as 10s, 1m or 1h, from 100ms to 24h';
const RATE = 'must be N/h, N/m or N/s with N from 1 to 100000, or unlimited (to purge nothing, use --suspend-purges)';
const ADDRESS = 'must be :PORT, HOST:PORT or [IPV6]:PORT, or 0 to serve nothing';
const COUNT = 'must be a whole number from 1 to 10000';

function refusedValue(name: string, value: string, rest: string): Refused {
  return { args: [`--${name}=${value}`], problems: [`--${name} "${value}": ${rest}`] };
}

describe('what is refused, with the words', () => {
  test.for<Refused>([
    ...['5', '-1s', '1d', '1.5h', '5 m', 's', '169h', '', '9'.repeat(400) + 'h'].map((value) =>
      refusedValue('purge-margin', value, SPAN),
    ),
    refusedValue('purge-jitter', 'soon', SPAN),
    ...['0/h', '60', '60/d', '-1/h', '0', '1.5/h', '100001/h', 'Unlimited'].map((value) =>
      refusedValue('purge-rate', value, RATE),
    ),
    ...['0', '10001', 'x', '1e3'].map((value) => refusedValue('purge-burst', value, COUNT)),
    ...['0s', '25h', '99ms', '1d'].map((value) => refusedValue('day-length', value, DAY)),
    ...['8080', ':65536', 'a b:1', '::1:80', ':'].map((value) => refusedValue('metrics-bind-address', value, ADDRESS)),
    refusedValue('health-probe-bind-address', 'x', ADDRESS),
    ...['yes', '1', 'TRUE', '', 'constructor'].map((value) =>
      refusedValue('leader-elect', value, 'must be true or false'),
    ),
    refusedValue('suspend-purges', 'on', 'must be true or false'),
    refusedValue('log-level', 'trace', 'must be debug or info or warn or error'),
    refusedValue('log-format', 'text', 'must be json or pretty'),
    ...['A', 'a,,b', ',', '', 'a_b', 'a'.repeat(64)].map((value) =>
      refusedValue('watch-namespaces', value, 'must be names of namespaces with commas between'),
    ),
    refusedValue('leader-elect-namespace', 'a,b', 'must be the name of one namespace'),
    refusedValue('kubeconfig', '', 'must be the path of a file'),
    { args: ['--kubeconfig'], problems: ['--kubeconfig has no value: must be the path of a file'] },
    {
      args: ['--log-level', '--suspend-purges'],
      problems: ['--log-level has no value: must be debug or info or warn or error'],
    },
    { args: ['--suspend-purge'], problems: ['--suspend-purge: is no flag of reprieve; --help lists them'] },
    { args: ['run'], problems: ['run: is no flag of reprieve; --help lists them'] },
    {
      args: [],
      env: { REPRIEVE_PURGE_RATE: '0/h' },
      problems: [`REPRIEVE_PURGE_RATE "0/h": ${RATE}`],
    },
    {
      args: ['--simulated-engine=/data'],
      problems: ['--simulated-engine: keeps no real backups, so it must come with a --day-length other than 24h'],
    },
    {
      args: ['--simulated-engine=/data', '--day-length=24h'],
      problems: ['--simulated-engine: keeps no real backups, so it must come with a --day-length other than 24h'],
    },
    {
      args: ['--kubeconfig=/k', '--service-account-dir=/sa'],
      problems: [
        '--kubeconfig: must not come with --service-account-dir; leave one of them out',
        '--kubeconfig: must come with --leader-elect-namespace, or with --leader-elect=false',
      ],
    },
  ])('$args with $env', ({ args, env = {}, problems }) => {
    expect(parseConfig(args, env)).toEqual({ type: 'Problems', problems });
  });

  test('all problems come at once', () => {
    const args = ['--what', '--purge-rate=0/h', '--purge-burst=0', '--log-level'];
    expect(parseConfig(args, { REPRIEVE_DAY_LENGTH: '2d' })).toEqual({
      type: 'Problems',
      problems: [
        '--what: is no flag of reprieve; --help lists them',
        '--log-level has no value: must be debug or info or warn or error',
        `--purge-rate "0/h": ${RATE}`,
        `--purge-burst "0": ${COUNT}`,
        `REPRIEVE_DAY_LENGTH "2d": ${DAY}`,
      ],
    });
  });

  test('whatever comes in, it answers, and each problem is one line', () => {
    const word = fc.oneof(fc.string(), fc.constantFrom(...flagNames(), '--', '=', '-h', '-hx', '--version'));
    fc.assert(
      fc.property(
        fc.array(word),
        fc.dictionary(fc.constantFrom('REPRIEVE_LOG_LEVEL', 'REPRIEVE_PURGE_RATE'), word),
        (args, env) => {
          const parsed = parseConfig(args, env);
          if (parsed.type === 'Problems') {
            expect(parsed.problems).not.toEqual([]);
            expect(parsed.problems.filter((line) => line.includes('\n'))).toEqual([]);
          }
        },
      ),
    );
  });
});

describe('help and version', () => {
  test('the version is that of the package', () => {
    const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string };
    expect(VERSION).toBe(version);
    expect(parseConfig(['--version'], {})).toEqual({ type: 'Text', text: `reprieve ${version}\n` });
  });

  test('help wins over every problem', () => {
    expect(parseConfig(['--nope', '-h', '--purge-rate=0'], {}).type).toBe('Text');
  });

  test('help and docs/configuration.md name the same flags with the same defaults and variables', () => {
    const page = readFileSync(path.join(root, 'docs/configuration.md'), 'utf8');
    const rows = [...page.matchAll(/^\| `(--[a-z-]+)[^|]*\| (?:`([^`|]*)`|–) +\| `(\w+)` +\|/gm)];
    const documented = rows.map(([, name, fallback, variable]) => ({ name, fallback, variable }));
    const pattern = /(--[a-z-]+) [<[][^(]*\((?:default ([^;]+); )?(REPRIEVE_\w+)\)/g;
    const helped = [...helpText().replaceAll(/\s+/g, ' ').matchAll(pattern)];
    expect(documented).toEqual(helped.map(([, name, fallback, variable]) => ({ name, fallback, variable })));
    expect(documented).toHaveLength(16);
  });
});

function helpText(): string {
  const parsed = parseConfig(['--help'], {});
  return parsed.type === 'Text' ? parsed.text : '';
}

function flagNames(): readonly string[] {
  return [...helpText().matchAll(/^ {2}(--[a-z-]+) [<[]/gm)].map(([, name = '']) => name);
}
