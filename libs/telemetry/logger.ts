/** Structured logs: one JSON object a line on stdout. Never an input, a key, or a URL with a secret. */
import { pino, type Logger } from 'pino';

export type { Logger } from 'pino';

export interface LogOptions {
  /** Which process speaks: `api`, `worker`. */
  readonly app: string;
  readonly level: string;
}

const STDOUT = 1;

export function createLogger({ app, level }: LogOptions): Logger {
  const options = {
    level,
    base: { app, pid: process.pid },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    // An error's own fields may hold commands and addresses: type and message are enough for a line.
    serializers: { err: (error: Error) => ({ type: error.name, message: error.message }) },
  };
  // Written at once: what is still on its way when the process exits comes out of order, and where the reader is gone
  // the flush at exit never ends.
  return pino(options, pino.destination({ dest: STDOUT, sync: true }));
}
