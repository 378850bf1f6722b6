/** Names and times that the tests of the domain share, and a hash that is quick and the same everywhere. */
import { DAY_MS, instantOf, type Instant } from '../../../src/domain/time.ts';

export const NAMESPACE = 'backup';
export const VAULT = 'gold';
export const POLICY = 'daily';
export const ITEM = 'web';
export const ITEM_ID = '11111111-1111-4111-8111-111111111111';
export const OTHER_ID = '22222222-2222-4222-8222-222222222222';
export const FRESH_ID = '99999999-9999-4999-8999-999999999999';

/** The moment at which the tables are asked. */
export const NOW: Instant = instantOf(Date.parse('2026-03-01T12:00:00Z'));

export function at(daysFromNow: number): Instant {
  return instantOf(NOW + daysFromNow * DAY_MS);
}

const hashes = new Map<string, string>();

/** 64 hex digits, as SHA-256 has; no secret depends on it here. */
export function quickHash(text: string): string {
  const known = hashes.get(text);
  if (known !== undefined) return known;
  let hash = '';
  for (let seed = 0; seed < 8; seed++) hash += fnv(text, seed).toString(16).padStart(8, '0');
  if (hashes.size > 50_000) hashes.clear();
  hashes.set(text, hash);
  return hash;
}

function fnv(text: string, seed: number): number {
  let value = 0x811c9dc5 ^ Math.imul(seed, 0x9e3779b1);
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  value ^= value >>> 15;
  return Math.imul(value, 0x85ebca6b) >>> 0;
}
