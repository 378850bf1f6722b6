/** Whatever an object says, and however long the process has been learning words: what is read back is what was kept. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decode, encode, hasUid, sameUid } from '../../src/runtime/cached-text.ts';
import { WordTable } from '../../src/runtime/word-table.ts';
import { THINGS } from '../support/fake-api-server/server.ts';

/** What is repeated, what looks like a word, what looks like a token, and what replacing treats in its own way. */
const telling = fc.constantFrom(
  'f2a958b3-7307-4ace-b699-9e6bed0c9514',
  '2026-11-24T13:31',
  'Completed',
  'reprieve.dev/retention',
  '\u0001 ',
  '\u001f1',
  '$&$1',
  '"Kind":',
  '\\',
  ',{',
  'été',
  '',
);
const text = fc.oneof(
  telling,
  fc.tuple(telling, telling).map(([a, b]) => a + b),
  fc.string({ unit: 'grapheme' }),
);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    text,
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter((n) => !Object.is(n, -0)),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(
      text.filter((key) => key !== '__proto__'),
      tie('value'),
      { maxKeys: 4 },
    ),
  ),
}));

test('an object is read back as it was kept', () => {
  fc.assert(
    fc.property(
      fc.uuid(),
      fc.dictionary(fc.constantFrom('spec', 'status'), value),
      fc.array(text),
      (uid, rest, repeats) => {
        const metadata = { name: 'x', namespace: 'a', uid, resourceVersion: '7', labels: { app: repeats[0] ?? '' } };
        const object = { apiVersion: 'test.dev/v1', kind: 'Thing', metadata, ...rest };
        const kept = encode(object, repeats);
        expect(decode(THINGS, 'a/x', 7, kept)).toEqual(object);
        expect(hasUid(kept, uid)).toBe(true);
        expect(sameUid(kept, encode({ ...object, ...rest, status: 'other' } as typeof object, []))).toBe(true);
      },
    ),
  );
});

test('a string that follows upon another does not take its token apart', () => {
  const [minute, id] = ['2026-11-24T13:31', '11111111-1111-4111-8111-111111111111'];
  const metadata = { name: 'x', namespace: 'a', uid: 'u', resourceVersion: '7' };
  const object = { apiVersion: 'test.dev/v1', kind: 'Thing', metadata, spec: { message: minute + id.slice(1) + id } };
  expect(decode(THINGS, 'a/x', 7, encode(object, [minute, id]))).toEqual(object);
});

test('a word table reads back what it wrote, also when it is full', () => {
  const table = new WordTable();
  const written: [string, string][] = [];
  for (let i = 0; i < 4_000; i += 1) {
    const name = String(i).replace(/\d/g, (digit) => String.fromCharCode(0x61 + Number(digit)));
    const json = JSON.stringify({ [name]: { type: 'Ready' }, again: name });
    written.push([json, table.shorten(json)]);
  }
  for (const [json, kept] of written) expect(table.restore(kept)).toBe(json);
  const [first, last] = [written[0], written.at(-1)];
  expect(first?.[1].length).toBeLessThan(20);
  expect(last?.[1]).toContain('"djjj":');
});
