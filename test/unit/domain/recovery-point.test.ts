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
  });
  const base = { name: 'web-p1', namespaceTerminating: false };
  const renewed = decidePoint({ ...base, point: object(taken, true), standIn: object(bare, false) });
  expect(renewed).toMatchObject({ type: 'RemoveStandIn', restored: false });
  const back = decidePoint({ ...base, point: object(taken, false), standIn: object(bare, false) });
  expect(back).toMatchObject({ type: 'RemoveStandIn' });
  const foreign = object(aPoint({ spec: { pointID: OTHER_ID } }), false);
  expect(decidePoint({ ...base, point: foreign, standIn: object(bare, false) }).type).toBe('Wait');
});
