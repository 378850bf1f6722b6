import { readFileSync, writeFileSync } from 'node:fs';
import type { ClientFiles } from './ready.ts';

/** Writes a kubeconfig that needs no other file. It is JSON, which every reader of kubeconfigs takes as YAML. */
export function writeKubeconfig(path: string, server: string, files: ClientFiles): void {
  const data = (file: string) => readFileSync(file).toString('base64');
  const cluster = { server, 'certificate-authority-data': data(files.ca) };
  const user = { 'client-certificate-data': data(files.cert), 'client-key-data': data(files.key) };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster }],
    users: [{ name: 'test', user }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    'current-context': 'test',
  };
  writeFileSync(path, JSON.stringify(config, undefined, 2), { mode: 0o600 });
}
