/**
 * What the operator asks of a Kubernetes API server. Every read here is live: a quorum read without `resourceVersion`.
 * Caches are runtime/store's business; whoever holds a {@link KubeApi} can't be served stale data by it.
 */
import type { KubeObject, ObjectKey, ResourceType } from '../api/meta.ts';

/** Options of one call. `signal` aborts it; without one the adapter's own timeout (15 s) holds. */
export interface CallOptions {
  readonly signal?: AbortSignal;
  /**
   * Asked once more at the very moment of each attempt's sending, however long the call waited until then; false: it is not sent,
   * and not tried again. How a process that was frozen between deciding and sending keeps silent.
   */
  readonly mayStillSend?: () => boolean;
}

export interface WriteOptions extends CallOptions {
  readonly fieldManager: string;
}

export interface ListOptions extends CallOptions {
  /** Absent: all namespaces. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  /** Of the few fields that the kind has made selectable, such as `regarding.uid=…` of an Event. */
  readonly fieldSelector?: string;
}

export interface DeleteOptions extends CallOptions {
  /** Required: a name alone may be somebody else by now (docs/safety.md P3). */
  readonly uid: string;
  readonly resourceVersion?: string;
}

/** Merge patch (RFC 7386). It must carry `metadata.resourceVersion` or `metadata.uid`: see {@link KubeApi.patch}. */
export interface GuardedPatch {
  readonly metadata: {
    readonly resourceVersion?: string;
    readonly uid?: string;
    readonly finalizers?: readonly string[] | null;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

/** The answer to a write: the object as stored, and the server's clock when it answered. */
export interface Written<T> {
  readonly object: T;
  /** `Date` header, milliseconds since the epoch; undefined when the answer had none. */
  readonly serverTimeMs: number | undefined;
}

export interface KubeApi {
  /** @throws KubeError; `isNotFound(error)` where there is no such object. */
  get<T extends KubeObject>(type: ResourceType, key: ObjectKey, options?: CallOptions): Promise<T>;
  /** The whole list, read in pages of one consistent snapshot, restarted if the snapshot expires. */
  list<T extends KubeObject>(type: ResourceType, options?: ListOptions): Promise<readonly T[]>;
  create<T extends KubeObject>(type: ResourceType, object: T, options: WriteOptions): Promise<Written<T>>;
  /**
   * Merge patch of the main resource. Refused before it is sent (TypeError) where it has neither resourceVersion nor uid:
   * an unguarded patch hits whoever has the name.
   */
  patch<T extends KubeObject>(
    type: ResourceType,
    key: ObjectKey,
    patch: GuardedPatch,
    options: WriteOptions,
  ): Promise<Written<T>>;
  /** As {@link patch}, of the status subresource; `metadata.resourceVersion` is required. */
  patchStatus<T extends KubeObject>(
    type: ResourceType,
    key: ObjectKey,
    patch: GuardedPatch,
    options: WriteOptions,
  ): Promise<Written<T>>;
  /** PUT, for kinds without a merge-friendly shape (Lease). The object carries its resourceVersion. */
  replace<T extends KubeObject>(type: ResourceType, object: T, options: WriteOptions): Promise<Written<T>>;
  delete(type: ResourceType, key: ObjectKey, options: DeleteOptions): Promise<void>;
}

/** What went wrong, as far as a caller may act on it. */
export type KubeErrorCode =
  | 'NotFound'
  | 'AlreadyExists'
  | 'Conflict'
  | 'Invalid'
  | 'Forbidden'
  | 'NamespaceTerminating'
  | 'Unauthorized'
  | 'Gone'
  | 'TooManyRequests'
  | 'Timeout'
  | 'Unavailable'
  | 'Other';

/**
 * A refused or failed call. `ambiguous` means the request may have been carried out though no answer came: the next
 * decision needs a live read first.
 */
export class KubeError extends Error {
  override readonly name = 'KubeError';
  readonly code: KubeErrorCode;
  readonly status: number;
  /** The server's own word for it (`metav1.Status.reason`), empty where no answer came. */
  readonly reason: string;
  readonly retryAfterMs: number | undefined;
  readonly ambiguous: boolean;
  /** Finds the request in the API server's audit log. */
  readonly auditId: string | undefined;

  constructor(
    message: string,
    facts: {
      readonly code: KubeErrorCode;
      readonly status: number;
      readonly reason?: string | undefined;
      readonly retryAfterMs?: number | undefined;
      readonly ambiguous?: boolean;
      readonly auditId?: string | undefined;
      readonly cause?: unknown;
    },
  ) {
    super(message, { cause: facts.cause });
    this.code = facts.code;
    this.status = facts.status;
    this.reason = facts.reason ?? '';
    this.retryAfterMs = facts.retryAfterMs;
    this.ambiguous = facts.ambiguous ?? false;
    this.auditId = facts.auditId;
  }
}

export function hasCode(error: unknown, ...codes: readonly KubeErrorCode[]): error is KubeError {
  return error instanceof KubeError && codes.includes(error.code);
}

export function isNotFound(error: unknown): error is KubeError {
  return hasCode(error, 'NotFound');
}

/** The server refused because the object changed: re-run the decision, never the write. */
export function isConflict(error: unknown): error is KubeError {
  return hasCode(error, 'Conflict');
}

/** One line of a watch stream, decoded. `initial-events-end` arrives as a bookmark with `initialEventsEnd`. */
export type WatchEvent<T extends KubeObject = KubeObject> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T; readonly resourceVersion: string }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string; readonly initialEventsEnd: boolean }
  | { readonly type: 'ERROR'; readonly code: number; readonly reason: string; readonly message: string };

/** One page of a list. */
export interface ListPage<T extends KubeObject = KubeObject> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
  readonly continueToken: string | undefined;
}

export interface WatchRequest {
  readonly type: ResourceType;
  readonly namespace?: string;
  readonly labelSelector?: string;
  /** Empty with `sendInitialEvents`. */
  readonly resourceVersion: string;
  readonly sendInitialEvents: boolean;
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal;
}

/**
 * Lists by page and watches: what a reflector needs, and nobody else. Objects come without `metadata.managedFields`
 * (nearly half of their bytes, and no cache keeps them).
 */
export interface KubeWatchApi {
  /** `limit: 0` asks for the whole list in one answer. @throws KubeError; code Gone where the continue token expired. */
  listPage(request: {
    readonly type: ResourceType;
    readonly namespace?: string;
    readonly labelSelector?: string;
    readonly limit: number;
    readonly continueToken?: string;
    readonly signal: AbortSignal;
  }): Promise<ListPage>;
  /**
   * Events in stream order, in batches as they arrive (one batch per chunk read, so that the consumer pays one promise per
   * chunk). Ends when the server closes the stream; throws KubeError when it can't be opened, breaks, or carries a line
   * that is no event.
   */
  watch(request: WatchRequest): AsyncIterable<readonly WatchEvent[]>;
}
