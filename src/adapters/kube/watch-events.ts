/**
 * From the bytes of a watch to events. One JSON document per line, split at 0x0A and nowhere else (JSON strings may hold
 * U+2028). A line that is no event breaks the stream: whatever it was, the cache would miss it.
 */
import type { KubeObject } from '../../api/meta.ts';
import { KubeError, type WatchEvent } from '../../ports/kube.ts';
import { withoutManagedFields } from './managed-fields.ts';

const NEWLINE = 0x0a;
const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';
/** No object that etcd takes (1.5 MiB) is longer; past this a server is not sending lines. */
const MAX_LINE_BYTES = 16 << 20;

export class WatchEventDecoder {
  #rest: Buffer[] = [];
  #restBytes = 0;
  #broken: KubeError | undefined;

  /** Set once a line was no event; nothing after it is decoded. */
  get broken(): KubeError | undefined {
    return this.#broken;
  }

  /** Whether the bytes so far end within a line. */
  get midLine(): boolean {
    return this.#restBytes > 0;
  }

  /** Appends the events that this chunk completes. */
  push(chunk: Buffer, into: WatchEvent[]): void {
    let start = 0;
    while (this.#broken === undefined) {
      const end = chunk.indexOf(NEWLINE, start);
      if (end < 0) {
        this.#keep(start === 0 ? chunk : chunk.subarray(start));
        return;
      }
      this.#line(this.#restBytes === 0 ? chunk.subarray(start, end) : this.#joined(chunk.subarray(start, end)), into);
      start = end + 1;
    }
  }

  #keep(part: Buffer): void {
    if (part.length === 0) return;
    this.#rest.push(part);
    this.#restBytes += part.length;
    if (this.#restBytes > MAX_LINE_BYTES) this.#broken = brokenLine(`a line of more than ${MAX_LINE_BYTES} bytes`);
  }

  #joined(last: Buffer): Buffer {
    const line = Buffer.concat([...this.#rest, last]);
    this.#rest = [];
    this.#restBytes = 0;
    return line;
  }

  #line(bytes: Buffer, into: WatchEvent[]): void {
    if (bytes.length === 0) return;
    try {
      into.push(eventOf(JSON.parse(withoutManagedFields(bytes))));
    } catch (error) {
      this.#broken = error instanceof KubeError ? error : brokenLine('a line that is not JSON', error);
    }
  }
}

/** @throws KubeError for anything that is no watch event. */
function eventOf(parsed: unknown): WatchEvent {
  if (!isRecord(parsed) || !isRecord(parsed['object'])) throw brokenLine('a line without an object');
  const { type, object } = parsed;
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return { type, object: asObject(object), resourceVersion: resourceVersionOf(object) };
    case 'BOOKMARK':
      return { type, resourceVersion: resourceVersionOf(object), initialEventsEnd: endsInitialEvents(object) };
    case 'ERROR':
      return errorOf(object);
    default:
      throw brokenLine(`an event of unknown type '${String(type).slice(0, 40)}'`);
  }
}

function errorOf({ code, reason, message }: Readonly<Record<string, unknown>>): WatchEvent {
  return {
    type: 'ERROR',
    code: typeof code === 'number' ? code : 500,
    reason: typeof reason === 'string' ? reason : '',
    message: typeof message === 'string' ? message : '',
  };
}

function asObject(object: Readonly<Record<string, unknown>>): KubeObject {
  const metadata = object['metadata'];
  if (!isRecord(metadata) || typeof metadata['name'] !== 'string' || metadata['name'] === '') {
    throw brokenLine('an object without a name');
  }
  // The API server is the authority on the rest of the shape.
  return object as unknown as KubeObject;
}

function resourceVersionOf(object: Readonly<Record<string, unknown>>): string {
  const metadata = object['metadata'];
  const version = isRecord(metadata) ? metadata['resourceVersion'] : undefined;
  if (typeof version !== 'string' || version === '') throw brokenLine('an object without a resourceVersion');
  return version;
}

function endsInitialEvents(object: Readonly<Record<string, unknown>>): boolean {
  const metadata = object['metadata'];
  const annotations = isRecord(metadata) ? metadata['annotations'] : undefined;
  return isRecord(annotations) && annotations[INITIAL_EVENTS_END] === 'true';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

export function brokenLine(what: string, cause?: unknown): KubeError {
  return new KubeError(`kube: the watch carried ${what}; it is opened again`, {
    code: 'Unavailable',
    status: 200,
    cause,
  });
}
