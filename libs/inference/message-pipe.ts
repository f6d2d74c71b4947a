/**
 * Messages between a worker and its executor: JSON, one a line, over plain pipes.
 *
 * Node's own channel for child processes is not used: it parses inside Node, and bytes that are no JSON (native code
 * can write them anywhere) would end the process that reads them, which here is the one that holds the queue's locks.
 */
import { writeSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type { FromExecutor, RowAnswer, RowResult } from '#contract/executor-protocol';
import type { InputText } from '#contract/input-text';
import type { VersionId } from '#domain/model-version';

/** The executor reads standard input and writes here. */
export const EXECUTOR_OUTPUT_FD = 3;

/** A message larger than any micro-batch can be. */
const MOST_CHARACTERS = 256 * 1024 * 1024;

export interface MessageEvents {
  /** @param line its JSON */
  onMessage(message: unknown, line: string): void;
  /** A line was not JSON, or never ended; nothing more is read. */
  onNonsense(): void;
}

export function readMessages(stream: Readable, events: MessageEvents): void {
  const lines = new LineGatherer();
  let isOver = false;
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    if (isOver) return;
    const ended = lines.add(chunk);
    isOver = lines.unfinished > MOST_CHARACTERS || !ended.every((line) => deliver(line, events));
    if (isOver) events.onNonsense();
  });
}

/** Looks at each character once: a line of many inputs comes in thousands of pieces. */
class LineGatherer {
  /** Of the line that has not ended. */
  #pieces: string[] = [];
  /** Characters of that line. */
  unfinished = 0;

  /** @returns the lines that end in the chunk */
  add(chunk: string): string[] {
    const [piece = '', ...lines] = chunk.split('\n');
    this.#pieces.push(piece);
    this.unfinished += piece.length;
    const rest = lines.pop();
    if (rest === undefined) return [];
    lines.unshift(this.#pieces.join(''));
    this.#pieces = [rest];
    this.unfinished = rest.length;
    return lines;
  }
}

/** @returns false for a line that is not JSON */
function deliver(line: string, events: MessageEvents): boolean {
  let message: unknown;
  try {
    message = JSON.parse(line);
  } catch {
    return false;
  }
  events.onMessage(message, line);
  return true;
}

export function encodeMessage(message: object): string {
  return `${JSON.stringify(message)}\n`;
}

/** The message `run`, around inputs that are JSON already. */
export function encodeRun(batch: number, versionId: VersionId, inputs: readonly InputText[]): string {
  return `{"kind":"run","batch":${batch},"versionId":"${versionId}","inputs":[${inputs.join(',')}]}\n`;
}

/** Between results: a space to JSON, and nothing that can stand inside a value. */
const TAB = '\t';
const OUTPUT = '{"output":';

/** The message `ran`, in which the worker can tell the results apart by `answersIn`. */
export function encodeRan({ results, ...rest }: Omit<Extract<FromExecutor, { kind: 'ran' }>, 'kind'>): string {
  const texts = results.map((result) => JSON.stringify(result));
  const others = JSON.stringify({ kind: 'ran', ...rest }).slice(0, -1);
  return `${others},"results":[${TAB}${texts.join(`${TAB},${TAB}`)}${TAB}]}\n`;
}

/**
 * @param line the message `ran`, which has been read and found to be well-formed
 * @param results those that were read
 * @returns the same, with each output as the JSON that stands in the line; what is told apart otherwise is written anew
 */
export function answersIn(line: string, results: readonly RowResult[]): RowAnswer[] {
  const parts = line.split(TAB);
  return results.map((result, i) => {
    if (!('output' in result)) return result;
    const text = parts[1 + 2 * i] ?? '';
    return { outputJson: text.startsWith(OUTPUT) ? text.slice(OUTPUT.length, -1) : JSON.stringify(result.output) };
  });
}

/**
 * Writes a message of the executor, and returns when it has left this process: what runs next may end it.
 * @throws when the worker is gone
 */
export function writeToWorker(line: string): void {
  const bytes = Buffer.from(line);
  for (let written = 0; written < bytes.length;) written += writeSync(EXECUTOR_OUTPUT_FD, bytes, written);
}
