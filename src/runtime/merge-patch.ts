/** Merge patches (RFC 7386) from what stands to what is wanted. */
type Json = Readonly<Record<string, unknown>>;

/**
 * The smallest patch that turns `from` into `to`; undefined where they are equal. Fields that `to` lacks become null; lists
 * are replaced whole, as the RFC has it.
 */
export function mergePatch(from: Json, to: Json): Record<string, unknown> | undefined {
  const patch: Record<string, unknown> = {};
  for (const field of new Set([...Object.keys(from), ...Object.keys(to)])) {
    const change = changeOf(from[field], to[field]);
    if (change !== undefined) patch[field] = change.value;
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}

function changeOf(before: unknown, after: unknown): { readonly value: unknown } | undefined {
  if (after === undefined) return before === undefined || before === null ? undefined : { value: null };
  if (isObject(before) && isObject(after)) {
    const nested = mergePatch(before, after);
    return nested === undefined ? undefined : { value: nested };
  }
  return equal(before, after) ? undefined : { value: after };
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function equal(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((part, index) => equal(part, b[index]));
  }
  if (isObject(a) && isObject(b)) return mergePatch(a, b) === undefined;
  return a === b;
}
