/** What can be seen of a source: by its kind alone, unless a file under `sources/` says otherwise. Pure. */
import type { EngineSource, SourceReport, Step } from '../../../ports/engine.ts';
import { fileName, isName } from './record.ts';

/** The disks a source has where nothing else is said: a claim is one, a VM has one. Undefined for other kinds. */
function defaultDisks({ kind, name }: EngineSource): readonly string[] | undefined {
  if (kind === 'PersistentVolumeClaim') return [name];
  return kind === 'VirtualMachine' ? [`${name}-disk0`] : undefined;
}

/** Where that file is; undefined where the source's name can't be one. */
export function sourceFile({ namespace, name }: EngineSource): string | undefined {
  return isName(namespace) && isName(name) ? `sources/${fileName(namespace)}/${fileName(name)}.json` : undefined;
}

/**
 * @param text content of the source's file: `{"disks": ["root", …]}` or `{"absent": "words"}`; undefined where there is none
 */
export function reportOf(source: EngineSource, text: string | undefined, file: string): Step<SourceReport> {
  if (text !== undefined) return described(text, file);
  const disks = defaultDisks(source);
  if (disks === undefined) return { type: 'Blocked', words: `a ${source.kind} is nothing this engine can back up` };
  return { type: 'Done', value: { type: 'Present', disks } };
}

function described(text: string, file: string): Step<SourceReport> {
  const { disks, absent } = parse(text);
  if (typeof absent === 'string') return { type: 'Done', value: { type: 'Absent', words: absent } };
  if (Array.isArray(disks) && disks.every((disk) => typeof disk === 'string')) {
    return { type: 'Done', value: { type: 'Present', disks } };
  }
  return { type: 'Unknown', words: `${file}: says neither {"disks": [names]} nor {"absent": "words"}` };
}

function parse(text: string): { readonly disks?: unknown; readonly absent?: unknown } {
  try {
    return (JSON.parse(text) ?? {}) as object;
  } catch {
    // Not JSON says neither, which is what the caller answers.
    return {};
  }
}
