/**
 * Credentials of a ServiceAccount as kubelet projects them: a directory with `token`, `ca.crt` and `namespace`, and the
 * address in KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT. Tests and the demo use the same way with a directory of
 * their own, so that what runs in production is what is tested.
 */
import { readFile, stat } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import path from 'node:path';
import type { ReadCredentials, TlsMaterial } from './credentials.ts';
import { explained, UnusableCredentials } from './unusable.ts';

export const SERVICE_ACCOUNT_DIR = '/var/run/secrets/kubernetes.io/serviceaccount';

export type Environment = Readonly<Record<string, string | undefined>>;

/** @throws UnusableCredentials naming the variables */
export function originFrom(env: Environment): string {
  const host = env['KUBERNETES_SERVICE_HOST'];
  const port = env['KUBERNETES_SERVICE_PORT'];
  if (host === undefined || host === '' || port === undefined || port === '') {
    throw new UnusableCredentials(
      'KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not both set; run in a pod, set them, or name a --kubeconfig',
    );
  }
  const origin = `https://${isIPv6(host) ? `[${host}]` : host}:${port}`;
  if (!URL.canParse(origin)) {
    throw new UnusableCredentials(
      `KUBERNETES_SERVICE_HOST ${JSON.stringify(host)} and KUBERNETES_SERVICE_PORT ${JSON.stringify(port)} make no address; set a host name or IP address, and a port`,
    );
  }
  return origin;
}

/** @returns a reader for one directory; the CA is read again only when its file changed. */
export function inPodCredentials(directory: string, origin: string): ReadCredentials {
  const caFile = path.join(directory, 'ca.crt');
  const tokenFile = path.join(directory, 'token');
  let tls: TlsMaterial = {};
  let caVersion = '';

  const read: ReadCredentials = async () => {
    const token = (await readFile(tokenFile, 'utf8')).trim();
    if (token === '') throw new Error(`${tokenFile} is empty`);
    // Anything else can't be in a header.
    if (!/^[\x21-\x7e]+$/.test(token)) throw new Error(`${tokenFile} is no token`);
    if (origin.startsWith('https:')) {
      // The file is a link that kubelet swaps: a new target has another inode or time.
      const { mtimeMs, ino, size } = await stat(caFile);
      const version = `${mtimeMs}/${ino}/${size}`;
      if (version !== caVersion) {
        tls = { ca: await readFile(caFile) };
        caVersion = version;
      }
    }
    return { origin, pathPrefix: '', tls, authorization: `Bearer ${token}` };
  };
  const cure = 'name the directory that holds token and ca.crt of the ServiceAccount, or a --kubeconfig';
  return explained(read, `--service-account-dir ${directory}`, cure);
}

/** The namespace that the pod runs in, or undefined outside a pod. */
export async function ownNamespace(directory: string): Promise<string | undefined> {
  try {
    const namespace = (await readFile(path.join(directory, 'namespace'), 'utf8')).trim();
    return namespace === '' ? undefined : namespace;
  } catch {
    return undefined;
  }
}
