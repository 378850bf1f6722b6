/**
 * The operator's command line: every flag, its environment variable, its default and its errors. Pure: whoever calls it hands
 * in the arguments and the environment, and prints what comes back. Names are controller-runtime's where it has one.
 */
import { Command, Option } from 'commander';
import {
  ADDRESS,
  COUNT,
  DAY_LENGTH,
  DAY_MS,
  DIRECTORY,
  FILE,
  NAMESPACE,
  NAMESPACE_LIST,
  oneOf,
  RATE,
  SPAN,
  SWITCH,
  type BindAddress,
  type Sort,
} from './config/values.ts';

export type { BindAddress };

/** Equals the version in package.json (a test compares them). */
export const VERSION = '0.1.0';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogFormat = 'json' | 'pretty';

/** What the operator was told, checked. Spans are milliseconds. */
export interface Config {
  /** Undefined: in-cluster credentials from `serviceAccountDir`. */
  readonly kubeconfig: string | undefined;
  /** Holds `token`, `ca.crt` and `namespace`. */
  readonly serviceAccountDir: string;
  /** Undefined: metrics are not served. */
  readonly metricsBindAddress: BindAddress | undefined;
  /** Undefined: probes are not served. */
  readonly healthProbeBindAddress: BindAddress | undefined;
  readonly leaderElect: boolean;
  /** Undefined: the namespace that `serviceAccountDir` names. */
  readonly leaderElectNamespace: string | undefined;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  /** Empty: all namespaces. */
  readonly watchNamespaces: readonly string[];
  readonly suspendPurges: boolean;
  readonly purge: PurgePace;
  /** What a "day" of a window, of an expiry and of job history lasts. 86,400,000 in production. */
  readonly dayLengthMs: number;
  /** Undefined: every vault's own engine. */
  readonly simulatedEngineDir: string | undefined;
}

/** How late and how fast purges run. None of it can make one early. */
export interface PurgePace {
  readonly marginMs: number;
  readonly jitterMs: number;
  /** Mean time between two purges of the cluster; 0 is unlimited. */
  readonly intervalMs: number;
  /** How many may run at once after a quiet time. */
  readonly burst: number;
}

export type ParsedConfig =
  | { readonly type: 'Config'; readonly config: Config }
  /** Help or version, to be printed as it is; exit code 0. */
  | { readonly type: 'Text'; readonly text: string }
  /** One line each, naming flag, value and what is allowed; exit code 2. */
  | { readonly type: 'Problems'; readonly problems: readonly string[] };

export type Environment = Readonly<Record<string, string | undefined>>;

interface Flag<T> {
  readonly sort: Sort<T>;
  readonly fallback: string | undefined;
  readonly about: string;
}

function flag<T>(sort: Sort<T>, fallback: string, about: string): Flag<T> {
  return { sort, fallback, about };
}

function optional<T>(sort: Sort<T>, about: string): Flag<T | undefined> {
  return { sort, fallback: undefined, about };
}

const TOKEN_DIR = '/var/run/secrets/kubernetes.io/serviceaccount';

const flags = {
  kubeconfig: optional(FILE, 'reach the API server by this file instead of as a pod does'),
  'service-account-dir': flag(
    DIRECTORY,
    TOKEN_DIR,
    'token, ca.crt and namespace of the pod; the address is in KUBERNETES_SERVICE_HOST and _PORT',
  ),
  'metrics-bind-address': flag(ADDRESS, ':8080', 'where /metrics is served'),
  'health-probe-bind-address': flag(ADDRESS, ':8081', 'where /livez and /readyz are served'),
  'leader-elect': flag(SWITCH, 'true', 'act only while holding the Lease reprieve-leader'),
  'leader-elect-namespace': optional(
    NAMESPACE,
    "namespace of that Lease, if not the pod's own; needed with --kubeconfig",
  ),
  'log-level': flag(
    oneOf<LogLevel>('<level>', ['debug', 'info', 'warn', 'error']),
    'info',
    'the least level that is logged',
  ),
  'log-format': flag(oneOf<LogFormat>('<format>', ['json', 'pretty']), 'json', 'how log lines are written'),
  'watch-namespaces': optional(NAMESPACE_LIST, 'serve vaults in these namespaces only, instead of in all'),
  'suspend-purges': flag(SWITCH, 'false', 'purge nothing in any vault; deadlines pass unused'),
  'purge-margin': flag(SPAN, '5m', 'begin a purge no earlier than this after its purgeTime'),
  'purge-jitter': flag(SPAN, '30m', 'and up to this much later still, so that purges spread'),
  'purge-rate': flag(RATE, '60/h', 'purges per time in the whole cluster'),
  'purge-burst': flag(COUNT, '10', 'purges that may begin at once after a quiet time'),
  'day-length': flag(
    DAY_LENGTH,
    '24h',
    'development only: how long a day of a window lasts; other than 24h needs the development CRDs',
  ),
  'simulated-engine': optional(
    DIRECTORY,
    'development only: replaces every storage by files in this directory; needs a --day-length other than 24h',
  ),
} as const;

type FlagName = keyof typeof flags;
type Values = { readonly [N in FlagName]: (typeof flags)[N] extends Flag<infer T> ? T : never };

/** `--purge-margin` is REPRIEVE_PURGE_MARGIN; an empty variable counts as unset. */
function variableOf(name: string): string {
  return `REPRIEVE_${name.toUpperCase().replaceAll('-', '_')}`;
}

