/**
 * Order of resource versions. They are decimal numbers that grow with each write of one kind (Kubernetes' contract since
 * 1.35, KEP-5504, and true in practice before). What is no decimal number can only be told apart.
 */

/** A parsed resource version: a number where it fits one exactly, which costs no memory of its own. */
export type Revision = number | string;

const DECIMAL = /^[0-9]+$/;

export function revisionOf(resourceVersion: string): Revision {
  const value = Number(resourceVersion);
  return Number.isSafeInteger(value) && DECIMAL.test(resourceVersion) ? value : resourceVersion;
}

/** Negative, zero, positive as in a sort; undefined where the two have no order. */
export function compareRevisions(a: Revision, b: Revision): number | undefined {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [left, right] = [String(a), String(b)];
  if (left === right) return 0;
  if (!DECIMAL.test(left) || !DECIMAL.test(right)) return undefined;
  if (left.length !== right.length) return left.length - right.length;
  return left < right ? -1 : 1;
}

/** Whether `a` may replace `b`: it is later, or they have no order and differ. */
export function supersedes(a: Revision, b: Revision): boolean {
  const order = compareRevisions(a, b);
  return order === undefined || order > 0;
}

/** Whether `a` is certainly later than `b`. */
export function isLater(a: Revision, b: Revision): boolean {
  return (compareRevisions(a, b) ?? 0) > 0;
}
