import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { writeKubeconfig } from './kubeconfig.ts';
import type { ClientFiles } from './ready.ts';

const run = promisify(execFile);

/** Who may call a plane, and as whom: its certificate authority, and what that signs. */
export class Identities {
  readonly dir: string;
  readonly caFile: string;
  readonly #helper: string;
  readonly #server: string;
  readonly #issued = new Map<string, Promise<string>>();

  constructor(helper: string, dir: string, server: string) {
    this.#helper = helper;
    this.dir = dir;
    this.#server = server;
    this.caFile = join(dir, 'ca.crt');
  }

  /** The authority, the API server's certificate, the key pair of service-account tokens. */
  async create(): Promise<void> {
    await mkdir(this.dir);
    await run(this.#helper, ['authority', this.dir]);
  }

  /** Files of a client certificate under a base name of its own. */
  async issue(base: string, user: string, groups: readonly string[]): Promise<ClientFiles> {
    const out = join(this.dir, base);
    await run(this.#helper, ['client', this.dir, out, user, ...groups]);
    return { ca: this.caFile, cert: `${out}.crt`, key: `${out}.key` };
  }

  /** The path of a kubeconfig for this user; the same one for the same user and groups. */
  kubeconfigFor(user: string, groups: readonly string[]): Promise<string> {
    const key = JSON.stringify([user, groups]);
    const known = this.#issued.get(key) ?? this.#write(`user-${this.#issued.size}`, user, groups);
    this.#issued.set(key, known);
    return known;
  }

  async #write(base: string, user: string, groups: readonly string[]): Promise<string> {
    const path = join(this.dir, `${base}.kubeconfig`);
    writeKubeconfig(path, this.#server, await this.issue(base, user, groups));
    return path;
  }
}
