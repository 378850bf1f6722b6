/** The wire shape of an events.k8s.io/v1 Event, and the bounds that the API server sets. */
import type { KubeObject, ObjectKey, ResourceType } from '../api/meta.ts';
import { microTime } from './micro-time.ts';

export const EVENT_TYPE: ResourceType = {
  group: 'events.k8s.io',
  version: 'v1',
  plural: 'events',
  kind: 'Event',
  namespaced: true,
};

const REPORTING_CONTROLLER = 'reprieve.dev/operator';

/** Bytes of UTF-8 that a note may have. */
const MAX_NOTE_BYTES = 1024;
const MAX_NAME_LENGTH = 253;

/** Something that happened to an object, for whoever looks at it with kubectl. */
export interface EventNotice {
  readonly regarding: {
    readonly type: ResourceType;
    readonly key: ObjectKey;
    readonly uid: string;
    readonly resourceVersion?: string | undefined;
  };
  readonly type: 'Normal' | 'Warning';
  /** Why, in CamelCase: a constant. */
  readonly reason: string;
  /** What happened, for a human; cut at 1 KiB. */
  readonly note: string;
  /** What the operator did or refused, in CamelCase: a constant. */
  readonly action: string;
}

export interface KubeEvent extends KubeObject {
  readonly eventTime: string;
  readonly reportingController: string;
  readonly reportingInstance: string;
  readonly action: string;
  readonly reason: string;
  readonly type: string;
  readonly note: string;
  readonly regarding: Readonly<Record<string, string>>;
  readonly series?: { readonly count: number; readonly lastObservedTime: string };
}

/** How often it happened, and when last. */
export interface Occurrences {
  readonly notice: EventNotice;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly count: number;
}

export function eventObject(told: Occurrences, facts: { readonly name: string; readonly instance: string }): KubeEvent {
  const { notice } = told;
  const { type, key, uid, resourceVersion } = notice.regarding;
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: facts.name, namespace: eventNamespace(key) },
    eventTime: microTime(told.firstMs),
    reportingController: REPORTING_CONTROLLER,
    reportingInstance: facts.instance.slice(0, 128),
    action: notice.action,
    reason: notice.reason,
    type: notice.type,
    note: cutToBytes(notice.note, MAX_NOTE_BYTES),
    regarding: {
      apiVersion: type.group === '' ? type.version : `${type.group}/${type.version}`,
      kind: type.kind,
      name: key.name,
      uid,
      ...(key.namespace === '' ? {} : { namespace: key.namespace }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
    ...(told.count > 1 ? { series: seriesOf(told) } : {}),
  };
}

export function seriesOf(told: Occurrences): { readonly count: number; readonly lastObservedTime: string } {
  return { count: told.count, lastObservedTime: microTime(told.lastMs) };
}

/** Events about objects of the whole cluster live in `default`: the API server accepts no other namespace. */
export function eventNamespace(key: ObjectKey): string {
  return key.namespace === '' ? 'default' : key.namespace;
}

/** `<object>.<suffix>`, as client-go names events; the suffix makes it unique and is never cut. */
export function eventName(key: ObjectKey, suffix: string): string {
  return `${key.name.slice(0, MAX_NAME_LENGTH - 1 - suffix.length)}.${suffix}`;
}

/** The longest beginning that has at most so many bytes in UTF-8, with an ellipsis where something was cut. */
export function cutToBytes(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes) return text;
  const encoder = new TextEncoder();
  if (encoder.encode(text).length <= maxBytes) return text;
  const { read } = encoder.encodeInto(text, new Uint8Array(maxBytes - 3));
  return `${text.slice(0, read)}…`;
}
