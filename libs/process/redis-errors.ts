import type { Logger } from '#telemetry/logger';
import { codeOf, errorFieldsWithStack } from '#telemetry/error-fields';
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
    if (suppressed === null) return;
    const isBug = BUGS.some((type) => error instanceof type);
    const fields = isBug ? errorFieldsWithStack(error) : error;
    logger.warn({ ...kindOf(error, isBug), err: fields, ...facts, suppressed }, message);
  };
}

const BUGS = [TypeError, RangeError, ReferenceError, SyntaxError];

interface Kind {
  readonly category: 'dependency' | 'internal';
  readonly code: string;
}

function kindOf(error: Error, isBug: boolean): Kind {
  return { category: isBug ? 'internal' : 'dependency', code: codeOf(error) ?? error.name };
}
