/** Files of rows that the parts about batches send: valid inputs, taken in turns, in each format. */
import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { finished } from 'node:stream/promises';
import type { Input } from '#domain/model-version';
import { toCsv } from '#rows/csv-writer';
import type { RowFormat } from '#rows/format';

export interface RowFile {
  readonly file: string;
  readonly format: RowFormat;
  readonly contentType: string;
  readonly rows: number;
}

const CONTENT_TYPES: Readonly<Record<RowFormat, string>> = {
  json: 'application/json',
  ndjson: 'application/x-ndjson',
  csv: 'text/csv',
};
const ROWS_AT_ONCE = 1_000;

export async function writeRowFile(
  folder: string,
  name: string,
  format: RowFormat,
  inputs: readonly Input[],
  rows: number,
): Promise<RowFile> {
  await mkdir(folder, { recursive: true });
  const file = path.join(folder, `${name}-${rows}.${format}`);
  const out = createWriteStream(file);
  const { head, line, between, tail } = writerOf(format, Object.keys(inputs[0] ?? {}));
  const lines = inputs.map(line);
  out.write(head);
  for (let row = 0; row < rows; row += ROWS_AT_ONCE) {
    const count = Math.min(ROWS_AT_ONCE, rows - row);
    const texts = Array.from({ length: count }, (_, index) => lines[(row + index) % lines.length] ?? '');
    if (!out.write((row === 0 ? '' : between) + texts.join(between))) await once(out, 'drain');
  }
  out.end(tail);
  await finished(out);
  return { file, format, contentType: CONTENT_TYPES[format], rows };
}

interface LineWriter {
  readonly head: string;
  readonly line: (input: Input) => string;
  readonly between: string;
  readonly tail: string;
}

function writerOf(format: RowFormat, names: readonly string[]): LineWriter {
  switch (format) {
    case 'json':
      return { head: '[', line: (input) => JSON.stringify(input), between: ',\n', tail: ']\n' };
    case 'ndjson':
      return { head: '', line: (input) => JSON.stringify(input), between: '\n', tail: '\n' };
    case 'csv':
      return { head: toCsv([names]), line: (input) => toCell(names, input), between: '', tail: '' };
  }
}

function toCell(names: readonly string[], input: Input): string {
  // A list is one cell, as JSON; so is nothing, which CSV writes as an empty one.
  return toCsv([names.map((name) => (Array.isArray(input[name]) ? JSON.stringify(input[name]) : input[name]))]);
}
