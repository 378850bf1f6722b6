/**
 * Everything that a fresh clone needs, then the rest of the command line under the project's own Node:
 *   node scripts/setup.mjs [command [argument…]]
 * Plain JavaScript and no dependency: it runs before there are any, and under any Node from 18 on. Says what it does on
 * standard error; says and does nothing where everything is there already.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const bin = path.join(root, 'node_modules', '.bin');
const node = path.join(bin, 'node');
const OLDEST_NODE = 18;

const say = (line) => process.stderr.write(`setup: ${line}\n`);

/** A prerequisite is missing, and the message says the cure. */
class SetupError extends Error {}

function readJSON(file) {
  return JSON.parse(readFileSync(path.join(root, file), 'utf8'));
}

function needNode() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < OLDEST_NODE) {
    throw new SetupError(
      `Node ${process.versions.node} is too old: install Node ${OLDEST_NODE} or later (any will do)`,
    );
  }
}

/** npm keeps what it has installed in a hidden lock file, written when all is done: it must have what ours says. */
function isInstalled() {
  const hidden = path.join('node_modules', '.package-lock.json');
  if (!existsSync(path.join(root, hidden))) return false;
  const installed = readJSON(hidden).packages;
  return Object.entries(readJSON('package-lock.json').packages).every(([where, wanted]) => {
    if (where === '') return true;
    const found = installed[where];
    if (found === undefined) return wanted.optional === true;
    return found.version === wanted.version && found.integrity === wanted.integrity;
  });
}

/** npm under the Node it came with: the one in node_modules may be about to be replaced. */
function npm() {
  const { npm_execpath: program, npm_node_execpath: itsNode } = process.env;
  if (program?.endsWith('.js') && itsNode !== undefined && !itsNode.startsWith(root)) return [itsNode, program];
  return ['npm'];
}

function pathWithoutOurs() {
  return (process.env.PATH ?? '')
    .split(path.delimiter)
    .filter((directory) => path.resolve(directory) !== bin)
    .join(path.delimiter);
}

async function runNpm(...args) {
  const [program, ...before] = npm();
  const began = Date.now();
  const beat = setInterval(
    () => say(`npm ${args[0]} is running (${Math.round((Date.now() - began) / 1000)} s)`),
    10_000,
  );
  try {
    const environment = { PATH: pathWithoutOurs() };
    const code = await run(program, [...before, ...args], { environment });
    if (code !== 0) throw new SetupError(`npm ${args.join(' ')} ended with ${code}: see its message above`);
  } catch (error) {
    if (error.code === 'ENOENT') throw new SetupError('no npm on PATH: install npm (it comes with Node)');
    throw error;
  } finally {
    clearInterval(beat);
  }
}

async function installDependencies() {
  if (isInstalled()) return;
  say('installing the dependencies of package-lock.json (npm ci)');
  // That the user's Node is older than ours is no news: ours comes with what is installed here.
  await runNpm('ci', '--no-audit', '--no-fund', '--loglevel=error');
}

async function needOwnNode() {
  const wanted = `v${readJSON('package.json').devDependencies.node}`;
  const version = () => spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout?.trim();
  if (version() === wanted) return;
  say(`getting Node ${wanted} (npm rebuild node)`);
  await runNpm('rebuild', 'node');
  if (version() === wanted) return;
  throw new SetupError(
    `node_modules/.bin/node is not Node ${wanted}: its install script was not run. Allow it for this once with ` +
      '"npm rebuild node --ignore-scripts=false", then start again',
  );
}

/** A cluster that is named needs no programs. Whether Go is there matters only where something has to be built. */
async function needControlPlane() {
  if ((process.env.REPRIEVE_TEST_KUBECONFIG ?? '') !== '') return;
  const cli = path.join(root, 'test/support/control-plane/cli.ts');
  const code = await run(node, [cli, 'build'], { listen: sayUnlessFound });
  if (code !== 0) throw new SetupError('no control plane to run on: see the message above');
}

/** The progress of a build is worth a line each; that there was nothing to build is not. */
function sayUnlessFound(line) {
  if (line !== '' && !/^(cache|assets): /.test(line)) say(line);
}

/** @returns the exit code; that of a signal as a shell tells it */
function run(program, args, { environment = {}, listen } = {}) {
  return new Promise((resolve, reject) => {
    const stdio = listen === undefined ? 'inherit' : ['ignore', 'pipe', 'inherit'];
    const child = spawn(program, args, { cwd: root, env: { ...process.env, ...environment }, stdio });
    if (listen !== undefined) createInterface({ input: child.stdout }).on('line', listen);
    const pass = (signal) => child.kill(signal);
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    for (const signal of signals) process.on(signal, pass);
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      for (const name of signals) process.off(name, pass);
      resolve(code ?? 128 + constants.signals[signal]);
    });
  });
}

async function main([command, ...args]) {
  needNode();
  await installDependencies();
  await needOwnNode();
  await needControlPlane();
  if (command === undefined) return 0;
  const environment = { PATH: [bin, pathWithoutOurs()].join(path.delimiter) };
  return run(command === 'node' ? node : command, args, { environment });
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  say(error.message);
  process.exitCode = 1;
}
