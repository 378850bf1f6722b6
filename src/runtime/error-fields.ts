/** How an error appears in a log line. */
import { KubeError } from '../ports/kube.ts';
import type { LogFields } from '../ports/log.ts';

/** Message and codes; the stack too, which the log shows at level debug only. */
export function errorFields(error: unknown): LogFields {
  if (!(error instanceof Error)) return { error: String(error) };
  const base = { error: error.message, errorType: error.name, stack: error.stack };
  if (error instanceof KubeError) return { ...base, code: error.code, status: error.status };
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' ? { ...base, code } : base;
}
