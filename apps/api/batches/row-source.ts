/** The rows of an upload, checked against their model, as they come. */
import type { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { packInput } from '#contract/input-text';
import type { Input } from '#domain/model-version';
import type { ModelVersion } from '#models/repository';
import type { BatchRow } from '#queue/batch-envelopes';
import { readerFor, type SourceFormat } from '#rows/format';
import { type BodyLimits, readBody } from '#rows/read-body';
import type { RawRow } from '#rows/row';
import type { ModelCatalogue } from '../model-catalogue.js';

export interface Upload {
  readonly body: Readable;
  readonly format: SourceFormat;
  readonly encoding: 'identity' | 'gzip';
  /** Nobody is there any more who would hear an answer. */
  readonly isSenderGone: () => boolean;
}

/** Rows that are read in one go: half a millisecond's worth, since meanwhile nobody else is served. */
const SLICE_BYTES = 8_192;

/** More rows than a batch may have. */
export class TooManyRowsError extends Error {
  constructor(readonly limit: number) {
    super(`A batch may have at most ${limit} rows.`);
    this.name = 'TooManyRowsError';
  }
}

export class RowSource {
  constructor(
    private readonly catalogue: ModelCatalogue,
    private readonly limits: BodyLimits & { readonly maxRows: number },
  ) {}

  /** @throws BodyError, StalledError, TooManyRowsError, and what the stream throws when its sender goes away */
  async *rows(upload: Upload, version: ModelVersion): AsyncGenerator<BatchRow[], void, undefined> {
    const reader = readerFor(upload.format, version.manifest.inputs);
    const fields = version.manifest.inputs.map(({ name }) => name);
    const check = (rows: readonly RawRow[]): BatchRow[] => rows.map((row) => this.#check(row, version, fields));
    let count = 0;
    for await (const chunk of readBody(upload.body, upload.encoding, this.limits)) {
      for (let at = 0; at < chunk.length; at += SLICE_BYTES) {
        const rows = check(reader.push(chunk.subarray(at, at + SLICE_BYTES)));
        count += rows.length;
        if (count > this.limits.maxRows) throw new TooManyRowsError(this.limits.maxRows);
        if (rows.length > 0) yield rows;
        await nextTurn();
      }
    }
    const last = check(reader.end());
    if (count + last.length > this.limits.maxRows) throw new TooManyRowsError(this.limits.maxRows);
    if (last.length > 0) yield last;
  }

  #check({ customId, input, error }: RawRow, version: ModelVersion, fields: readonly string[]): BatchRow {
    if (error !== null) return { input: null, customId, problems: [error] };
    const errors = this.catalogue.check(version, input);
    if (errors.length > 0) return { input: null, customId, problems: errors };
    return { input: packInput(input as Input, fields), customId, problems: null };
  }
}
