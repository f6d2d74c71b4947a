import type { Logger } from '#telemetry/logger';
import { RateGate } from '#telemetry/sampling';

const LINES_PER_SECOND = 2;

/** Logs what connections to Redis complain of: a Redis that is away would otherwise fill the log by itself. */
export function logRedisErrors(logger: Logger): (error: Error) => void {
  const gate = new RateGate(LINES_PER_SECOND);
  return (error) => {
    const suppressed = gate.pass();
    if (suppressed !== null) logger.warn({ err: error, suppressed }, 'redis error');
  };
}
