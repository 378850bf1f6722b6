/** The demonstration as a reader sees it. It checks each of its steps itself; here it is that it tells them all, and leaves nothing. */
import { execFile } from 'node:child_process';
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

function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(program, args, { cwd: root, env }, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode, stdout, stderr }),
    );
  });
}

/** Everything that it makes is below `temporary`. */
function demo(temporary: string, ...args: readonly string[]): Promise<Ended> {
  return run(process.execPath, ['demo/main.ts', ...args], { ...process.env, TMPDIR: temporary });
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
  const temporary = await mkdtemp(path.join(tmpdir(), 'reprieve-demo-test-'));
  try {
    const { code, stdout, stderr } = await demo(temporary);
    expect(code, stdout + stderr).toBe(0);
    let at = 0;
    for (const line of TOLD) {
      const found = stdout.indexOf(line, at);
      expect(found, `${line}\nis missing after\n${stdout.slice(Math.max(0, at - 200), at)}`).toBeGreaterThanOrEqual(0);
      at = found + line.length;
    }
    expect(stdout).not.toContain('\u001b[');
    expect(readdirSync(temporary)).toEqual([]);
    const { stdout: processes } = await run('ps', ['-A', '-o', 'args=']);
    expect(processes.split('\n').filter((line) => line.includes(temporary))).toEqual([]);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
});

test('the demo says how it is used when it is asked for something else', async () => {
  expect(await demo(tmpdir(), '--what')).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringContaining('--keep') as string,
  });
});
