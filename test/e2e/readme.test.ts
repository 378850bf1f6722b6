/** The tour of the README, command by command: each works, or is refused where the README says so. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../support/operator/until.ts';
import { attach, type Cluster } from './cluster.ts';

const readme = readFileSync(path.resolve(import.meta.dirname, '../../README.md'), 'utf8');

interface Command {
  readonly args: readonly string[];
  readonly comment: string;
}

function tour(): readonly Command[] {
  const section = /^## Five minutes with kubectl$([\s\S]*?)^## /m.exec(readme)?.[1] ?? '';
  return [...section.matchAll(/^ {4}kubectl (.*?)(?:\s+# (.*))?$/gm)].map(([, words = '', comment = '']) => ({
    args: [...words.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? ''),
    comment,
  }));
}

let cluster: Cluster;
beforeAll(async () => {
  cluster = await attach(process.env);
});
afterAll(() => cluster.close());

/** A reader takes longer than the operator does. */
async function settled(): Promise<void> {
  await until('the item is as its spec asks', async () => {
    const { code, stdout } = await cluster.kubectl(['get', 'backupitem', 'web', '-n', 'backup', '-o', 'json']);
    if (code !== 0) return undefined;
    const { metadata, status } = JSON.parse(stdout) as {
      readonly metadata: { readonly generation: number };
      readonly status?: {
        readonly observedGeneration?: number;
        readonly conditions?: readonly { readonly type: string; readonly status: string }[];
      };
    };
    const ready = status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True');
    return ready === true && status?.observedGeneration === metadata.generation;
  });
}

test('the tour of the README does what it says', async () => {
  const commands = tour();
  expect(commands.length).toBeGreaterThan(8);
  for (const { args, comment } of commands) {
    const { code, stdout, stderr } = await cluster.kubectl(args);
    expect(code, `kubectl ${args.join(' ')}: ${stderr}`).toBe(comment.startsWith('refused') ? 1 : 0);
    if (comment.startsWith('refused')) expect(stderr).toContain('undelete first');
    if (comment.startsWith('ToBeDeleted')) expect(stdout).toContain('ToBeDeleted');
    await settled();
  }
});
