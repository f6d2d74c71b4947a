/**
 * Makes a batch of a file: looks at all of its lines, and sends them the way of all batches.
 *
 * Answered when every row is in the queue. A file that is not right makes a batch that has failed, and no row of it runs.
 */
import { Readable } from 'node:stream';
import { invalidFields, notFound } from '#contract/problem';
import type { BatchSource } from '#domain/batch';
import type { Callback } from '#domain/callback';
import type { StoredFile } from '#domain/stored-file';
import type { Trace } from '#domain/trace';
import type { FileBatches, RefusedBatch } from '#queue/file-batches';
import { FileGoneError, type Files } from '#queue/files';
import type { AcceptBatch, AcceptedBatch } from '../batches/accept-batch.js';
import { windowOf } from '../batches/batch-options.js';
import type { ModelCatalogue } from '../model-catalogue.js';
import { checkRequests } from './check-requests.js';

export interface FileBatchWish {
  readonly client: string;
  readonly source: BatchSource;
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly idempotencyKey: string | null;
  /** Address of this API for its caller. */
  readonly baseUrl: string;
  readonly traceFor: (callback: Callback | null) => Trace | null;
  readonly isSenderGone: () => boolean;
}

export type Created =
  | { readonly kind: 'accepted'; readonly batch: AcceptedBatch }
  | { readonly kind: 'refused'; readonly batch: RefusedBatch };

export interface CreateFileBatchParts {
  readonly files: Files;
  readonly fileBatches: FileBatches;
  readonly catalogue: ModelCatalogue;
  readonly accept: AcceptBatch;
}

export class CreateFileBatch {
  constructor(private readonly parts: CreateFileBatchParts) {}

  /** @throws ProblemError, QueueUnavailableError, QueueFullError */
  async create(wish: FileBatchWish): Promise<Created> {
    const { client, source, metadata } = wish;
    const windowMs = windowOf(source.completionWindow);
    const file = await this.parts.files.find(client, source.fileId);
    if (file === null) {
      throw invalidFields([
        { pointer: '/input_file_id', code: 'unknown_file', detail: 'is not the id of one of your files' },
      ]);
    }
    try {
      const checked = await checkRequests(this.parts.files.read(file), this.parts.catalogue);
      if (checked.kind === 'wrong') {
        const { problems } = checked;
        return { kind: 'refused', batch: await this.parts.fileBatches.refuse({ client, source, metadata, problems }) };
      }
      return { kind: 'accepted', batch: await this.#send(wish, windowMs, checked.version.id, file) };
    } catch (error) {
      throw error instanceof FileGoneError ? notFound(error.message, 'expired') : error;
    }
  }

  async #send(
    { isSenderGone, ...wish }: FileBatchWish,
    windowMs: number,
    model: string,
    file: StoredFile,
  ): Promise<AcceptedBatch> {
    const { accept, files, fileBatches } = this.parts;
    const accepted = await accept.accept(
      { ...wish, windowMs, model, format: 'requests', onInvalid: 'report', webhook: null, events: null },
      {
        body: Readable.from(files.read(file), { objectMode: false }),
        format: 'requests',
        encoding: 'identity',
        isSenderGone,
      },
    );
    await fileBatches.note(wish.client, accepted.id, Date.now());
    return accepted;
  }
}
