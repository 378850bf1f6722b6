/** What the documents point at is there: files that they link to, npm scripts, stages and files that they name. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
const documents = globSync(['*.md', 'docs/**/*.md', 'manifests/**/*.md'], { cwd: root });
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const { scripts } = JSON.parse(read('package.json')) as { readonly scripts: Readonly<Record<string, string>> };

interface Reference {
  readonly document: string;
  readonly target: string;
}

function references(pattern: RegExp): readonly Reference[] {
  return documents.flatMap((document) =>
    [...read(document).matchAll(pattern)].map(([, target = '']) => ({ document, target })),
  );
}

const links = references(/\]\(([^)#\s]+)[^)]*\)/g).filter(({ target }) => !/^[a-z]+:/.test(target));

test.for(links)('$document links to $target, which is there', ({ document, target }) => {
  expect(existsSync(path.join(root, path.dirname(document), target))).toBe(true);
});

const paths = references(/`((?:src|test|scripts|demo|bench|manifests|crds|tools|docs)\/[\w./-]+\.[a-z]+)`/g);

test.for(paths)('$document names $target, which is there', ({ target }) => {
  expect(existsSync(path.join(root, target))).toBe(true);
});

const applied = references(/kubectl apply ((?:-[fk] [\w./-]+ ?)+)/g).flatMap(({ document, target }) =>
  [...target.matchAll(/-[fk] ([\w./-]+)/g)].map(([, file = '']) => ({ document, target: file })),
);

test.for(applied.filter(({ target }) => target !== '-'))('$document applies $target, which is there', ({ target }) => {
  expect(existsSync(path.join(root, target))).toBe(true);
});

test.for(references(/npm run ([a-z0-9:]+)/g))('$document runs npm run $target, which there is', ({ target }) => {
  expect(Object.keys(scripts)).toContain(target);
});

test('every npm script is explained in CONTRIBUTING.md', () => {
  const text = read('CONTRIBUTING.md');
  const untold = Object.keys(scripts).filter(
    (name) => !text.includes(`npm run ${name}`) && !text.includes(`\`${name}\``) && name !== 'test',
  );
  expect(untold).toEqual([]);
});

test.for(globSync('docs/adr/*.md', { cwd: root }))('%s says status, context, decision and consequences', (file) => {
  const text = read(file);
  const number = Number(path.basename(file).split('-')[0]);
  expect(text).toMatch(new RegExp(`^# ${number}\\. \\w`));
  expect(text).toMatch(/^(Status: |## Status)/m);
  const headings = [...text.matchAll(/^## (Context|Decision|Consequences)$/gm)].map(([, heading]) => heading);
  expect(headings).toEqual(['Context', 'Decision', 'Consequences']);
});

test('the states that the README draws are those of the API', () => {
  const drawn = ['NotDeleted', 'ToBeDeleted', 'Purging', 'Purged'];
  const item = read('src/api/backup-item.gen.ts');
  const declared = /BACKUP_ITEM_DELETE_STATE_VALUES = \[([^\]]*)\]/.exec(item)?.[1] ?? '';
  expect(declared.match(/\w+/g)).toEqual(drawn);
  for (const state of drawn) expect(read('README.md')).toContain(state);
});

test('the rules that the protocols name are there', () => {
  const sources = globSync('src/domain/**/*.ts', { cwd: root }).map(read).join('\n');
  const named = [...read('docs/protocols.md').matchAll(/\(`([a-z]\w+)`\)/g)].map(([, name = '']) => name);
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((name) => !new RegExp(`(function|const) ${name}\\b`).test(sources))).toEqual([]);
});
