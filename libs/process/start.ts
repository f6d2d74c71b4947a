/** How every process begins and ends. */
import { errorFieldsWithStack } from '#telemetry/error-fields';
import type { Logger } from '#telemetry/logger';
import { isForPeople } from './for-people.js';
import { EXIT_REFUSED, stopWithLauncher, tellLauncher } from './launch-channel.js';

/** A process that runs. */
export interface Running {
  /** How long `stop` may take, in seconds. */
  readonly shutdownSeconds: number;
  /** Stops taking work, finishes or hands back what is in hand. */
  stop(): Promise<void>;
}

/** A start that restarting cannot help; the message is one line. */
export class StartRefusedError extends Error {
  /** See `isForPeople`. */
  readonly isForPeople = true;

  constructor(message: string) {
    super(message);
    this.name = 'StartRefusedError';
  }
}

const STOP_SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** Runs `main`; a start that is refused says why in one line, to the log and to the launcher, and ends with 78. */
export async function startProcess(
  logger: Logger,
  main: (refuse: (reason: string) => void) => Promise<Running>,
): Promise<void> {
  const refuse = (reason: string): void => {
    logger.fatal({ category: 'start', code: 'refused' }, reason);
    // The line has to leave this process before it ends.
    void tellLauncher({ kind: 'refused', reason }).then(() => setImmediate(() => process.exit(EXIT_REFUSED)));
  };
  process.on('unhandledRejection', (error) => crash(logger, error));
  process.on('uncaughtException', (error) => crash(logger, error));
  const stopEarly = (): void => {
    // Nothing has been taken yet.
    logger.info('stopped while starting');
    process.exit(0);
  };
  for (const signal of STOP_SIGNALS) process.on(signal, stopEarly);
  try {
    const running = await main(refuse);
    for (const signal of STOP_SIGNALS) process.off(signal, stopEarly);
    stopOnSignal(logger, running);
  } catch (error) {
    if (error instanceof Error && isForPeople(error)) refuse(error.message);
    else if (isPortTaken(error)) refuse('The port is taken: choose another, e.g. PORT=3001.');
    else crash(logger, error);
  }
}

/** The first signal drains; the second, or the deadline, ends the process where it is. */
function stopOnSignal(logger: Logger, running: Running): void {
  let stopping = false;
  const stop = (): void => {
    if (stopping) process.exit(1);
    stopping = true;
    logger.info('stopping');
    const deadline = setTimeout(() => {
      // close() of a queue never returns with Redis away; what is unfinished comes back by its lock.
      logger.warn('stopped at the deadline, with work unfinished');
      process.exit(0);
    }, running.shutdownSeconds * 1_000);
    deadline.unref();
    running.stop().then(
      () => {
        logger.info('stopped');
        process.exit(0);
      },
      (error: unknown) => crash(logger, error),
    );
  };
  for (const signal of STOP_SIGNALS) process.on(signal, stop);
  stopWithLauncher(stop);
}

function isPortTaken(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | null)?.code === 'EADDRINUSE';
}

/** A bug: the state is unknown, so the process ends and its supervisor starts a fresh one. */
function crash(logger: Logger, error: unknown): void {
  logger.fatal({ category: 'internal', code: 'crashed', err: errorFieldsWithStack(error) }, 'crashed');
  process.exit(1);
}
