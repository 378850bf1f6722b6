/** The process: arguments in, exit code out. 0 after a signal, 1 runtime failure, 2 nothing that could work. */
import { SystemClock } from './adapters/clock/system-clock.ts';
import { createLog } from './adapters/log/winston-log.ts';
import { type Config, parseConfig } from './config.ts';
import { createOperator, UnfitSurroundings } from './operator.ts';
import type { Log } from './ports/log.ts';
import { UnreachableServer } from './preflight.ts';

async function main(): Promise<number> {
  const parsed = parseConfig(process.argv.slice(2), process.env);
  switch (parsed.type) {
    case 'Text':
      process.stdout.write(`${parsed.text.trimEnd()}\n`);
      return 0;
    case 'Problems':
      for (const problem of parsed.problems) process.stderr.write(`${problem}\n`);
      return 2;
    case 'Config':
      return operate(parsed.config);
  }
}

async function operate(config: Config): Promise<number> {
  const log = createLog({ level: config.logLevel, format: config.logFormat, stream: process.stderr, batched: true });
  process.on('unhandledRejection', (error) => die(log, error));
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      // The second one means it.
      if (stop.signal.aborted) process.exit(1);
      stop.abort();
    });
  }
  try {
    const operator = await createOperator(config, {
      clock: new SystemClock(),
      random: Math.random,
      log,
      env: process.env,
    });
    return await operator.run(stop.signal);
  } catch (error) {
    if (error instanceof UnfitSurroundings) return refuse(config, log, error.problems, 2);
    if (error instanceof UnreachableServer) return refuse(config, log, [error.message], 1);
    return die(log, error);
  }
}

/** One line for each problem, for people or for what collects logs. @returns the code */
function refuse({ logFormat }: Config, log: Log, problems: readonly string[], code: number): number {
  for (const problem of problems) {
    if (logFormat === 'pretty') process.stderr.write(`reprieve: ${problem}\n`);
    else log.error('can not start', { problem });
  }
  return code;
}

/** A state that nobody planned for: nothing more is done in it. */
function die(log: Log, error: unknown): never {
  log.error('failed', { error: error instanceof Error ? error.message : String(error) });
  process.exit(1);
}

process.exitCode = await main();
process.exit();
