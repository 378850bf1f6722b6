import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { readCrd, type Crd } from './crd.ts';
import { documentApi } from './docs.ts';
import { typesOf } from './types.ts';

/** Kinds in the order in which the documentation tells of them; any other follows. */
const ORDER = ['Vault', 'BackupItem', 'BackupPolicy', 'RecoveryPoint', 'BackupJob'];

/** The CRDs of a directory. Files that hold something else, such as a kustomization, are left out. */
export function readCrds(directory: string): readonly Crd[] {
  const crds = readdirSync(directory)
    .filter((file) => file.endsWith('.yaml') && file !== 'kustomization.yaml')
    .map((file) => readCrd(file, readFileSync(path.join(directory, file), 'utf8')));
  const rank = ({ kind }: Crd) => (ORDER.includes(kind) ? ORDER.indexOf(kind) : ORDER.length);
  return crds.sort((a, b) => rank(a) - rank(b));
}

/** Every derived file, by its path from the root of the repository. */
export function generate(directory: string): ReadonlyMap<string, string> {
  const crds = readCrds(directory);
  const types = crds.map((crd) => [`src/api/${kebab(crd.kind)}.gen.ts`, typesOf(crd)] as const);
  return new Map([...types, ['docs/api.md', documentApi(crds)]]);
}

function kebab(kind: string): string {
  return kind.replace(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase();
}
