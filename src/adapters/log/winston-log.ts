/** Structured logs by winston: one line of JSON each, or readable lines for a terminal. */
import type { Writable } from 'node:stream';
import { createLogger, format, transports } from 'winston';
import type { Logger } from 'winston';
import type { Log, LogFields } from '../../ports/log.ts';
import { redacted } from './redact.ts';

export type LogLevel = 'error' | 'warn' | 'info' | 'debug';
type LogFormat = 'json' | 'pretty';

const RANK: Readonly<Record<LogLevel, number>> = { error: 0, warn: 1, info: 2, debug: 3 };

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Where the lines go: standard error in production. */
  readonly stream: Writable;
}

export function createLog(options: LogOptions): Log {
  const shape = options.format === 'json' ? format.json() : format.printf(pretty);
  const logger = createLogger({
    level: options.level,
    format: format.combine(format.timestamp(), shape),
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- winston's types name its base class only
    transports: [new transports.Stream({ stream: options.stream })],
  });
  return new WinstonLog(logger, RANK[options.level], undefined, {});
}

/** Fields are merged when a line is written, never when a log is derived: most derived logs stay silent. */
class WinstonLog implements Log {
  readonly #logger: Logger;
  readonly #rank: number;
  readonly #parent: WinstonLog | undefined;
  readonly #fields: LogFields;

  constructor(logger: Logger, rank: number, parent: WinstonLog | undefined, fields: LogFields) {
    this.#logger = logger;
    this.#rank = rank;
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
    return new WinstonLog(this.#logger, this.#rank, this, fields);
  }

  #write(level: LogLevel, message: string, fields: LogFields | undefined): void {
    if (RANK[level] > this.#rank) return;
    const withStacks = this.#rank >= RANK.debug;
    this.#logger.log({ ...redacted({ ...this.#inherited(), ...fields }, withStacks), level, message });
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
