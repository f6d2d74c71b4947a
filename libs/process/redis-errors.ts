import type { Logger } from '#telemetry/logger';
import { RateGate } from '#telemetry/sampling';

const LINES_PER_SECOND = 2;

/**
 * Logs what connections to Redis, and those that work through them, complain of: a Redis that is away or full would
 * otherwise fill the log by itself.
 */
export function logRedisErrors(
  logger: Logger,
  message = 'redis error',
): (error: Error, facts?: Readonly<Record<string, string>>) => void {
  const gate = new RateGate(LINES_PER_SECOND);
  return (error, facts) => {
    const suppressed = gate.pass();
    if (suppressed !== null) logger.warn({ err: error, ...facts, suppressed }, message);
  };
}
