/** How the image runs the operator: a measurement with other flags would be of something that nobody gets. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

const dockerfile = readFileSync(path.resolve(import.meta.dirname, '../Dockerfile'), 'utf8');

/** Node's own flags in the ENTRYPOINT. @throws SyntaxError where that is no list of JSON strings */
export function nodeFlags(): readonly string[] {
  const entry = /^ENTRYPOINT (.*)$/m.exec(dockerfile)?.[1] ?? '[]';
  return (JSON.parse(entry) as string[]).filter((word) => word.startsWith('-'));
}

/** Variables of the image, by ENV lines of one or several `NAME=value`. */
export function imageEnvironment(): Readonly<Record<string, string>> {
  const pairs = [...dockerfile.matchAll(/^ENV (.*)$/gm)].flatMap(([, line = '']) => line.trim().split(/\s+/));
  return Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
}
