/**
 * Messages between a worker and its executor: JSON, one a line, over plain pipes.
 *
 * Node's own channel for child processes is not used: it parses inside Node, and bytes that are no JSON (native code
 * can write them anywhere) would end the process that reads them, which here is the one that holds the queue's locks.
 */
import { writeSync } from 'node:fs';
import type { Readable } from 'node:stream';

/** The executor reads standard input and writes here. */
export const EXECUTOR_OUTPUT_FD = 3;

/** A message larger than any micro-batch can be. */
const MOST_CHARACTERS = 256 * 1024 * 1024;

export interface MessageEvents {
  onMessage(message: unknown): void;
  /** What came was no JSON, or never ended; nothing more is read. */
  onNonsense(): void;
}

export function readMessages(stream: Readable, events: MessageEvents): void {
  let rest = '';
  let isOver = false;
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    if (isOver) return;
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    isOver = rest.length > MOST_CHARACTERS || !lines.every((line) => deliver(line, events));
    if (isOver) events.onNonsense();
  });
}

/** @returns false for a line that is no JSON */
function deliver(line: string, events: MessageEvents): boolean {
  let message: unknown;
  try {
    message = JSON.parse(line);
  } catch {
    return false;
  }
  events.onMessage(message);
  return true;
}

export function encodeMessage(message: object): string {
  return `${JSON.stringify(message)}\n`;
}

/**
 * Writes a message of the executor, and returns when it has left this process: what runs next may end it.
 * @throws when the worker is gone
 */
export function writeToWorker(message: object): void {
  const bytes = Buffer.from(encodeMessage(message));
  for (let written = 0; written < bytes.length;) written += writeSync(EXECUTOR_OUTPUT_FD, bytes, written);
}
