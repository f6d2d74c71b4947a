/**
 * Looks at a file of requests before any of them runs: a batch is of one model, and each of its lines has a name.
 *
 * What is wrong with the file's form fails the batch, with the numbers of the lines. An input that its model does not take
 * is an answer of its line alone.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ModelVersion } from '#models/repository';
import type { LineProblem } from '#queue/file-batches';
import { NdjsonReader } from '#rows/ndjson-reader';
import { readRequest } from '#rows/request-line';
import { BodyError, type RawRow, type RowShape, unreadable } from '#rows/row';
import type { ModelCatalogue } from '../model-catalogue.js';

/** Requests of one file: their names are in memory while they are compared. */
export const MOST_REQUESTS = 50_000;
const MOST_NAMED = 100;
/** Bytes that are read in one go: meanwhile nobody else is served. */
const SLICE_BYTES = 8_192;

export type Checked =
  | { readonly kind: 'right'; readonly version: ModelVersion }
  | { readonly kind: 'wrong'; readonly problems: readonly LineProblem[] };

export async function checkRequests(chunks: AsyncIterable<Buffer>, catalogue: ModelCatalogue): Promise<Checked> {
  const names = new Names(catalogue);
  const reader = new NdjsonReader(names);
  const problems: LineProblem[] = [];
  let lines = 0;
  const take = (rows: readonly RawRow[]): void => {
    for (const { error } of rows) {
      lines += 1;
      if (error === null || problems.length === MOST_NAMED) continue;
      const param = error.pointer === '' ? null : error.pointer.slice(1).replaceAll('/', '.');
      problems.push({ code: error.code, message: `${param ?? 'The line'} ${error.detail}.`, line: lines, param });
    }
  };
  try {
    for await (const chunk of chunks) {
      for (let at = 0; at < chunk.length; at += SLICE_BYTES) {
        take(reader.push(chunk.subarray(at, at + SLICE_BYTES)));
        if (lines > MOST_REQUESTS) return tooMany();
        await nextTurn();
      }
    }
    take(reader.end());
  } catch (error) {
    if (error instanceof BodyError) return ofFile(error.code, error.message);
    throw error;
  }
  if (lines > MOST_REQUESTS) return tooMany();
  if (problems.length > 0) return { kind: 'wrong', problems };
  return names.version === null
    ? ofFile('empty_file', 'The file has no requests.')
    : { kind: 'right', version: names.version };
}

/** What lines must have in common, and what each must have for itself. */
class Names implements RowShape {
  readonly #seen = new Set<string>();
  version: ModelVersion | null = null;

  constructor(private readonly catalogue: ModelCatalogue) {}

  toRow(value: unknown): RawRow {
    const request = readRequest(value);
    if ('error' in request) return request;
    const { customId, model } = request;
    if (this.#seen.has(customId)) return unreadable('duplicate_custom_id', 'is used by another line too', '/custom_id');
    this.#seen.add(customId);
    const version = this.catalogue.repository.resolve(model);
    if (version === undefined) return unreadable('model_not_found', this.#unknown(), '/body/model');
    this.version ??= version;
    if (version.id !== this.version.id) {
      const { name, label } = this.version;
      return unreadable('mismatched_model', `must be the same as on the lines before, ${name}:${label}`, '/body/model');
    }
    return { customId, input: null, error: null };
  }

  #unknown(): string {
    return `is unknown to this service; models: ${this.catalogue.repository.names().join(', ')}`;
  }
}

function tooMany(): Checked {
  return ofFile('too_many_requests', `A batch from a file may have at most ${MOST_REQUESTS} requests.`);
}

function ofFile(code: string, message: string): Checked {
  return { kind: 'wrong', problems: [{ code, message, line: null, param: null }] };
}
