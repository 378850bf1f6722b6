import { expect, test } from 'vitest';
import { openWindow } from '../../../src/domain/retention.ts';
import { DAY_MS } from '../../../src/domain/time.ts';
import { NOW } from '../../support/domain/names.ts';

test('a retention that is no number, or beyond all bounds, gives the longest window there is', () => {
  for (const days of [Number.NaN, Number.POSITIVE_INFINITY, 1e300]) {
    expect(openWindow(NOW, days, { dayLengthMs: DAY_MS }).retentionDays).toBe(180);
  }
});
