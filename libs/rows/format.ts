import type { Feature } from '#domain/model-version';
import { CsvReader } from './csv-reader.js';
import { JsonArrayReader } from './json-array-reader.js';
import { NdjsonReader } from './ndjson-reader.js';
import { RequestShape } from './request-line.js';
import { PlainShape, type RowReader } from './row.js';

export type RowFormat = 'json' | 'ndjson' | 'csv';
/** `requests`: lines that are requests; they come out of files, and no content type means them. */
export type SourceFormat = RowFormat | 'requests';

const TYPES: ReadonlyMap<string, RowFormat> = new Map([
  ['application/json', 'json'],
  ['application/x-ndjson', 'ndjson'],
  ['application/ndjson', 'ndjson'],
  ['application/jsonl', 'ndjson'],
  ['application/x-jsonlines', 'ndjson'],
  ['application/jsonlines', 'ndjson'],
  ['text/csv', 'csv'],
]);

/** @returns the format of a content type, or null for one that holds no rows, or not in UTF-8 */
export function formatOf(contentType: string | undefined): RowFormat | null {
  const [type = '', ...parameters] = (contentType ?? '').toLowerCase().split(';');
  const charset = parameters.map((one) => one.trim()).find((one) => one.startsWith('charset='));
  if (charset !== undefined && !/^charset="?(utf-8|us-ascii)"?$/.test(charset)) return null;
  return TYPES.get(type.trim()) ?? null;
}

/** @param features of the model whose inputs the rows are */
export function readerFor(format: SourceFormat, features: readonly Feature[]): RowReader {
  const shape = new PlainShape(features.map(({ name }) => name));
  switch (format) {
    case 'json':
      return new JsonArrayReader(shape);
    case 'ndjson':
      return new NdjsonReader(shape);
    case 'csv':
      return new CsvReader(features);
    case 'requests':
      return new NdjsonReader(new RequestShape());
  }
}
