/** What can be read off the Dockerfile. test/integration/dockerfile.test.ts runs its steps. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { copyOf, letThrough, stages } from './dockerfile.ts';
import { root } from './rendered.ts';

const [build, final] = stages();

function words(name: string): readonly string[] {
  return (final?.instructions ?? []).filter(({ word }) => word === name).map(({ rest }) => rest);
}

test('it has a stage that builds and one that runs', () => {
  expect(stages()).toHaveLength(2);
  expect(build?.image).toMatch(/^node:.* AS build$/);
  expect(final?.image).toMatch(/^gcr\.io\/distroless\/nodejs24-debian\d+:nonroot$/);
});

test('it builds with the Node that the project names', () => {
  const version = readFileSync(path.join(root, '.node-version'), 'utf8').trim();
  expect(build?.image).toContain(`node:${version}-`);
  expect(final?.image).toContain(`nodejs${version.split('.')[0] ?? ''}-`);
});

test('it copies only what is there, and .dockerignore lets exactly that through', () => {
  const copied = (build?.instructions ?? [])
    .filter(({ word }) => word === 'COPY')
    .flatMap((copy) => copyOf(copy).sources.map((source) => source.replace(/^\.\//, '')));
  expect(copied.filter((source) => !existsSync(path.join(root, source)))).toEqual([]);
  expect([...copied].sort()).toEqual([...letThrough()].sort());
});

test('each RUN is one program with its arguments, as the integration test runs it', () => {
  const runs = (build?.instructions ?? []).filter(({ word }) => word === 'RUN').map(({ rest }) => rest);
  expect(runs).toHaveLength(3);
  expect(runs.filter((rest) => !/^npm [a-z]+( [a-z=-]+)*$/.test(rest))).toEqual([]);
});

test('the image runs one program, as nobody, and builds nothing', () => {
  expect(words('USER')).toEqual(['65532:65532']);
  expect(words('ENTRYPOINT')).toEqual(['["/nodejs/bin/node", "--max-semi-space-size=8", "dist/main.js"]']);
  expect(words('RUN')).toEqual([]);
  expect(words('COPY').filter((rest) => !rest.startsWith('--from=build '))).toEqual([]);
});
