import { expect, test } from 'vitest';
import { Pass } from '../../../src/controllers/backup-item/pass.ts';
import { at } from '../../support/domain/names.ts';

const window = { deleteTime: at(0), purgeTime: at(14), retentionDays: 14, mode: 'Deferred' } as const;
const held = { window, tookMs: 1, answer: { type: 'Done', value: { retainUntil: at(14), missing: [] } } } as const;
const released = { type: 'Done', value: {} } as const;

test('a hold that was released since is asked for again before a deletion is said', () => {
  const pass = new Pass('fresh');
  pass.wasHeld(held);
  pass.wasReleased('web-p1', released);
  expect(pass.answers.held).toBeUndefined();
});

test('a release that was followed by a hold is made again by the next undelete', () => {
  const pass = new Pass('fresh');
  pass.wasReleased('web-p1', released);
  pass.wasHeld(held);
  expect(pass.answers.released.size).toBe(0);
  expect(pass.answers.held).toEqual(held);
});

test('what was read live keeps the key marked until a write made it void: an event may have come during the look', () => {
  const pass = new Pass('id');
  expect(pass.hasLooked).toBe(false);
  pass.saw({ vault: 'Absent' });
  expect(pass.hasLooked).toBe(true);
  pass.forgetLive();
  expect(pass.hasLooked).toBe(false);
});
