/** Comparison of JSON values, whatever the order of their keys. */

/** One text per value, whatever the order of its keys: for digests and comparisons of what a server may reorder. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

/** Whether two JSON values have one {@link canonical} text. A field that is undefined is none. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) || Array.isArray(b)) return Array.isArray(a) && Array.isArray(b) && areSame(a, b);
  return isRecord(a) && isRecord(b) && coversAll(a, b) && coversAll(b, a, 'KeysOnly');
}

function areSame(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((part, index) => isSame(part, b[index]));
}

function coversAll(
  a: Readonly<Record<string, unknown>>,
  b: Readonly<Record<string, unknown>>,
  depth: 'Values' | 'KeysOnly' = 'Values',
): boolean {
  for (const key in a) {
    if (a[key] === undefined) continue;
    if (depth === 'KeysOnly' ? b[key] === undefined : !isSame(a[key], b[key])) return false;
  }
  return true;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
