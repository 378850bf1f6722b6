/**
 * Writes lines in batches: a write to a pipe blocks, wakes its reader, and costs more than making the line did. Whoever needs a
 * line out at once flushes.
 */
import { Writable } from 'node:stream';

/** Longer than a storm's lines take to come together, shorter than anybody who watches notices. */
const BATCH_MS = 100;
const MAX_CHARACTERS = 16_384;

export class BatchedLines extends Writable {
  readonly #target: Writable;
  #lines: string[] = [];
  #characters = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param target where writing blocks or keeps order, as standard error does */
  constructor(target: Writable) {
    super({ decodeStrings: false });
    this.#target = target;
  }

  /** Writes what there is. To be called before the process ends, too. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#lines.length === 0) return;
    this.#target.write(this.#lines.join(''));
    this.#lines = [];
    this.#characters = 0;
  }

  override _write(chunk: string | Buffer, _encoding: BufferEncoding, done: () => void): void {
    const line = chunk.toString();
    this.#lines.push(line);
    this.#characters += line.length;
    if (this.#characters >= MAX_CHARACTERS) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), BATCH_MS).unref();
    done();
  }

  override _final(done: () => void): void {
    this.flush();
    done();
  }
}
