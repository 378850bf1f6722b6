/**
 * Credentials of a kubeconfig, with all that it may ask for (exec plugins, OIDC, client certificates), by client-node. It is
 * imported when first needed: in a pod its 90 MB and half a second are never paid.
 */
import type { RequestOptions } from 'node:https';
import { createSecureContext } from 'node:tls';
import type { Credentials, ReadCredentials, TlsMaterial } from './credentials.ts';
import { explained } from './unusable.ts';

/** @param file path of the kubeconfig; undefined: $KUBECONFIG or the user's own. */
export function kubeconfigCredentials(file: string | undefined): ReadCredentials {
  let tls: TlsMaterial = {};
  const read: ReadCredentials = async () => {
    const { KubeConfig } = await import('@kubernetes/client-node');
    const config = new KubeConfig();
    if (file === undefined) config.loadFromDefault();
    else config.loadFromFile(file);
    const cluster = config.getCurrentCluster();
    if (cluster === null) throw new Error('has no current cluster: set its current-context');
    if (!URL.canParse(cluster.server)) throw new Error(`server ${JSON.stringify(cluster.server)} is no URL`);
    const options: RequestOptions = {};
    await config.applyToHTTPSOptions(options);
    const material = tlsMaterial(options);
    if (!sameMaterial(material, tls)) {
      // Throws where a certificate and its key can't be read or don't fit: better here than at each connection.
      createSecureContext(material);
      tls = material;
    }
    return { ...addressOf(cluster.server), tls, authorization: authorizationOf(options) };
  };
  return explained(read, `--kubeconfig ${file ?? '(default)'}`, 'name a kubeconfig that can be read and used');
}

function tlsMaterial(options: RequestOptions): TlsMaterial {
  const { ca, cert, key, pfx, passphrase, servername, rejectUnauthorized } = options;
  const named = { ca, cert, key, pfx, passphrase, servername, rejectUnauthorized };
  return Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined));
}

function sameMaterial(a: TlsMaterial, b: TlsMaterial): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function addressOf(server: string): Pick<Credentials, 'origin' | 'pathPrefix'> {
  const url = new URL(server);
  return { origin: url.origin, pathPrefix: url.pathname.replace(/\/+$/, '') };
}

function authorizationOf(options: RequestOptions): string | undefined {
  if (typeof options.auth === 'string') return `Basic ${Buffer.from(options.auth).toString('base64')}`;
  const headers = options.headers;
  if (headers === undefined || Array.isArray(headers)) return undefined;
  const value = (headers as Readonly<Record<string, unknown>>)['Authorization'];
  return typeof value === 'string' ? value : undefined;
}
