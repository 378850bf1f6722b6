/** A process that was frozen between deciding and sending keeps silent: the fence is asked when the first byte would go out. */
import { expect, test } from 'vitest';
import { connectTo, put } from '../../../support/fake-api-server/harness.ts';
import { FakeApiServer, THINGS } from '../../../support/fake-api-server/server.ts';
import { reset } from '../../../support/fake-api-server/status.ts';

const KEY = { namespace: 'a', name: 'one' };

/** Patches once with a lease that is lost after so many questions. @returns how it ended, and how often the server saw it */
async function patched(questions: number, fault: 'Reset' | 'None'): Promise<string> {
  await using fake = await FakeApiServer.start();
  put(fake, 'one');
  const { resourceVersion = '' } = fake.world.objects.get('a/one')?.metadata ?? {};
  await using connected = await connectTo(fake);
  if (fault === 'Reset') fake.plan('patch', reset, { times: 1 });
  let left = questions;
  const mayStillSend = () => left-- > 0;
  const patch = { metadata: { resourceVersion }, spec: { size: 5 } };
  const ended = await connected.kube.api.patch(THINGS, KEY, patch, { fieldManager: 'test', mayStillSend }).then(
    () => 'done',
    () => 'refused',
  );
  return `${ended} ×${fake.count('patch')}`;
}

test.for([
  { questions: 1, fault: 'None', want: 'done ×1', reason: 'with the lease it is sent' },
  {
    questions: 0,
    fault: 'None',
    want: 'refused ×0',
    reason: 'a lease that was lost while the call waited sends nothing',
  },
  { questions: 2, fault: 'Reset', want: 'done ×2', reason: 'with the lease a reset is tried again' },
  { questions: 1, fault: 'Reset', want: 'refused ×1', reason: 'without it no second attempt is made' },
] as const)('$reason', async ({ questions, fault, want }) => {
  expect(await patched(questions, fault)).toBe(want);
});
