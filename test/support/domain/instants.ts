import { type Instant, parseInstant } from '../../../src/domain/time.ts';

/** @throws Error for what is no RFC 3339 time: a test that means one should not run without it. */
export function instant(text: string): Instant {
  const at = parseInstant(text);
  if (at === undefined) throw new Error(`not a time: ${text}`);
  return at;
}
