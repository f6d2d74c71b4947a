/**
 * Structured logs: one JSON object a line on stdout, and lines for eyes where stdout is a terminal. Never an input, a key,
 * or a URL with a secret.
 */
import { type DestinationStream, pino, type Logger } from 'pino';
import { errorFields } from './error-fields.js';

export type { Logger } from 'pino';

export interface LogOptions {
  /** Which process speaks: `api`, `worker`. */
  readonly app: string;
  readonly level: string;
}

const STDOUT = 1;
/** Serializers of log fields that are not plain values. */
export const SERIALIZERS = { err: (error: unknown) => (error instanceof Error ? errorFields(error) : error) };

export async function createLogger({ app, level }: LogOptions): Promise<Logger> {
  const options = {
    level,
    base: { app, pid: process.pid },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: SERIALIZERS,
  };
  return pino(options, await destination());
}

/**
 * Written at once: what is still on its way when the process exits comes out of order, and where the reader is gone the
 * flush at exit never ends.
 */
async function destination(): Promise<DestinationStream> {
  if (!process.stdout.isTTY) return pino.destination({ dest: STDOUT, sync: true });
  const { default: pretty } = await import('pino-pretty');
  return pretty({ destination: STDOUT, sync: true, singleLine: true, ignore: 'pid', translateTime: 'SYS:HH:MM:ss.l' });
}
