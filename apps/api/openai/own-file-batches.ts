/** A caller's batches of files, and the files of their results: found by their ids, and shown as OpenAI shows them. */
import type { FastifyRequest } from 'fastify';
import { notFound, problem, ProblemError } from '#contract/problem';
import type { Batch, BatchSource } from '#domain/batch';
import type { FileBatches } from '#queue/file-batches';
import type { BatchParts } from '../batches/build-batches.js';
import type { OwnBatches } from '../batches/own-batches.js';
import {
  type BatchObject,
  haveRowsEnded,
  idOfObject,
  objectId,
  toBatchObject,
  toRefusedObject,
} from './batch-object.js';
import { linesOf, type ResultFile } from './result-files.js';

/** A file of results. */
export interface Results {
  readonly createdAtMs: number;
  readonly lines: AsyncGenerator<string, void, undefined>;
}

export interface Page {
  readonly items: readonly BatchObject[];
  readonly hasMore: boolean;
}

const NO_BATCH = 'There is no such batch.';

export class OwnFileBatches {
  constructor(
    private readonly parts: Pick<BatchParts, 'reader' | 'catalogue'>,
    private readonly own: OwnBatches,
    private readonly fileBatches: FileBatches,
  ) {}

  /** @throws ProblemError 404 */
  async require(id: string, client: string): Promise<BatchObject> {
    const known = idOfObject(id);
    const found = known === null ? null : await this.#find(known, client);
    if (found === null) throw notFound(NO_BATCH);
    return found;
  }

  /** One that can be canceled; null for one that never began. @throws ProblemError 404 */
  async requireBatch(id: string, client: string): Promise<Batch | null> {
    const known = idOfObject(id) ?? '';
    if ((await this.fileBatches.findRefused(client, known)) !== null) return null;
    const batch = await this.own.find(known, client);
    if (batch?.plan.source === undefined) throw notFound(NO_BATCH);
    return batch;
  }

  /** What is no longer kept is passed over, so that only the last page is short. */
  async list(client: string, limit: number, after: string | null): Promise<Page> {
    const items: BatchObject[] = [];
    // One more than is shown says whether there are more.
    let cursor = after === null ? null : (idOfObject(after) ?? '');
    while (items.length <= limit) {
      const ids = await this.fileBatches.idsOf(client, limit + 1, cursor);
      const found = await Promise.all(ids.map((id) => this.#find(id, client)));
      items.push(...found.flatMap((one) => one ?? []));
      if (ids.length <= limit) break;
      cursor = ids.at(-1) ?? null;
    }
    return { items: items.slice(0, limit), hasMore: items.length > limit };
  }

  /** @throws ProblemError 404, also while the batch runs */
  async results({ batchId, kind }: ResultFile, request: FastifyRequest): Promise<Results> {
    const batch = await this.own.find(batchId, request.caller.client);
    if (batch?.plan.source === undefined || !haveRowsEnded(batch)) throw notFound('There is no such file.');
    const { reader } = this.parts;
    const { plan } = batch;
    const record = await this.own.requireRecord(batchId, request);
    const facts = { model: this.#modelOf(batch), version: plan.versionId, versionLabel: plan.versionLabel };
    async function* run(): AsyncGenerator<string, void, undefined> {
      for await (const results of reader.results.read(record, 0)) yield linesOf(kind, results, facts);
    }
    return { createdAtMs: batch.endedAtMs ?? plan.createdAtMs, lines: run() };
  }

  show(batch: Batch, source: BatchSource): BatchObject {
    return toBatchObject(batch, source, this.#modelOf(batch));
  }

  async #find(id: string, client: string): Promise<BatchObject | null> {
    const batch = await this.own.find(id, client);
    if (batch !== null) return batch.plan.source === undefined ? null : this.show(batch, batch.plan.source);
    const refused = await this.fileBatches.findRefused(client, id);
    return refused === null ? null : toRefusedObject(refused);
  }

  #modelOf({ plan }: Batch): string {
    return `${this.parts.catalogue.ownerOf(plan.model, plan.versionId)}/${plan.model}`;
  }
}

/** Results are a part of their batch. */
export function notYours(batchId: string): ProblemError {
  const detail = `The file belongs to the batch ${objectId(batchId)}, and is removed with it.`;
  return new ProblemError(problem(409, 'part_of_batch', detail));
}
