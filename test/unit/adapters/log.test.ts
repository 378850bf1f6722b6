import { PassThrough, Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { createLog } from '../../../src/adapters/log/winston-log.ts';
import { redacted } from '../../../src/adapters/log/redact.ts';
import { recordingLog } from '../../support/runtime-parts.ts';

describe('lines', () => {
  test.for([
    { level: 'error' as const, seen: ['e'] },
    { level: 'warn' as const, seen: ['e', 'w'] },
    { level: 'info' as const, seen: ['e', 'w', 'i'] },
    { level: 'debug' as const, seen: ['e', 'w', 'i', 'd'] },
  ])('at level $level: $seen', ({ level, seen }) => {
    const { log, lines } = recordingLog(level);
    log.error('e');
    log.warn('w');
    log.info('i');
    log.debug('d');
    expect(lines.map(({ message }) => message)).toEqual(seen);
  });

  test('a derived log adds its fields, the nearest winning', () => {
    const { log, lines } = recordingLog();
    log.with({ a: 1, b: 1, c: 1 }).with({ b: 2, c: 2 }).info('x', { c: 3, none: undefined });
    expect(lines[0]).toMatchObject({ level: 'info', message: 'x', a: 1, b: 2, c: 3 });
    expect(lines[0]).not.toHaveProperty('none');
    expect(lines[0]?.['timestamp']).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  });

  test('a field cannot pose as message or level', () => {
    const { log, lines } = recordingLog();
    log.info('real', { message: 'false', level: 'error' });
    expect(lines[0]).toMatchObject({ message: 'real', level: 'info', field_message: 'false', field_level: 'error' });
  });

  test('stacks are shown at level debug only', () => {
    for (const level of ['info', 'debug'] as const) {
      const { log, lines } = recordingLog(level);
      log.error('x', { stack: 'at y' });
      expect('stack' in (lines[0] ?? {})).toBe(level === 'debug');
    }
  });

  test('batched lines come together, and before a warning', () => {
    const writes: string[] = [];
    const stream = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        writes.push(chunk.toString());
        done();
      },
    });
    const log = createLog({ level: 'info', format: 'pretty', stream, batched: true });
    log.info('one');
    log.info('two');
    expect(writes).toEqual([]);
    log.warn('three');
    expect(writes).toHaveLength(1);
    expect(writes[0]).toMatch(/ one\n.* two\n.* three\n$/s);
    for (let i = 0; i < 400; i += 1) log.info('x'.repeat(80));
    expect(writes.length).toBeGreaterThan(2);
  });

  test('a batched line does not wait for others for ever', async () => {
    const stream = new PassThrough({ encoding: 'utf8' });
    createLog({ level: 'info', format: 'pretty', stream, batched: true }).info('alone');
    const line = await new Promise<string>((resolve) => stream.once('data', resolve));
    expect(line).toContain('alone');
  });

  test('pretty lines are for reading', async () => {
    const stream = new PassThrough({ encoding: 'utf8' });
    createLog({ level: 'info', format: 'pretty', stream }).warn('slow call', { object: 'ns/a', ms: 7 });
    const line = await new Promise<string>((resolve) => stream.once('data', resolve));
    expect(line).toMatch(/^\S+Z WARN {2}slow call object="ns\/a" ms=7\n$/);
  });
});

test.for([
  { fields: { token: 'abc' }, kept: { token: '[redacted]' } },
  { fields: { smtpPassword: 'abc' }, kept: { smtpPassword: '[redacted]' } },
  { fields: { error: 'sent Authorization: Bearer abc.def' }, kept: { error: 'sent Authorization: [redacted]' } },
  {
    fields: { error: 'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJr.c2ln was refused' },
    kept: { error: '[redacted] was refused' },
  },
  { fields: { url: 'smtp://me:geheim@mail:25' }, kept: { url: 'smtp://me:[redacted]@mail:25' } },
  { fields: { url: 'https://10.0.0.1:443/api' }, kept: { url: 'https://10.0.0.1:443/api' } },
  { fields: { note: 'x'.repeat(3_000) }, kept: { note: `${'x'.repeat(2_048)}…` } },
  { fields: { count: 3, ok: true }, kept: { count: 3, ok: true } },
])('of $fields is written $kept', ({ fields, kept }) => {
  expect(redacted(fields, false)).toEqual(kept);
});
