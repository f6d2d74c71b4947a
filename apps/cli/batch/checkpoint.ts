/**
 * What a command that was interrupted leaves for the next one, beside the file of its results: the key with which its
 * rows are sent again, the batch once it is there, and the results that have been written.
 */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import type { ResultType } from './row-file.js';

interface Notes {
  /** Of the file, the model, the options and the fleet: what is another of them is another batch. */
  readonly fingerprint: string;
  readonly key: string;
  readonly batchId: string | null;
}

export class Checkpoint {
  readonly #file: string;
  /** Results so far; it gets its name when it is whole. */
  readonly part: string;

  private constructor(
    private readonly out: string,
    private notes: Notes,
    readonly isResumed: boolean,
  ) {
    this.#file = `${out}.millrace`;
    this.part = `${out}.part`;
  }

  /** Goes on with what was interrupted, where it was the same work. */
  static async open(out: string, fingerprint: string): Promise<Checkpoint> {
    const found = await readNotes(`${out}.millrace`);
    if (found?.fingerprint === fingerprint) return new Checkpoint(out, found, true);
    const fresh = new Checkpoint(out, { fingerprint, key: randomUUID(), batchId: null }, false);
    await rm(fresh.part, { force: true });
    await fresh.#save();
    return fresh;
  }

  get key(): string {
    return this.notes.key;
  }

  get batchId(): string | null {
    return this.notes.batchId;
  }

  async noteBatch(batchId: string): Promise<void> {
    this.notes = { ...this.notes, batchId };
    await this.#save();
  }

  /** Cuts the results back to the last whole one. @returns how many rows there are, without a header */
  async rowsWritten(type: ResultType): Promise<number> {
    const { records, bytes } = await wholeRecords(this.part, type);
    const rows = type === 'text/csv' ? records - 1 : records;
    // A header alone comes again with the first row.
    if (rows > 0) await truncate(this.part, bytes);
    else await rm(this.part, { force: true });
    return Math.max(0, rows);
  }

  /** All results are there. */
  async finish(): Promise<void> {
    await rename(this.part, this.out);
    await this.forget();
  }

  async forget(): Promise<void> {
    await rm(this.#file, { force: true });
  }

  async #save(): Promise<void> {
    const next = `${this.#file}.next`;
    await writeFile(next, `${JSON.stringify(this.notes)}\n`);
    await rename(next, this.#file);
  }
}

async function readNotes(file: string): Promise<Notes | null> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Notes;
  } catch {
    return null; // None, or one that was cut off while it was written: then there is nothing to go on with.
  }
}

const LINE_END = 0x0a;
const QUOTE = 0x22;

/** In CSV a line end inside quotes ends no record; in NDJSON every one does. */
async function wholeRecords(file: string, type: ResultType): Promise<{ records: number; bytes: number }> {
  const isCsv = type === 'text/csv';
  let [records, bytes, at, quoted] = [0, 0, 0, false];
  try {
    for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
      for (const byte of chunk) {
        at += 1;
        if (isCsv && byte === QUOTE) quoted = !quoted;
        if (byte !== LINE_END || quoted) continue;
        records += 1;
        bytes = at;
      }
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return { records, bytes };
}
