import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Calls to the driver that the stack makes. */
export type CSIMethod =
  'Probe' | 'CreateVolume' | 'DeleteVolume' | 'CreateSnapshot' | 'DeleteSnapshot' | 'ListSnapshots';

/** What is to go wrong. Without a code, a `hang` or an `answer` the call is made all the same, if late. */
export interface CSIFault {
  /** The name of a gRPC code as Go writes it, such as Unavailable, NotFound, ResourceExhausted, Internal. */
  readonly code?: string;
  readonly message?: string;
  readonly delayMs?: number;
  /** No answer before the caller gives up. */
  readonly hang?: boolean;
  /** The driver does its work first: only the answer is late or lost. */
  readonly after?: boolean;
  /** Only the first so many calls from now on; all of them when left out. */
  readonly times?: number;
  /** Of ListSnapshots: nothing, or the other snapshots than those asked for. */
  readonly answer?: 'empty' | 'wrong';
}

/** Faults of the driver, which reads them anew on each call; it need not run (format: tools/csi-stack/driver/faults.go). */
export class CSIFaults {
  readonly #dir: string;

  constructor(root: string) {
    this.#dir = join(root, 'fail');
  }

  /** In place of the fault that the method had; `times` counts anew. */
  async set(method: CSIMethod, fault: CSIFault): Promise<void> {
    await mkdir(this.#dir, { recursive: true });
    // Beside its place first: the driver never reads half a fault.
    const draft = join(this.#dir, `.${method}`);
    await writeFile(draft, linesOf(fault).join('\n'));
    await rename(draft, join(this.#dir, method));
  }

  /** Of one method, or of all. */
  async clear(method?: CSIMethod): Promise<void> {
    const names = method === undefined ? await this.#methods() : [method];
    await Promise.all(names.map((name) => rm(join(this.#dir, name), { force: true })));
  }

  async #methods(): Promise<readonly string[]> {
    return (await readdir(this.#dir)).filter((name) => !name.startsWith('.'));
  }
}

function linesOf(fault: CSIFault): readonly string[] {
  return [
    ...(fault.code === undefined ? [] : [`${fault.code} ${fault.message ?? 'as the test wanted it'}`]),
    ...(fault.delayMs === undefined ? [] : [`delay ${fault.delayMs}ms`]),
    ...(fault.times === undefined ? [] : [`times ${fault.times}`]),
    ...(fault.answer === undefined ? [] : [fault.answer]),
    ...(fault.hang === true ? ['hang'] : []),
    ...(fault.after === true ? ['after'] : []),
  ];
}
