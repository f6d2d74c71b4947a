/** A file of rows: what its name says of it, and which file it is. */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { RowType } from '#client/millrace-client';
import { CliError } from '../cli-error.js';

export interface RowFile {
  /** Absolute. */
  readonly name: string;
  readonly type: RowType;
  readonly gzip: boolean;
  readonly sizeBytes: number;
  /** Another one as soon as the file is another. */
  readonly fingerprint: string;
}

const TYPES: Readonly<Record<string, RowType>> = {
  '.csv': 'text/csv',
  '.json': 'application/json',
  '.ndjson': 'application/x-ndjson',
  '.jsonl': 'application/x-ndjson',
};

/** @throws CliError for a file that cannot be read, or whose name says nothing */
export async function openRowFile(file: string): Promise<RowFile> {
  const name = path.resolve(file);
  const gzip = name.endsWith('.gz');
  const type = TYPES[path.extname(gzip ? name.slice(0, -3) : name).toLowerCase()];
  if (type === undefined) {
    throw new CliError(`${file}: the name must end in .csv, .json, .ndjson or .jsonl, or one of them with .gz.`);
  }
  try {
    const { size, mtimeMs, ino } = await stat(name);
    const fingerprint = createHash('sha256').update(`${name}\0${size}\0${mtimeMs}\0${ino}`).digest('hex');
    return { name, type, gzip, sizeBytes: size, fingerprint };
  } catch (error) {
    throw new CliError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`, {
      cause: error,
    });
  }
}

export type ResultType = 'text/csv' | 'application/x-ndjson';

export function resultTypeOf(out: string): ResultType {
  return out.toLowerCase().endsWith('.csv') ? 'text/csv' : 'application/x-ndjson';
}
