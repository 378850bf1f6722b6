/** Conditions of any kind, in short. */
import type { Condition } from '../../../src/api/meta.ts';

interface Conditioned {
  readonly status?: { readonly conditions?: readonly Condition[] };
}

export function condition({ status }: Conditioned, type: string): Condition | undefined {
  return status?.conditions?.find((candidate) => candidate.type === type);
}

/** `True/Protected`: what a condition says, in short. */
export function says(object: Conditioned, type: string): string {
  const found = condition(object, type);
  return found === undefined ? 'absent' : `${found.status}/${found.reason}`;
}
