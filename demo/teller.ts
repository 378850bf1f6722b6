/** Tells a story on a terminal: what is done, the command that does it, and what that really printed. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { ControlPlane, KubectlResult } from './stage.ts';

const execute = promisify(execFile);

/** Something went otherwise than it was told. */
export class StoryError extends Error {
  override readonly name = 'StoryError';
}

/** Where a story is told: standard output, or a test's ear. */
export interface Output {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

type Style = 'chapter' | 'command' | 'refusal' | 'aside';

const CODES: Readonly<Record<Style, string>> = { chapter: '1', command: '36', refusal: '33', aside: '2' };

export class Teller {
  readonly #output: Output;
  readonly #colours: boolean;
  #chapters = 0;

  constructor(output: Output, env: NodeJS.ProcessEnv) {
    this.#output = output;
    this.#colours = output.isTTY === true && (env['NO_COLOR'] ?? '') === '';
  }

  chapter(title: string, ...sentences: readonly string[]): void {
    this.#chapters += 1;
    this.#line(`\n── ${this.#chapters}. ${title}`, 'chapter');
    this.say(...sentences);
  }

  say(...sentences: readonly string[]): void {
    for (const sentence of sentences) this.#line(sentence);
  }

  aside(sentence: string): void {
    this.#line(sentence, 'aside');
  }

  /** Without an end of line, for what is told bit by bit. */
  part(text: string): void {
    this.#output.write(this.#styled(text, 'aside'));
  }

  /**
   * Shows the command, runs it, shows what it printed.
   * @throws StoryError where it fails
   */
  async kubectl(plane: ControlPlane, args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.#run(plane, args);
    if (code !== 0) throw new StoryError(`this should have worked, and ended with ${code}`);
    return stdout + stderr;
  }

  /**
   * As {@link kubectl}, for what must not work.
   * @throws StoryError where it works, or is refused in other words
   */
  async refused(plane: ControlPlane, args: readonly string[], words: string): Promise<void> {
    const { code, stderr } = await this.#run(plane, args);
    if (code === 0) throw new StoryError('this should have been refused');
    if (!stderr.includes(words)) throw new StoryError(`this should have been refused with "${words}"`);
  }

  async #run(plane: ControlPlane, args: readonly string[]): Promise<KubectlResult> {
    this.#line(`$ ${['kubectl', ...args].map(quoted).join(' ')}`, 'command');
    const result = await plane.kubectl(args);
    this.#verbatim(result.stdout);
    this.#verbatim(result.stderr, result.code === 0 ? undefined : 'refusal');
    return result;
  }

  /** A look at the storage. @returns the lines of what was printed, sorted as they are shown */
  async look(directory: string, program: string, ...args: readonly string[]): Promise<readonly string[]> {
    this.#line(`$ ${[program, ...args].join(' ')}`, 'command');
    const { stdout } = await execute(program, args, { cwd: directory });
    const lines = stdout
      .split('\n')
      .filter((line) => line.trim() !== '')
      .sort();
    this.#verbatim(lines.length === 0 ? '(nothing)' : lines.join('\n'));
    return lines;
  }

  #verbatim(text: string, style?: Style): void {
    if (text.trim() === '') return;
    for (const line of text.trimEnd().split('\n')) this.#line(`  ${line}`, style);
  }

  #line(text: string, style?: Style): void {
    this.#output.write(`${style === undefined ? text : this.#styled(text, style)}\n`);
  }

  #styled(text: string, style: Style): string {
    return this.#colours ? `\u001b[${CODES[style]}m${text}\u001b[0m` : text;
  }
}

/** As a shell would have to be told. */
function quoted(word: string): string {
  return /^[\w./:=,@-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
