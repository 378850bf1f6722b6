/** From what came back (or didn't) to a {@link KubeError} that says what was asked, of what, and how it was refused. */
import { KubeError, type KubeErrorCode } from '../../ports/kube.ts';

/** Which request it was, for messages: `PATCH backupitems team-a/db`. Never its body. */
export interface Asked {
  readonly method: string;
  readonly subject: string;
  /** Whether it changes something: then an answer that says little leaves its outcome open. */
  readonly mutates: boolean;
}

/** The part of metav1.Status that decides; every field may be missing. */
interface Status {
  readonly reason?: string;
  readonly message?: string;
  readonly details?: {
    readonly name?: string;
    readonly retryAfterSeconds?: number;
    readonly causes?: readonly { readonly reason?: string; readonly field?: string }[];
  };
}

interface Refusal {
  readonly status: number;
  readonly body: string;
  readonly retryAfter: string | undefined;
  readonly auditId: string | undefined;
}

const MAX_MESSAGE = 1_000;

const codes: Readonly<Record<number, KubeErrorCode>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  408: 'Timeout',
  409: 'Conflict',
  410: 'Gone',
  422: 'Invalid',
  429: 'TooManyRequests',
  504: 'Timeout',
};

/** For an answer that is no success. */
export function refusedError(asked: Asked, refusal: Refusal): KubeError {
  const status = parseStatus(refusal.body);
  const code = codeOf(refusal.status, status);
  const reason = status.reason ?? '';
  const words = [reason, status.message ?? ''].filter((word) => word !== '').join(': ');
  return new KubeError(`kube: ${asked.method} ${asked.subject}: ${refusal.status} ${words}`.slice(0, MAX_MESSAGE), {
    code,
    status: refusal.status,
    reason,
    retryAfterMs: retryAfterMs(refusal.retryAfter, status),
    // A server that fails may have stored the write before; one that refuses has not.
    ambiguous: asked.mutates && refusal.status >= 500,
    auditId: refusal.auditId,
  });
}

function codeOf(status: number, body: Status): KubeErrorCode {
  const general = codes[status] ?? (status >= 500 ? 'Unavailable' : 'Other');
  return special(status, body) ?? general;
}

function special(status: number, body: Status): KubeErrorCode | undefined {
  const { name = '', causes = [] } = body.details ?? {};
  switch (status) {
    case 403:
      return causes.some(({ reason }) => reason === 'NamespaceTerminating') ? 'NamespaceTerminating' : undefined;
    case 404:
      // While a server starts or a CRD is away the *path* is unknown: that says nothing about whether the object exists, and
      // absence must never be concluded from it. A missing object is named in the answer.
      return name === '' ? 'Unavailable' : undefined;
    case 409:
      return body.reason === 'AlreadyExists' ? 'AlreadyExists' : undefined;
    case 422:
      // How the API server refuses a patch whose uid is another's: as an attempt to change the uid.
      return causes.some(({ field }) => field === 'metadata.uid') ? 'Conflict' : undefined;
    default:
      return undefined;
  }
}

function parseStatus(body: string): Status {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === 'object' && parsed !== null && 'kind' in parsed && parsed.kind === 'Status') {
      return parsed as Status;
    }
  } catch {
    // Proxies and the mux of the API server answer in plain text.
  }
  return { message: body.trim().split('\n', 1)[0] ?? '' };
}

function retryAfterMs(header: string | undefined, status: Status): number | undefined {
  const seconds = header === undefined ? status.details?.retryAfterSeconds : Number(header);
  return seconds === undefined || !Number.isFinite(seconds) || seconds < 0 ? undefined : seconds * 1_000;
}

/** For a request without a whole answer. `sent`: at least a part of it may have reached the server. */
export function brokenError(asked: Asked, cause: unknown, sent: boolean): KubeError {
  const timedOut = isTimeout(cause);
  return new KubeError(`kube: ${asked.method} ${asked.subject}: ${timedOut ? 'no answer in time' : words(cause)}`, {
    code: timedOut ? 'Timeout' : 'Unavailable',
    status: 0,
    ambiguous: asked.mutates && sent,
    cause,
  });
}

/** Thrown into an exchange when its time is up. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError';
}

/** Thrown into an exchange when its caller gave up. */
export class AbortedError extends Error {
  override readonly name = 'AbortedError';
}

const timeoutCodes = ['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'UND_ERR_CONNECT_TIMEOUT', 'ETIMEDOUT'];

function isTimeout(cause: unknown): boolean {
  return cause instanceof DeadlineError || timeoutCodes.includes(codeField(cause));
}

function codeField(cause: unknown): string {
  return typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : '';
}

function words(cause: unknown): string {
  if (cause instanceof AggregateError && cause.errors.length > 0) return words(cause.errors[0]);
  const code = codeField(cause);
  const message = cause instanceof Error ? cause.message : String(cause);
  return code === '' || message.includes(code) ? message : `${code}: ${message}`;
}
