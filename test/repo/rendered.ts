/** The manifests as `kubectl kustomize` renders them, and the samples as they are. */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { findBinaries } from '../support/control-plane/binaries.ts';
import { findOnPath } from '../support/control-plane/paths.ts';

export const root = path.resolve(import.meta.dirname, '../..');

export const overlays = ['manifests/base', 'manifests/overlays/development', 'manifests/overlays/kind'] as const;

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** @throws YAMLParseError */
export function parseManifests(text: string): readonly Manifest[] {
  return text.split(/^---$/m).map((document) => parse(document) as Manifest);
}

/** Any kubectl will do: the one on PATH, else that of the control plane (which may have to be built). */
async function kubectl(): Promise<string> {
  return (await findOnPath('kubectl', process.env)) ?? (await findBinaries(process.env, true, () => undefined)).kubectl;
}

export async function render(folder: string): Promise<readonly Manifest[]> {
  const { stdout } = await promisify(execFile)(await kubectl(), ['kustomize', path.join(root, folder)], {
    maxBuffer: 64 << 20,
  });
  return parseManifests(stdout);
}

export interface Sample {
  readonly file: string;
  readonly text: string;
}

/** In the order in which they can be applied. */
export function samples(): readonly Sample[] {
  const folder = path.join(root, 'manifests/samples');
  const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
  return files.sort().map((file) => ({ file, text: readFileSync(path.join(folder, file), 'utf8') }));
}
