/** Answers of the fake API server that are no objects, and faults made of them. */
import type { ServerResponse } from 'node:http';
import type { Fault } from './server.ts';

export interface StatusFields {
  readonly reason?: string;
  readonly message?: string;
  readonly details?: unknown;
}

export function sendJson(response: ServerResponse, code: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(code, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

export function sendStatus(response: ServerResponse, code: number, fields: StatusFields): void {
  response.setHeader('audit-id', `audit-${code}`);
  sendJson(response, code, { apiVersion: 'v1', kind: 'Status', status: 'Failure', code, ...fields });
}

/** A fault: refuses with this status. */
export function refuse(code: number, fields: StatusFields = {}, headers: Readonly<Record<string, string>> = {}): Fault {
  return ({ response }) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    sendStatus(response, code, fields);
    return undefined;
  };
}

/** A fault: the connection is reset before a word of an answer. */
export const reset: Fault = ({ request }) => {
  request.socket.resetAndDestroy();
  return undefined;
};

/** A fault: the server does as asked, and the connection breaks before it says so. */
export function actThenReset(act: () => void): Fault {
  return ({ request }) => {
    act();
    request.socket.resetAndDestroy();
    return undefined;
  };
}

/** A fault: no answer, ever; the connection stays open. */
export const hang: Fault = () => undefined;
