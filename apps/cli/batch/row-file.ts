/** A file of rows: what its name says of it, and which file it is. */
import { createHash } from 'node:crypto';
import { access, constants, stat } from 'node:fs/promises';
import path from 'node:path';
import type { RowType } from '#client/millrace-client';
import { CliError } from '../cli-error.js';

export interface RowFile {
  /** As the user called it. */
  readonly called: string;
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
    const found = await stat(name);
    if (!found.isFile())
      throw new CliError(`${file} is not a file that can be read again: write the rows to one first.`);
    await access(name, constants.R_OK);
    const { size, mtimeMs, ino } = found;
    const fingerprint = createHash('sha256').update(`${name}\0${size}\0${mtimeMs}\0${ino}`).digest('hex');
    return { called: file, name, type, gzip, sizeBytes: size, fingerprint };
  } catch (error) {
    throw error instanceof CliError ? error : unreadable(file, error);
  }
}

export function unreadable(file: string, error: unknown): CliError {
  return new CliError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`, {
    cause: error,
  });
}

export type ResultType = 'text/csv' | 'application/x-ndjson';

export function resultTypeOf(out: string): ResultType {
  return out.toLowerCase().endsWith('.csv') ? 'text/csv' : 'application/x-ndjson';
}

/**
 * The answers take the place of what has their name: that may be earlier answers, and nothing else.
 *
 * @throws CliError
 */
export async function mustBeForResults(out: string, rows: RowFile): Promise<void> {
  if (/\.gz$/i.test(out)) throw new CliError(`${out}: answers are not compressed, so the name must not end in .gz.`);
  const [there, source] = await Promise.all([stat(out).catch(() => null), stat(rows.name)]);
  if (there === null) return;
  if (!there.isFile()) throw new CliError(`${out} is not a file: give --out the name of one.`);
  if (there.ino === source.ino && there.dev === source.dev)
    throw new CliError(`${out} is the file of the rows itself: give --out another name.`);
}