function describe(name: string, { about, fallback }: Flag<unknown>): string {
  return `${about} (${fallback === undefined ? '' : `default ${fallback}; `}${variableOf(name)})`;
}

/** commander splits the arguments; values, environment and errors are ours, because it stops at the first and reads the process. */
function commandLine(): Command {
  const plain = { getOutHasColors: () => false, getErrHasColors: () => false };
  const program = new Command('reprieve')
    .description('Soft delete for VM backups: the operator.')
    .usage('[flags]')
    .helpOption(false)
    .exitOverride()
    .configureOutput({ ...plain, getOutHelpWidth: () => 100, writeErr: () => undefined })
    .allowUnknownOption();
  for (const [name, flag] of Object.entries<Flag<unknown>>(flags)) {
    // The value is optional to commander, so that a missing one is told together with the other problems.
    program.addOption(new Option(`--${name} [value]`, describe(name, flag)));
  }
  program.addOption(new Option('--version', 'print the version and end'));
  program.addOption(new Option('-h, --help', 'print this and end'));
  return program.configureHelp({
    optionTerm: (option) => option.flags.replace('[value]', flagOf(option.name())?.sort.argument ?? ''),
  });
}

function flagOf(name: string): Flag<unknown> | undefined {
  return Object.entries<Flag<unknown>>(flags).find(([known]) => known === name)?.[1];
}

/** The text a flag has and where it came from; `text` true: the flag stands there without a value. */
interface Given {
  readonly text: string | true;
  readonly from: string;
}

function look(name: string, argument: unknown, env: Environment): Given | undefined {
  const from = `--${name}`;
  if (typeof argument === 'string' || argument === true) return { text: argument, from };
  const variable = env[variableOf(name)];
  if (variable !== undefined && variable !== '') return { text: variable, from: variableOf(name) };
  const fallback = flagOf(name)?.fallback;
  return fallback === undefined ? undefined : { text: fallback, from };
}

/** The value, or undefined after telling why not. A switch may stand alone, which means true. */
function read({ sort }: Flag<unknown>, given: Given, problems: string[]): unknown {
  const text = sort === SWITCH && given.text === true ? 'true' : given.text;
  const value = text === true ? undefined : sort.parse(text);
  const shown = text === true ? 'has no value' : JSON.stringify(text);
  if (value === undefined) problems.push(`${given.from} ${shown}: must be ${sort.allowed}`);
  return value;
}

/** Flags that are fine alone and make no sense together. Only looked at where each could be read. */
function contradictions(values: Values, given: (name: FlagName) => boolean): readonly string[] {
  const problems: string[] = [];
  if (values['simulated-engine'] !== undefined && values['day-length'] === DAY_MS) {
    problems.push('--simulated-engine: keeps no real backups, so it must come with a --day-length other than 24h');
  }
  if (values.kubeconfig !== undefined && given('service-account-dir')) {
    problems.push('--kubeconfig: must not come with --service-account-dir; leave one of them out');
  }
  if (values.kubeconfig !== undefined && values['leader-elect'] && !given('leader-elect-namespace')) {
    problems.push('--kubeconfig: must come with --leader-elect-namespace, or with --leader-elect=false');
  }
  return problems;
}

/**
 * Reads arguments (without program names) and environment; an argument beats its variable, the last of several beats the
 * others. Touches neither process nor disk. All problems are told at once.
 */
export function parseConfig(argv: readonly string[], env: Environment): ParsedConfig {
  const program = commandLine();
  const { operands, unknown } = program.parseOptions([...argv]);
  const options = program.opts<Record<string, unknown>>();
  if (options['help'] === true) return { type: 'Text', text: program.helpInformation() };
  if (options['version'] === true) return { type: 'Text', text: `reprieve ${VERSION}\n` };
  const problems = [...operands, ...unknown].map((word) => `${word}: is no flag of reprieve; --help lists them`);
  const argument = new Map(program.options.map((option) => [option.name(), options[option.attributeName()]]));
  const values: Record<string, unknown> = {};
  for (const [name, flag] of Object.entries<Flag<unknown>>(flags)) {
    const given = look(name, argument.get(name), env);
    if (given !== undefined) values[name] = read(flag, given, problems);
  }
  const given = (name: FlagName): boolean => look(name, argument.get(name), env)?.text !== flags[name].fallback;
  // Each value was read by the parser of its own flag.
  if (problems.length === 0) problems.push(...contradictions(values as Values, given));
  return problems.length > 0 ? { type: 'Problems', problems } : { type: 'Config', config: configOf(values as Values) };
}

/** Only for values without a problem: every flag with a fallback has one then. */
function configOf(values: Values): Config {
  const served = (address: BindAddress | 'Nowhere') => (address === 'Nowhere' ? undefined : address);
  return {
    kubeconfig: values.kubeconfig,
    serviceAccountDir: values['service-account-dir'],
    metricsBindAddress: served(values['metrics-bind-address']),
    healthProbeBindAddress: served(values['health-probe-bind-address']),
    leaderElect: values['leader-elect'],
    leaderElectNamespace: values['leader-elect-namespace'],
    logLevel: values['log-level'],
    logFormat: values['log-format'],
    watchNamespaces: values['watch-namespaces'] ?? [],
    suspendPurges: values['suspend-purges'],
    purge: {
      marginMs: values['purge-margin'],
      jitterMs: values['purge-jitter'],
      intervalMs: values['purge-rate'],
      burst: values['purge-burst'],
    },
    dayLengthMs: values['day-length'],
    simulatedEngineDir: values['simulated-engine'],
  };
}
