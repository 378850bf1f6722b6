/**
 * The dependency rule of docs/architecture.md as a table: what a folder may import. What is not listed is forbidden.
 */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');

/** Longest matching folder governs. `node:*` stands for all of Node's own modules. */
const allowed: Record<string, readonly string[]> = {
  'src/api': ['src/api'],
  'src/domain': ['src/api', 'src/domain'],
  'src/ports': ['src/api', 'src/domain', 'src/ports'],
  'src/runtime': ['src/api/meta.ts', 'src/ports', 'src/runtime'],
  'src/controllers': ['src/api', 'src/domain', 'src/ports', 'src/runtime', 'src/controllers'],
  'src/adapters/kube': ['src/api', 'src/ports', 'src/adapters/kube', '@kubernetes/client-node', 'undici', 'node:*'],
  'src/adapters/engines/simulated': ['src/api', 'src/domain', 'src/ports', 'src/adapters/engines/simulated', 'node:*'],
  'src/adapters/engines/csi': ['src/api', 'src/domain', 'src/ports', 'src/adapters/engines/csi', 'node:*'],
  'src/adapters/log': ['src/ports', 'src/adapters/log', 'winston', 'node:*'],
  'src/adapters/metrics': ['src/ports', 'prom-client', 'node:*'],
  'src/adapters/clock': ['src/ports', 'node:*'],
  'src/adapters/http': ['src/ports', 'src/adapters/http', 'node:*'],
  'src/adapters/cron': ['src/ports', 'croner'],
  'src/config': ['src/config'],
  'src/config.ts': ['src/config', 'commander'],
  'src/preflight.ts': ['src/api', 'src/domain', 'src/ports'],
  'src/main.ts': ['src', 'node:*'],
  'src/operator.ts': ['src', 'node:*'],
};

/**
 * The purge path reads live, never from a cache: these files may import only this, whatever their layer may, so that no store
 * can reach them even through a file in between.
 */
const cacheBlind = ['src/controllers/backup-item/live.ts', 'src/controllers/backup-item/purge.ts'];
const allowedBlind = [
  'src/api',
  'src/domain',
  'src/ports',
  'src/controllers/backup-item/engine-point.ts',
  'src/controllers/backup-item/live.ts',
  'src/controllers/labels.ts',
];

interface Edge {
  readonly from: string;
  readonly to: string;
}

function importsOf(file: string): readonly Edge[] {
  const text = readFileSync(path.join(root, file), 'utf8');
  const specifiers = text.matchAll(/^(?:import|export)\b(?:[^'"`]*?\bfrom)?\s*'([^']+)'|\bimport\('([^']+)'\)/gm);
  return [...specifiers]
    .map(([, still = '', lazy = '']) => still || lazy)
    .map((to) => ({
      from: file,
      to: to.startsWith('.') ? path.relative(root, path.resolve(root, path.dirname(file), to)) : to,
    }));
}

function folderOf(file: string): string | undefined {
  const matching = Object.keys(allowed).filter((folder) => file === folder || file.startsWith(`${folder}/`));
  return matching.sort((a, b) => b.length - a.length)[0];
}

function permits(rule: string, to: string): boolean {
  if (rule === 'node:*') return to.startsWith('node:');
  return to === rule || to.startsWith(`${rule}/`);
}

function violates(edge: Edge): boolean {
  const folder = folderOf(edge.from);
  return folder === undefined || !(allowed[folder] ?? []).some((rule) => permits(rule, edge.to));
}

const edges = globSync('src/**/*.ts', { cwd: root }).flatMap((file) => importsOf(file));

test('every import of src is one that the table allows', () => {
  expect(edges.length).toBeGreaterThan(5);
  expect(edges.filter(violates)).toEqual([]);
});

test.for([
  { from: 'src/domain/time.ts', to: 'node:fs' },
  { from: 'src/domain/time.ts', to: 'src/ports/kube.ts' },
  { from: 'src/runtime/store.ts', to: 'src/api/names.ts' },
  { from: 'src/controllers/vault/controller.ts', to: 'undici' },
  { from: 'src/adapters/engines/simulated/engine.ts', to: 'src/adapters/kube/api.ts' },
  { from: 'src/nowhere/file.ts', to: 'src/api/meta.ts' },
])('an import from $from of $to is refused', (edge) => {
  expect(violates(edge)).toBe(true);
});

test('the live gate and the purge cannot reach a cache', () => {
  const blind = edges.filter(({ from }) => cacheBlind.includes(from));
  expect(new Set(blind.map(({ from }) => from)).size).toBe(cacheBlind.length);
  expect(blind.filter(({ to }) => !allowedBlind.some((rule) => permits(rule, to)))).toEqual([]);
});
