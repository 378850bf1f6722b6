import { createHash } from 'node:crypto';
import { access, constants, readdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, isAbsolute, join } from 'node:path';

/** The committed Go module: the helper's source and the default version's go.mod. */
export const MODULE_DIR = join(import.meta.dirname, '../../../tools/control-plane');

/** Where built programs are kept: `reprieve/control-plane` below the user's cache directory (XDG base directories). */
export function cacheRoot(environment: NodeJS.ProcessEnv): string {
  const named = environment['XDG_CACHE_HOME'];
  const base = named !== undefined && isAbsolute(named) ? named : join(environment['HOME'] ?? homedir(), '.cache');
  return join(base, 'reprieve', 'control-plane');
}

/** The first executable of that name on PATH, or undefined. */
export async function findOnPath(name: string, environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  for (const dir of (environment['PATH'] ?? '').split(delimiter)) {
    if (dir !== '' && (await isExecutable(join(dir, name)))) return join(dir, name);
  }
  return undefined;
}

export function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** A short key over the content of the files, this platform, and whatever else decides what is built from them. */
export async function contentKey(files: readonly string[], ...rest: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files) hash.update(await readFile(file)).update('\0');
  for (const text of [process.platform, process.arch, ...rest]) hash.update(text).update('\0');
  return hash.digest('hex').slice(0, 16);
}

/** The Go files of a directory in a fixed order. */
export async function goFiles(dir: string): Promise<readonly string[]> {
  const names = await readdir(dir);
  return names
    .filter((name) => name.endsWith('.go'))
    .sort()
    .map((name) => join(dir, name));
}
