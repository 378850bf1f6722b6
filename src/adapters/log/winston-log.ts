/** Structured logs by winston: one line of JSON each, or readable lines for a terminal. */
import type { Writable } from 'node:stream';
import { createLogger, format, transports } from 'winston';
import type { Logger } from 'winston';
import type { Log, LogFields } from '../../ports/log.ts';
import { BatchedLines } from './batched-lines.ts';
import { redacted } from './redact.ts';

export type LogLevel = 'error' | 'warn' | 'info' | 'debug';
type LogFormat = 'json' | 'pretty';

const RANK: Readonly<Record<LogLevel, number>> = { error: 0, warn: 1, info: 2, debug: 3 };

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Where the lines go: standard error in production. */
  readonly stream: Writable;
  /** Lines of info and debug may wait 100 ms for others; those of warnings and errors, and all when the process exits, never. */
  readonly batched?: boolean;
}

export function createLog(options: LogOptions): Log {
  const shape = options.format === 'json' ? format.json() : format.printf(pretty);
  const batches = options.batched === true ? new BatchedLines(options.stream) : undefined;
  if (batches !== undefined) process.once('exit', () => batches.flush());
  const logger = createLogger({
    level: options.level,
    format: format.combine(format.timestamp(), shape),
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- winston's types name its base class only
    transports: [new transports.Stream({ stream: batches ?? options.stream })],
  });
  return new WinstonLog(logger, { rank: RANK[options.level], flush: () => batches?.flush() }, undefined, {});
}

interface Shared {
  readonly rank: number;
  readonly flush: () => void;
}

/** Fields are merged when a line is written, never when a log is derived: most derived logs stay silent. */
class WinstonLog implements Log {
  readonly #logger: Logger;
  readonly #shared: Shared;
  readonly #parent: WinstonLog | undefined;
  readonly #fields: LogFields;

  constructor(logger: Logger, shared: Shared, parent: WinstonLog | undefined, fields: LogFields) {
    this.#logger = logger;
    this.#shared = shared;
    this.#parent = parent;
    this.#fields = fields;
  }

  debug(message: string, fields?: LogFields): void {
    this.#write('debug', message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#write('info', message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#write('warn', message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#write('error', message, fields);
  }

  with(fields: LogFields): Log {
    return new WinstonLog(this.#logger, this.#shared, this, fields);
  }

  #write(level: LogLevel, message: string, fields: LogFields | undefined): void {
    const { rank, flush } = this.#shared;
    if (RANK[level] > rank) return;
    const withStacks = rank >= RANK.debug;
    this.#logger.log({ ...redacted({ ...this.#inherited(), ...fields }, withStacks), level, message });
    if (RANK[level] <= RANK.warn) flush();
  }

  #inherited(): LogFields {
    return this.#parent === undefined ? this.#fields : { ...this.#parent.#inherited(), ...this.#fields };
  }
}

function pretty(line: {
  readonly level: string;
  readonly message: unknown;
  readonly [field: string]: unknown;
}): string {
  const { level, message, timestamp, ...fields } = line;
  const tail = Object.entries(fields).map(([name, value]) => ` ${name}=${JSON.stringify(value)}`);
  return `${String(timestamp)} ${level.toUpperCase().padEnd(5)} ${String(message)}${tail.join('')}`;
}
