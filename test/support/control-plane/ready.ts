import { readFileSync } from 'node:fs';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';
import { ControlPlaneError } from './error.ts';

const EVERY_MS = 25;

/**
 * Asks until the answer is yes.
 * @throws ControlPlaneError NotReady, naming `what`, when it was not within `deadlineMs`; and whatever `check` throws.
 */
export async function waitUntil(
  what: string,
  deadlineMs: number,
  check: () => boolean | Promise<boolean>,
): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  while (!(await check())) {
    if (performance.now() > deadline) {
      throw new ControlPlaneError('NotReady', `${what}: not so within ${deadlineMs / 1_000} s`);
    }
    await pause(EVERY_MS);
  }
}

/** Files of the TLS side of a request, as paths. */
export interface ClientFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** The status code of a GET on a connection of its own; undefined when nobody answers within a second. */
export function statusOf(url: string, files?: ClientFiles): Promise<number | undefined> {
  return get(url, files).then((answer) => answer?.status);
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** The answer to a GET on a connection of its own; undefined when there is none within a second. */
export function get(url: string, files?: ClientFiles): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    const tls = files && { ca: readFileSync(files.ca), cert: readFileSync(files.cert), key: readFileSync(files.key) };
    const send = files === undefined ? requestHttp : requestHttps;
    const sent = send(url, { agent: false, timeout: 1_000, ...tls }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      response.on('error', () => resolve(undefined));
    });
    sent.on('timeout', () => sent.destroy());
    sent.on('error', () => resolve(undefined));
    sent.on('close', () => resolve(undefined));
    sent.end();
  });
}
