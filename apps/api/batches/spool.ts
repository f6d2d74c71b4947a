/**
 * Rows on disk, while nobody knows yet whether all of them are valid.
 *
 * The file has no name from the moment in which it is open: whatever ends this process, the disk is free again.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, open, unlink, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { BatchRow } from '#queue/batch-envelopes';

const ROWS_AT_ONCE = 1_000;

export class Spool {
  #size = 0;

  private constructor(private readonly file: FileHandle) {}

  static async open(dataDir: string): Promise<Spool> {
    const folder = path.join(dataDir, 'spool');
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const name = path.join(folder, randomUUID());
    const file = await open(name, 'wx+', 0o600);
    await unlink(name);
    return new Spool(file);
  }

  get sizeBytes(): number {
    return this.#size;
  }

  async write(rows: readonly BatchRow[]): Promise<void> {
    const bytes = Buffer.from(rows.map(({ input, customId }) => `${JSON.stringify([input, customId])}\n`).join(''));
    for (let at = 0; at < bytes.length;) {
      // A disk that is nearly full takes a part; that it is full the next write says.
      const { bytesWritten } = await this.file.write(bytes, at, bytes.length - at, this.#size);
      at += bytesWritten;
      this.#size += bytesWritten;
    }
  }

  async *read(): AsyncGenerator<BatchRow[], void, undefined> {
    const input = this.file.createReadStream({ start: 0, autoClose: false });
    let rows: BatchRow[] = [];
    for await (const line of createInterface({ input, crlfDelay: Infinity })) {
      const [content, customId] = JSON.parse(line) as [BatchRow['input'], string | null];
      rows.push({ input: content, customId, problems: null });
      if (rows.length < ROWS_AT_ONCE) continue;
      yield rows;
      rows = [];
    }
    if (rows.length > 0) yield rows;
  }

  async close(): Promise<void> {
    await this.file.close();
  }
}
