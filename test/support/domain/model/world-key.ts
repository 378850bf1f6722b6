/**
 * One text per world, so that each is walked from once. Versions are left out: they count differently on every way to the
 * same contents. What matters of them is whether a cache is behind.
 */
import { canonical } from '../../../../src/domain/canonical.ts';
import type { ObjectMeta } from '../../../../src/api/meta.ts';
import type { Api, Kind, Operator, Pass, World } from './world.ts';

const numbers = new Map<string, number>();
const known = new WeakMap<object, number>();

/** A number per content; equal contents have equal numbers. */
function numberOf(value: object, text: () => string): number {
  const before = known.get(value);
  if (before !== undefined) return before;
  const content = text();
  const number = numbers.get(content) ?? numbers.size;
  numbers.set(content, number);
  known.set(value, number);
  return number;
}

const KINDS: readonly Kind[] = ['items', 'points', 'jobs', 'vaults'];

function objectKey(object: Api[Kind][string]): number {
  return numberOf(object, () => canonical({ ...object, metadata: { ...object.metadata, resourceVersion: '' } }));
}

function apiKey(api: Api): string {
  const objects = KINDS.map((kind) => Object.values(api[kind]).map(objectKey).sort().join(','));
  return `${objects.join(';')}${api.namespaceTerminating ? '!' : ''}`;
}

function cacheKey(world: World, { cache }: Operator): string {
  if (cache === world.api) return '=';
  const behind = KINDS.map((kind) => namesBehind(world.api[kind], cache[kind]));
  return `${apiKey(cache)}<${behind.join(';')}`;
}

type Stored = Readonly<Record<string, { readonly metadata: ObjectMeta }>>;

function namesBehind(stored: Stored, cached: Stored): string {
  const isBehind = (name: string) => stored[name]?.metadata.resourceVersion !== cached[name]?.metadata.resourceVersion;
  return Object.keys(cached).filter(isBehind).sort().join(',');
}

function passKey(pass: Pass): number {
  return numberOf(pass, () => {
    const { taken, released, purged, ...rest } = pass.answers;
    const version = pass.live.gate?.item.resourceVersion ?? '';
    const maps = [...taken.keys(), '/', ...released.keys(), '/', ...purged.entries()];
    return canonical([pass.freshID, pass.live, version, rest, maps]);
  });
}

export function deepEqualKey(world: World): string {
  const { api, storage, ghost, now, operators } = world;
  const operatorKeys = operators.map((operator) => {
    const passes = Object.entries(operator.passes).map(([key, pass]) => `${key}=${passKey(pass)}`);
    return `${cacheKey(world, operator)}[${passes.sort().join(',')}]`;
  });
  const rest = numberOf(storage, () => canonical(storage));
  return [apiKey(api), rest, numberOf(ghost, () => canonical(ghost)), now, ...operatorKeys].join('|');
}
