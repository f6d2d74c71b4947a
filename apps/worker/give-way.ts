import { getPriority, setPriority } from 'node:os';
import { errorFields } from '#telemetry/error-fields';
import type { Logger } from '#telemetry/logger';

/** A niceness: the thread gets a tenth of the time of one that has none, where both want the same core. */
const NICE = 10;

/**
 * Lets others go first where cores are short: an API that shares them with workers is what callers wait for, and a worker that
 * wakes for every envelope would interrupt it each time (docs/adr/0013). Alone on its cores a worker is as quick as before.
 *
 * Linux has a priority for each thread, and a child begins with its parent's. Executors that run already keep theirs;
 * one that replaces a dead one starts with this.
 */
export function giveWay(logger: Logger): void {
  try {
    if (getPriority() < NICE) setPriority(NICE);
  } catch (error) {
    // Not fatal: the worker then competes with the API for the processor.
    logger.debug(
      { category: 'start', code: 'priority', err: errorFields(error as Error) },
      'the priority cannot be lowered',
    );
  }
}
