/** Lists of the fake API server: consistent snapshots in pages, whose tokens expire with a compaction. */
import type { Incoming } from './server.ts';
import { sendJson, sendStatus } from './status.ts';
import type { StoredObject, World } from './world.ts';

interface Token {
  readonly revision: number;
  readonly offset: number;
}

const snapshots = new WeakMap<World, Map<number, readonly StoredObject[]>>();

export function answerList(world: World, { response, query }: Incoming): void {
  const token = decode(query.get('continue'));
  if (token !== undefined && token.revision < world.compactedTo) {
    sendStatus(response, 410, { reason: 'Expired', message: 'The provided continue parameter is too old' });
    return;
  }
  const { revision, offset } = token ?? { revision: world.revision, offset: 0 };
  const items = snapshotAt(world, revision);
  const limit = Number(query.get('limit') ?? '0');
  const page = limit === 0 ? items.slice(offset) : items.slice(offset, offset + limit);
  const next = offset + page.length;
  sendJson(response, 200, {
    apiVersion: 'test.dev/v1',
    kind: 'ThingList',
    metadata: {
      resourceVersion: String(revision),
      ...(next < items.length ? { continue: encode({ revision, offset: next }) } : {}),
    },
    items: page,
  });
}

function snapshotAt(world: World, revision: number): readonly StoredObject[] {
  const known = snapshots.get(world) ?? new Map<number, readonly StoredObject[]>();
  snapshots.set(world, known);
  const snapshot = known.get(revision) ?? world.sorted();
  known.clear();
  known.set(revision, snapshot);
  return snapshot;
}

function encode(token: Token): string {
  return Buffer.from(JSON.stringify(token)).toString('base64');
}

function decode(text: string | null): Token | undefined {
  return text === null ? undefined : (JSON.parse(Buffer.from(text, 'base64').toString()) as Token);
}
