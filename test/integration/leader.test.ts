/** Leadership on a real API server, between real processes: one frozen in mid-work, others that end as they should. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ControlPlane, startControlPlane } from '../support/control-plane/control-plane.ts';
import { waitUntil } from '../support/control-plane/ready.ts';

const SECOND = 1_000;
const PROGRAM = path.resolve(import.meta.dirname, '../support/leader-process.ts');
/** The audit log is this plane's own, and the processes' users are judged by it. */
const environment = { ...process.env, REPRIEVE_TEST_KUBECONFIG: undefined };

let plane: ControlPlane;
const children: ChildProcess[] = [];

beforeAll(async () => {
  plane = await startControlPlane({ environment, audit: true, controllerManager: false });
  const { stderr } = await plane.kubectl(['create', 'configmap', 'journal', '-n', 'default']);
  expect(stderr).toBe('');
});

afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await plane.stop();
});

/** What the API server accepted, in its own order. */
interface Accepted {
  readonly user: string;
  readonly resource: string;
  readonly atMs: number;
}

interface AuditLine {
  readonly verb: string;
  readonly stage: string;
  readonly stageTimestamp: string;
  readonly user: { readonly username: string };
  readonly objectRef?: { readonly resource: string; readonly name?: string };
  readonly responseStatus?: { readonly code: number };
}

const WRITTEN = ['journal', 'leader-test'];

function acceptedWrites(): readonly Accepted[] {
  const lines = readFileSync(plane.auditLog ?? '', 'utf8')
    .split('\n')
    .slice(0, -1);
  const ours = lines.filter((line) => line.includes('"leader-')).map((line) => JSON.parse(line) as AuditLine);
  return ours.flatMap((line) => {
    const { objectRef, responseStatus, stage, verb } = line;
    const write = ['create', 'update', 'patch'].includes(verb) && WRITTEN.includes(objectRef?.name ?? '');
    if (!write || stage !== 'ResponseComplete' || (responseStatus?.code ?? 500) >= 300) return [];
    return [{ user: line.user.username, resource: objectRef?.resource ?? '', atMs: Date.parse(line.stageTimestamp) }];
  });
}

function writesOf(user: string, resource: string): readonly Accepted[] {
  return acceptedWrites().filter((write) => write.user === user && write.resource === resource);
}

async function start(name: string) {
  const kubeconfig = await plane.kubeconfigFor(name, ['system:masters']);
  const child = spawn(process.execPath, [PROGRAM, kubeconfig, name], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const messages: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    messages.push((JSON.parse(line) as { message: string }).message);
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  return { name, child, messages, ended, says: (message: string) => messages.includes(message) };
}

const READ_ANEW = 'caches read anew, as another may have led meanwhile';

/** What it said of its beginning as a leader, in order. */
function beginningOf({ messages }: { readonly messages: readonly string[] }): readonly string[] {
  return messages.filter((message) => ['leading', READ_ANEW, 'first reconcile'].includes(message));
}

test('frozen for 20 s the leader is replaced, and no write of it is accepted afterwards; a graceful end hands over at once', async () => {
  const a = await start('leader-a');
  await waitUntil('leader-a writes', 20 * SECOND, () => writesOf(a.name, 'configmaps').length > 5);
  const b = await start('leader-b');
  await waitUntil('leader-b follows', 20 * SECOND, () => b.says('caches synced'));

  a.child.kill('SIGSTOP');
  const frozenMs = Date.now();
  await waitUntil('leader-b writes', 25 * SECOND, () => writesOf(b.name, 'configmaps').length > 0);
  expect(Date.now() - frozenMs).toBeLessThan(20 * SECOND);
  await waitUntil('20 s have passed', 25 * SECOND, () => Date.now() - frozenMs >= 20 * SECOND);
  expect(a.child.exitCode).toBeNull();
  a.child.kill('SIGCONT');
  expect(await a.ended).toBe(1);
  expect(a.says('leadership lost')).toBe(true);

  expect(beginningOf(a)).toEqual(['leading', 'first reconcile']);
  expect(beginningOf(b)).toEqual(['leading', READ_ANEW, 'first reconcile']);

  const seen = writesOf(b.name, 'configmaps').length;
  await waitUntil('leader-b goes on writing', 20 * SECOND, () => writesOf(b.name, 'configmaps').length > seen + 5);
  const order = acceptedWrites().map(({ user }) => user);
  expect(order.slice(order.indexOf(b.name))).not.toContain(a.name);

  const c = await start('leader-c');
  await waitUntil('leader-c follows', 20 * SECOND, () => c.says('caches synced'));
  b.child.kill('SIGTERM');
  expect(await b.ended).toBe(0);
  await waitUntil('leader-c writes', 20 * SECOND, () => writesOf(c.name, 'configmaps').length > 0);
  const releasedMs = writesOf(b.name, 'leases').at(-1)?.atMs ?? 0;
  const takenMs = writesOf(c.name, 'leases')[0]?.atMs ?? 0;
  expect(takenMs - releasedMs).toBeGreaterThan(0);
  expect(takenMs - releasedMs).toBeLessThanOrEqual(3 * SECOND);
  const lease = await plane.kubectl(['get', 'lease', 'leader-test', '-n', 'default', '-o', 'json']);
  expect(JSON.parse(lease.stdout)).toMatchObject({ spec: { holderIdentity: 'leader-c', leaseTransitions: 2 } });
  expect(beginningOf(c)).toEqual(['leading', READ_ANEW, 'first reconcile']);

  c.child.kill('SIGTERM');
  expect(await c.ended).toBe(0);
  const d = await start('leader-d');
  await waitUntil('leader-d writes', 20 * SECOND, () => writesOf(d.name, 'configmaps').length > 0);
  expect(beginningOf(d)).toEqual(['leading', 'first reconcile']);
});
