/** The demonstration as a reader sees it. It checks each of its steps itself; here it is that it tells them all, and leaves nothing. */
import { execFile, type ChildProcess } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Running {
  const { promise, resolve } = Promise.withResolvers<Ended>();
  const child = execFile(program, args, { cwd: root, env }, (_error, stdout, stderr) =>
    resolve({ code: child.exitCode, stdout, stderr }),
  );
  return { child, ended: promise };
}

function demo(args: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
  return run(process.execPath, ['demo/main.ts', ...args], { ...process.env, ...env });
}

/** Everything that a demo makes is below its TMPDIR, and in the arguments of what it starts. */
async function leavesNothing(play: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = await mkdtemp(path.join(tmpdir(), 'reprieve-demo-test-'));
  try {
    await play(temporary);
    expect(readdirSync(temporary)).toEqual([]);
    const { stdout } = await run('ps', ['-A', '-o', 'args=']).ended;
    expect(stdout.split('\n').filter((line) => line.includes(temporary))).toEqual([]);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** In the order in which they must appear. */
const TOLD = [
  'The storage is a simulated one',
  'kubectl wait backupitem/web -n backup --for=condition=Protected',
  'backupitem.reprieve.dev/web condition met',
  'Stop protection, keep the data',
  'ProtectionStopped',
  'Stop protection and delete the data',
  'ToBeDeleted',
  '"retainUntil":',
  'spec.protection: Forbidden: undelete first (protection: StopRetainData), then resume',
  'kubectl delete backupitem web -n backup',
  'ToBeDeleted',
  'kubectl apply -f demo/manifests/web.yaml',
  'spec.protection: Forbidden: undelete first (protection: StopRetainData), then resume',
  'Undelete',
  'NotDeleted',
  'Resume',
  'Protected',
  'kubectl delete backupitem web -n backup',
  'purgeTime may only move later',
  'kubectl delete vault main -n backup --wait=false',
  'DeletionBlocked=True: ',
  '1 2 3 4 5 6 7 8 9 10 11 12 13 14',
  'find items -type f\n  (nothing)',
  'No resources found in backup namespace.',
  'permanently deleted: 2 recovery points',
  'That is all: nothing was lost before its time',
];

test('the demo tells the whole life cycle, without colours in a file, and leaves nothing behind', async () => {
  await leavesNothing(async (temporary) => {
    const { code, stdout, stderr } = await demo([], { TMPDIR: temporary }).ended;
    expect(code, stdout + stderr).toBe(0);
    let at = 0;
    for (const line of TOLD) {
      const found = stdout.indexOf(line, at);
      expect(found, `${line}\nis missing after\n${stdout.slice(Math.max(0, at - 200), at)}`).toBeGreaterThanOrEqual(0);
      at = found + line.length;
    }
    expect(stdout).not.toContain('\u001b[');
  });
});

test('the demo leaves nothing behind when it is interrupted in the middle, twice even', async () => {
  await leavesNothing(async (temporary) => {
    const { child, ended } = demo([], { TMPDIR: temporary });
    child.stdout?.on('data', (text: string) => {
      if (!text.includes('Stop protection, keep the data')) return;
      child.kill('SIGINT');
      child.kill('SIGINT');
    });
    const { code, stdout, stderr } = await ended;
    expect(code, stdout + stderr).toBe(130);
    expect(stdout).not.toContain('That is all');
  });
});

test('the demo ends with code 1 and says why where it has nothing to run on', async () => {
  const nowhere = path.join(root, 'no-such-directory');
  const { code, stderr } = await demo([], { KUBEBUILDER_ASSETS: nowhere }).ended;
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(nowhere) as string });
});

test('the demo says how it is used when it is asked for something else', async () => {
  const { code, stdout, stderr } = await demo(['--what']).ended;
  expect({ code, stdout, stderr }).toEqual({
    code: 2,
    stdout: '',
    stderr: expect.stringContaining('--keep') as string,
  });
});
