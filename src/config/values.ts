/** The sorts of values a flag may have: how help shows one, what an error says is allowed, how text becomes it. */

/** Where to listen. `host` undefined: all addresses. `port` 0: one that is free. */
export interface BindAddress {
  readonly host: string | undefined;
  readonly port: number;
}

export const DAY_MS = 86_400_000;
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A sort of value: how help shows it, what an error says is allowed, and how text becomes it (undefined: it doesn't). */
export interface Sort<T> {
  readonly argument: string;
  readonly allowed: string;
  readonly parse: (text: string) => T | undefined;
}

export const SWITCH: Sort<boolean> = {
  argument: '[bool]',
  allowed: 'true or false',
  parse: (text) => (['true', 'false'].includes(text) ? text === 'true' : undefined),
};
export const FILE = pathOf('<file>', 'the path of a file');
export const DIRECTORY = pathOf('<dir>', 'the path of a directory');
export const SPAN = duration('a duration such as 90s, 5m or 1h30m, from 0s to 168h', 0, 7 * DAY_MS);
export const DAY_LENGTH = duration('a duration such as 10s, 1m or 1h, from 100ms to 24h', 100, DAY_MS);

function pathOf(argument: string, allowed: string): Sort<string> {
  return { argument, allowed, parse: (text) => (text === '' ? undefined : text) };
}

export function oneOf<T extends string>(argument: string, words: readonly T[]): Sort<T> {
  return { argument, allowed: words.join(' or '), parse: (text) => words.find((word) => word === text) };
}

/** Whole numbers with units; a bare 0 needs none. Days have no unit on purpose: what they last is a flag of its own. */
function duration(allowed: string, minMs: number, maxMs: number): Sort<number> {
  const parse = (text: string): number | undefined => {
    if (text !== '0' && !/^(\d+(ms|s|m|h))+$/.test(text)) return undefined;
    const parts = [...text.matchAll(/(\d+)(ms|s|m|h)/g)];
    const ms = parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (UNIT_MS[unit] ?? NaN), 0);
    return ms >= minMs && ms <= maxMs ? ms : undefined;
  };
  return { argument: '<duration>', allowed, parse };
}

/** As the time between two: `60/h` is 60,000 ms, `unlimited` is 0. */
export const RATE: Sort<number> = {
  argument: '<rate>',
  allowed: 'N/h, N/m or N/s with N from 1 to 100000, or unlimited (to purge nothing, use --suspend-purges)',
  parse(text) {
    if (text === 'unlimited') return 0;
    const [, count, unit = ''] = /^(\d{1,6})\/([smh])$/.exec(text) ?? [];
    const perUnit = Number(count);
    return perUnit >= 1 && perUnit <= 100_000 ? (UNIT_MS[unit] ?? NaN) / perUnit : undefined;
  },
};

export const COUNT: Sort<number> = {
  argument: '<count>',
  allowed: 'a whole number from 1 to 10000',
  parse(text) {
    const count = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
    return count >= 1 && count <= 10_000 ? count : undefined;
  },
};

export const ADDRESS: Sort<BindAddress | 'Nowhere'> = {
  argument: '<address>',
  allowed: ':PORT, HOST:PORT or [IPV6]:PORT, or 0 to serve nothing',
  parse(text) {
    if (text === '0') return 'Nowhere';
    const [, ipv6, name, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]*)):(\d{1,5})$/.exec(text) ?? [];
    const port = Number(digits);
    const host = ipv6 ?? name;
    return port <= 65_535 ? { host: host === '' ? undefined : host, port } : undefined;
  },
};

export const NAMESPACE: Sort<string> = {
  argument: '<name>',
  allowed: 'the name of one namespace',
  parse: (text) => (/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(text) ? text : undefined),
};

export const NAMESPACE_LIST: Sort<readonly string[]> = {
  argument: '<names>',
  allowed: 'names of namespaces with commas between',
  parse(text) {
    const names = text.split(',').flatMap((name) => NAMESPACE.parse(name.trim()) ?? []);
    return names.length === text.split(',').length ? [...new Set(names)] : undefined;
  },
};
