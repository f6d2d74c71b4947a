/**
 * What a process writes, line by line: whole into a file of its own, and to whoever listens.
 *
 * The file is bounded, because a log that fills the disk stops Redis: at its limit it becomes `<name>.log.1` and a new
 * one begins.
 */
import { createWriteStream, mkdirSync, openSync, renameSync, statSync, type WriteStream } from 'node:fs';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

const LARGEST_BYTES = 50 * 1024 * 1024;
/** A longer one is cut up: nobody reads it, and it would have to be held in memory. */
const LONGEST_LINE = 256 * 1024;

export class ProcessLog {
  readonly #file: string;
  #stream: WriteStream | null = null;
  #bytes = 0;
  #broken = false;

  constructor(
    folder: string,
    name: string,
    private readonly onLine: (line: string) => void,
    private readonly largestBytes = LARGEST_BYTES,
  ) {
    mkdirSync(folder, { recursive: true });
    this.#file = path.join(folder, `${name}.log`);
    this.#bytes = sizeOf(this.#file);
  }

  /** Follows one output of a process until it ends. */
  follow(output: Readable): void {
    const decoder = new StringDecoder('utf8');
    let rest = '';
    output.on('data', (chunk: Buffer) => {
      const lines = (rest + decoder.write(chunk)).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > LONGEST_LINE) {
        lines.push(rest);
        rest = '';
      }
      for (const line of lines) this.#take(line);
    });
    output.once('end', () => {
      if (rest !== '') this.#take(rest);
    });
  }

  /** Resolves when everything is in the file. */
  close(): Promise<void> {
    const stream = this.#stream;
    this.#stream = null;
    return new Promise((resolve) => (stream === null || stream.destroyed ? resolve() : stream.end(resolve)));
  }

  #take(line: string): void {
    this.#write(`${line}\n`);
    this.onLine(line);
  }

  #write(line: string): void {
    if (this.#broken) return;
    try {
      if (this.#bytes > this.largestBytes) this.#rotate();
      this.#stream ??= this.#open();
      this.#bytes += Buffer.byteLength(line);
      this.#stream.write(line);
    } catch (error) {
      this.#giveUp(error as Error);
    }
  }

  #open(): WriteStream {
    // Opened at once, so that a rotation finds the file that it renames.
    const stream = createWriteStream(this.#file, { fd: openSync(this.#file, 'a') });
    stream.once('error', (error) => this.#giveUp(error));
    return stream;
  }

  #rotate(): void {
    this.#stream?.end();
    this.#stream = null;
    this.#bytes = 0;
    renameSync(this.#file, `${this.#file}.1`);
  }

  /** A full disk, say: from now on lines go to the listener only. */
  #giveUp(error: Error): void {
    if (this.#broken) return;
    this.#broken = true;
    this.onLine(`The log ${this.#file} cannot be written: ${error.message}`);
  }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
