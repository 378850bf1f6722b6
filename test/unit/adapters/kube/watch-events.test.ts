import fc from 'fast-check';
import { expect, test } from 'vitest';
import { withoutManagedFields } from '../../../../src/adapters/kube/managed-fields.ts';
import { WatchEventDecoder } from '../../../../src/adapters/kube/watch-events.ts';
import type { WatchEvent } from '../../../../src/ports/kube.ts';

function decode(...chunks: readonly Buffer[]) {
  const decoder = new WatchEventDecoder();
  const events: WatchEvent[] = [];
  for (const chunk of chunks) decoder.push(chunk, events);
  return { events, broken: decoder.broken, midLine: decoder.midLine };
}

function line(type: string, metadata: unknown, more: object = {}): string {
  return `${JSON.stringify({ type, object: { kind: 'Thing', metadata, ...more } })}\n`;
}

const good = line('ADDED', { name: 'x', resourceVersion: '5' });

test('objects, bookmarks and errors are told apart', () => {
  const end = { resourceVersion: '9', annotations: { 'k8s.io/initial-events-end': 'true' } };
  const status = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' };
  const text =
    good +
    line('DELETED', { name: 'x', resourceVersion: '6' }) +
    line('BOOKMARK', { resourceVersion: '8' }) +
    line('BOOKMARK', end) +
    `${JSON.stringify({ type: 'ERROR', object: status })}\n`;
  const { events, broken } = decode(Buffer.from(text));
  expect(broken).toBeUndefined();
  expect(events).toEqual([
    { type: 'ADDED', object: { kind: 'Thing', metadata: { name: 'x', resourceVersion: '5' } }, resourceVersion: '5' },
    { type: 'DELETED', object: { kind: 'Thing', metadata: { name: 'x', resourceVersion: '6' } }, resourceVersion: '6' },
    { type: 'BOOKMARK', resourceVersion: '8', initialEventsEnd: false },
    { type: 'BOOKMARK', resourceVersion: '9', initialEventsEnd: true },
    { type: 'ERROR', code: 410, reason: 'Expired', message: 'too old' },
  ]);
});

test.for<{ name: string; bad: string }>([
  { name: 'half a document', bad: '{"type":"ADDED","object":{"kind\n' },
  { name: 'no object', bad: '{"type":"ADDED"}\n' },
  { name: 'a bare word', bad: 'null\n' },
  { name: 'an unknown type', bad: line('RENAMED', { name: 'x', resourceVersion: '6' }) },
  { name: 'an object without a version', bad: line('MODIFIED', { name: 'x' }) },
  { name: 'an object with an empty version', bad: line('MODIFIED', { name: 'x', resourceVersion: '' }) },
  { name: 'an object without a name', bad: line('MODIFIED', { resourceVersion: '6' }) },
  { name: 'an object without metadata', bad: '{"type":"ADDED","object":{"kind":"Thing"}}\n' },
  { name: 'a bookmark without a version', bad: line('BOOKMARK', {}) },
])('$name breaks the stream: what came before counts, nothing after does', ({ bad }) => {
  const { events, broken } = decode(Buffer.from(good + bad + good));
  expect(events).toHaveLength(1);
  expect(broken?.message).toMatch(/^kube: the watch carried /);
});

test('a line of more than any object is long breaks the stream', () => {
  const { broken } = decode(...Array.from({ length: 17 }, () => Buffer.alloc(1 << 20, 0x20)));
  expect(broken?.message).toMatch(/more than/);
});

test('a stream that ends within a line is known to', () => {
  expect(decode(Buffer.from(`${good}{"type"`)).midLine).toBe(true);
  expect(decode(Buffer.from(good)).midLine).toBe(false);
});

test('however the bytes are cut, and whatever is in the strings, the events are the same', () => {
  const label = fc.string({ unit: 'grapheme' });
  fc.assert(
    fc.property(fc.array(label, { minLength: 1, maxLength: 5 }), fc.array(fc.nat(400)), (labels, cuts) => {
      const text = labels
        .map((value, i) =>
          line('ADDED', { name: `n${i}`, resourceVersion: `${i + 1}`, labels: { value, '\u2028': '\n' } }),
        )
        .join('');
      const bytes = Buffer.from(text);
      const ends = [...new Set(cuts.filter((cut) => cut < bytes.length))].sort((a, b) => a - b);
      const chunks = [0, ...ends].map((from, i) => bytes.subarray(from, ends[i] ?? bytes.length));
      expect(decode(...chunks)).toEqual(decode(bytes));
      expect(decode(bytes).events).toHaveLength(labels.length);
    }),
  );
});

test('managedFields are cut out exactly, wherever they stand and whatever is in them', () => {
  const json = fc.jsonValue({ maxDepth: 3 });
  const place = fc.constantFrom('first', 'middle', 'last', 'alone', 'absent');
  fc.assert(
    fc.property(json, fc.array(json), place, (other, managedFields, where) => {
      const rest = { a: other, b: '"managedFields":[' };
      const metadata = {
        first: { managedFields, ...rest },
        middle: { a: rest.a, managedFields, b: rest.b },
        last: { ...rest, managedFields },
        alone: { managedFields },
        absent: rest,
      }[where];
      const { managedFields: _, ...kept } = metadata as Record<string, unknown>;
      fc.pre(!JSON.stringify(kept).includes('"managedFields":['));
      const text = withoutManagedFields(Buffer.from(JSON.stringify({ metadata, spec: other })));
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify({ metadata: kept, spec: other })));
    }),
  );
});
