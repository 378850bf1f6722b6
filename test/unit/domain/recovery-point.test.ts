import { expect, test } from 'vitest';
import { decidePoint } from '../../../src/domain/recovery-point/decide.ts';
import { aPoint } from '../../support/domain/builders.ts';
import { OTHER_ID } from '../../support/domain/names.ts';

test('a point that got its handles while its stand-in stood comes back all the same', () => {
  const bare = aPoint({ state: 'Creating', spec: { disks: [{ name: 'root' }] } });
  const taken = aPoint({ state: 'Creating' });
  const object = (point: typeof bare, terminating: boolean) => ({
    name: point.metadata.name,
    uid: 'u',
    terminating,
    hasFinalizer: true,
    spec: point.spec,
    status: point.status ?? {},
    labelled: true,
  });
  const base = { name: 'web-p1', namespaceTerminating: false, itemPurged: false };
  const renewed = decidePoint({ ...base, point: object(taken, true), standIn: object(bare, false) });
  expect(renewed).toMatchObject({ type: 'RemoveStandIn', restored: false });
  const back = decidePoint({ ...base, point: object(taken, false), standIn: object(bare, false) });
  expect(back).toMatchObject({ type: 'RemoveStandIn' });
  const foreign = object(aPoint({ spec: { pointID: OTHER_ID } }), false);
  expect(decidePoint({ ...base, point: foreign, standIn: object(bare, false) }).type).toBe('Wait');
});

const whole = {
  name: 'web-p1',
  uid: 'u',
  terminating: false,
  hasFinalizer: true,
  spec: { pointID: 'p' },
  status: { state: 'Available' },
  labelled: true,
} as const;
const copy = { ...whole, name: 'web-p1-stand-in', uid: 's' };
const going = { ...whole, terminating: true };

const cases: readonly (readonly [string, Partial<Parameters<typeof decidePoint>[0]>, string])[] = [
  ['a point takes its finalizer', { point: { ...whole, hasFinalizer: false } }, 'AddFinalizer'],
  ['a purged point takes none', { point: { ...whole, hasFinalizer: false, status: { state: 'Purged' } } }, 'Wait'],
  ['a point whose labels were taken off gets them back', { point: { ...whole, labelled: false } }, 'SetLabels'],
  ['a point that is deleted gets a stand-in first', { point: going }, 'CreateStandIn'],
  ['the stand-in is told the status', { point: going, standIn: { ...copy, status: {} } }, 'WriteStatus'],
  ['a stand-in of a purged item brings nothing back', { standIn: copy, itemPurged: true }, 'RemoveStandIn'],
  ['only then the point is let go', { point: going, standIn: copy }, 'LetGo'],
  ['a purged point is let go at once', { point: { ...going, status: { state: 'Purged' } } }, 'LetGo'],
  ['the point comes back from its stand-in', { standIn: copy }, 'CreatePoint'],
  ['it is told its status', { point: { ...whole, status: {} }, standIn: copy }, 'WriteStatus'],
  ['the stand-in goes last', { point: whole, standIn: copy }, 'RemoveStandIn'],
  ['nothing moves where the namespace goes', { point: going, namespaceTerminating: true }, 'Wait'],
  ['a point at rest is left alone', { point: whole }, 'Wait'],
  ['what is not there is left alone', {}, 'Wait'],
];

test.for(cases)('%s', ([, change, expected]) => {
  const step = decidePoint({
    name: 'web-p1',
    point: undefined,
    standIn: undefined,
    namespaceTerminating: false,
    itemPurged: false,
    ...change,
  });
  expect(step.type).toBe(expected);
});
