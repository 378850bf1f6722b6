/** Sends what a case says to an API server and tells how it answers. */
import { request } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import type { ControlPlane } from '../support/control-plane/control-plane.ts';
import type { Case, Json, Write } from './fixtures.ts';

const VERSION = 'v1alpha1';
const FIELD_MANAGER = 'crd-fixtures';

export interface Answer {
  readonly status: number;
  readonly body: Json;
}

interface Cause {
  readonly field?: string;
  readonly message?: string;
}

/** Where the objects of the cases go. */
export interface Target {
  readonly group: string;
  readonly namespace: string;
}

/** Requests of an administrator, by the credentials of the plane's kubeconfig. */
export class Server {
  readonly #url: string;
  readonly #config = new KubeConfig();
  #attempts = 0;

  constructor(plane: ControlPlane) {
    this.#url = plane.url;
    this.#config.loadFromFile(plane.adminKubeconfig);
  }

  async send(method: string, path: string, body?: Json, contentType = 'application/json'): Promise<Answer> {
    const options = { method, headers: { accept: 'application/json', 'content-type': contentType } };
    // The library answers with the options of the old `request` package; for node:https they are the same.
    await this.#config.applyToHTTPSOptions(options as Parameters<KubeConfig['applyToHTTPSOptions']>[0]);
    return new Promise((resolve, reject) => {
      const sent = request(new URL(path, this.#url), options, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as Json }));
      });
      sent.once('error', reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  /**
   * Plays a case with an object of its own.
   * @returns the lines of the refusal of the last write, sorted; empty where it was accepted
   * @throws Error where a write before it was refused
   */
  async play(example: Case, target: Target): Promise<readonly string[]> {
    this.#attempts += 1;
    const { body } = example.before[0] ?? example.last;
    const given = (body['metadata'] as { readonly name?: string } | undefined)?.name;
    const name = given ?? `${example.name}-${String(this.#attempts)}`;
    const where = `/apis/${target.group}/${VERSION}/namespaces/${target.namespace}/${example.kind}`;
    for (const write of example.before) {
      const refusals = await this.#write(write, where, name, target);
      if (refusals.length > 0) throw new Error(`${example.kind}/${example.name}, before: ${refusals.join('; ')}`);
    }
    return this.#write(example.last, where, name, target);
  }

  async #write({ how, body }: Write, where: string, name: string, target: Target): Promise<readonly string[]> {
    const manager = `fieldManager=${FIELD_MANAGER}`;
    const object = { ...body, apiVersion: `${target.group}/${VERSION}`, metadata: { name } };
    const path = `${where}/${name}${how === 'patchStatus' ? '/status' : ''}?${manager}`;
    const answer =
      how === 'create'
        ? await this.send('POST', `${where}?${manager}`, object)
        : await this.send('PATCH', path, body, 'application/merge-patch+json');
    return answer.status < 300 ? [] : refusalLines(answer, how === 'patchStatus' ? 'status.' : '');
  }
}

/** `field: words` of each cause. What a server adds when it stopped checking early is left out. */
function refusalLines({ status, body }: Answer, part: '' | 'status.'): readonly string[] {
  const causes = (body['details'] as { readonly causes?: readonly Cause[] } | undefined)?.causes;
  if (status !== 422 || causes === undefined) throw new Error(`unexpected answer: ${JSON.stringify(body)}`);
  return causes
    .filter(({ message }) => message?.includes('some validation rules were not checked') !== true)
    .map(({ field = '', message = '' }) => `${fromRoot(field, part)}: ${withoutValue(message)}`)
    .sort();
}

/** Up to 1.32 the limits of a field in a status subresource are reported by the path below status. */
function fromRoot(field: string, part: '' | 'status.'): string {
  return part === '' || field === 'status' || field.startsWith('status.') ? field : part + field;
}

/** Versions of Kubernetes differ in how, and whether, they show a value that is an object, and in how they count. */
function withoutValue(message: string): string {
  return message
    .replace(/^(Invalid value|Unsupported value): (?:"(?:[^"\\]|\\.)*"|\{.*?\}|[^ ]+?): /, '$1: ')
    .replace(/^(Too long|Duplicate value): .*/, '$1');
}
