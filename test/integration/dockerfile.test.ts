/**
 * Runs the Dockerfile's steps in clean directories, since there may be no container engine: each COPY copies, each RUN runs, the final
 * stage's directory is what an image would hold. What isn't run is the base images themselves.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { copyOf, stages, type Instruction } from '../repo/dockerfile.ts';
import { root } from '../repo/rendered.ts';

const run = promisify(execFile);

// The Node that runs this test before any other one. What else the machine needs to reach a registry is in the environment.
const PATH = `${path.dirname(process.execPath)}${path.delimiter}${process.env['PATH'] ?? ''}`;
const STEP_MS = 120_000;

let work: string;
let image: string;

async function copy(instruction: Instruction, from: string, to: string): Promise<void> {
  const { sources, target } = copyOf(instruction);
  for (const source of sources) {
    const origin = path.join(from, path.isAbsolute(source) ? path.relative('/app', source) : source);
    const isTree = (await stat(origin)).isDirectory();
    const goal = path.join(to, isTree || !target.endsWith('/') ? target : path.join(target, path.basename(source)));
    await cp(origin, goal, { recursive: true, verbatimSymlinks: true });
  }
}

/** A RUN is one program with its arguments: a shell in between would outlive a timeout. */
async function runStep({ rest }: Instruction, cwd: string): Promise<void> {
  const [program = '', ...args] = rest.split(' ');
  await run(program, args, { cwd, env: { ...process.env, PATH }, timeout: STEP_MS }).catch((error: unknown) => {
    // The compiler speaks on standard output, which the error's own message leaves out.
    const { stdout } = error as { readonly stdout: string };
    throw new Error(`RUN ${rest}: ${stdout}`, { cause: error });
  });
}

beforeAll(async () => {
  work = await mkdtemp(path.join(tmpdir(), 'reprieve-image-'));
  const build = path.join(work, 'build');
  image = path.join(work, 'image');
  await mkdir(build);
  await mkdir(image);
  const [first, final] = stages();
  for (const instruction of first?.instructions ?? []) {
    if (instruction.word === 'COPY') await copy(instruction, root, build);
    if (instruction.word === 'RUN') await runStep(instruction, build);
  }
  for (const instruction of final?.instructions ?? []) {
    if (instruction.word === 'COPY') await copy(instruction, build, image);
  }
}, 300_000);

afterAll(() => rm(work, { recursive: true, force: true }));

test('the image holds the program, its description and its dependencies', async () => {
  expect((await readdir(image)).sort()).toEqual(['dist', 'node_modules', 'package.json']);
  expect(await readdir(path.join(image, 'dist'))).toContain('main.js');
});

test('nothing that only development needs is in it', async () => {
  const packages = await readdir(path.join(image, 'node_modules'));
  const unwanted = ['node', 'typescript', 'vitest', 'eslint', 'prettier', 'fast-check', 'knip', 'yaml'];
  expect(packages.filter((name) => unwanted.includes(name))).toEqual([]);
  expect(packages).toEqual(expect.arrayContaining(['commander', 'prom-client', 'undici', 'winston']));
});

test('its entry point says the version', async () => {
  const entry = stages()[1]?.instructions.find(({ word }) => word === 'ENTRYPOINT')?.rest ?? '[]';
  const [, ...args] = JSON.parse(entry) as readonly string[];
  const { stdout } = await run(process.execPath, [...args, '--version'], { cwd: image, env: { PATH: '' } });
  expect(stdout).toBe('reprieve 0.1.0\n');
});

test('its entry point refuses wrong usage with exit code 2 and one line', async () => {
  const failure = await run(process.execPath, ['dist/main.js', '--purge-rate=0/h'], {
    cwd: image,
    env: { PATH: '' },
  }).catch((error: unknown) => error);
  expect(failure).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^--purge-rate "0\/h": [^\n]+\n$/) as string,
  });
});
