/**
 * Writes what is derived from crds/: `src/api/<kind>.gen.ts` and docs/api.md. `--check` writes nothing and fails where a
 * file is not what it would write.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { generate } from './generate/generate.ts';

const root = path.resolve(import.meta.dirname, '..');
const checks = process.argv.includes('--check');
const stale: string[] = [];

for (const [file, text] of generate(path.join(root, 'crds'))) {
  const target = path.join(root, file);
  if (checks && read(target) !== text) stale.push(file);
  if (!checks) writeFileSync(target, text);
}
if (stale.length > 0) {
  console.error(`${stale.join(', ')}: not what crds/ says: run npm run generate and commit the result`);
  process.exitCode = 1;
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
