/** Numbered copies of a template: in the API server's storage, and as files of the simulated engine. */
import { hash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { SOURCE_LABEL } from '../src/api/names.ts';
import { sourceLabel } from '../src/controllers/labels.ts';
import type { RecoveryPoint } from '../src/api/recovery-point.gen.ts';
import type { BackupItem } from '../src/api/backup-item.gen.ts';
import type { Entry, Etcd } from './etcd.ts';
import { MARK, type Template } from './template.ts';

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
/** The end of a job's or point's name. */
const HASH = /(?<=-)[0-9a-f]{8}(?=")/g;

/** The text of a template for one number: names, ids and hashes are its own, everything else is the template's. */
export function numbered(text: string, index: number): string {
  const suffix = index.toString(16).padStart(8, '0');
  return text
    .replaceAll(MARK, String(index).padStart(MARK.length, '0'))
    .replaceAll(UUID, (uuid) => uuid.slice(0, -8) + suffix)
    .replaceAll(HASH, suffix);
}

/** As the operator would have labelled it: the label of the source is a hash, which no number of digits can stand for. */
const SOURCE_HASH = new RegExp(`(?<="${SOURCE_LABEL}":")[0-9a-f]+`);

function copy({ key, value }: Entry, index: number): Entry {
  const text = numbered(value, index);
  const { spec } = JSON.parse(text) as Pick<BackupItem | RecoveryPoint, 'spec'>;
  const label = () =>
    sourceLabel({ vaultName: spec.vaultRef.name, source: spec.source }, (words) => hash('sha256', words));
  return {
    key: JSON.parse(numbered(JSON.stringify(key), index)) as string,
    value: SOURCE_HASH.test(text) && 'source' in spec ? text.replace(SOURCE_HASH, label()) : text,
  };
}

/** What {@link numbered} makes of the name and uid of the protected item, or of the stopped one. */
export function itemOf(
  template: Template,
  index: number,
  sort: 'item' | 'stopped' = 'item',
): { readonly name: string; readonly uid: string } {
  const { metadata } = JSON.parse(numbered(template[sort].value, index)) as BackupItem;
  return { name: metadata.name, uid: metadata.uid ?? '' };
}

export type Sort = 'item' | 'point' | 'job' | 'stopped';

/** Numbers from `from` up to, but without, `to`. */
export async function seed(
  etcd: Etcd,
  template: Template,
  { sorts, from = 0, to }: { readonly sorts: readonly Sort[]; readonly from?: number; readonly to: number },
  say: (line: string) => void,
): Promise<void> {
  const entries: Entry[] = [];
  for (const sort of sorts) for (let i = from; i < to; i += 1) entries.push(copy(template[sort], i));
  const step = 20_000;
  let next = step;
  await etcd.write(entries, (written) => {
    if (written < next) return;
    next += step;
    say(`${written} of ${entries.length} objects set up`);
  });
}

/** The bytes of the points, as the simulated engine would have kept them. */
export async function seedStorage(storage: string, template: Template, count: number): Promise<void> {
  const point = JSON.parse(template.point.value) as RecoveryPoint;
  const file = (index: number): string => {
    const { itemID, pointID, disks } = JSON.parse(numbered(JSON.stringify(point.spec), index)) as RecoveryPoint['spec'];
    return path.join(storage, 'items', itemID, pointID, `${disks[0]?.name ?? ''}.json`);
  };
  const { itemID, pointID, disks } = point.spec;
  const original = path.join(storage, 'items', itemID, pointID, `${disks[0]?.name ?? ''}.json`);
  const text = JSON.stringify(withoutHold(JSON.parse(await readFile(original, 'utf8')) as Record<string, unknown>));
  for (let i = 0; i < count; i += 1) {
    await mkdir(path.dirname(file(i)), { recursive: true });
    await writeFile(file(i), numbered(text, i));
  }
}

function withoutHold(record: Record<string, unknown>): Record<string, unknown> {
  return { ...record, retainUntil: undefined };
}
