/** The rows of a batch on their way from its sender into the queue, or to a comparison with those that are there. */
import type { BatchPlan } from '#domain/batch';
import type { ModelVersion } from '#models/repository';
import type { BatchUpload } from '#queue/batch-upload';
import type { BatchWriter, RowsOfSender } from '#queue/batch-writer';
import type { BatchRecord } from '#queue/batches';
import type { ModelCatalogue } from '../model-catalogue.js';
import type { OnInvalid } from './batches.dto.js';
import { InvalidRows } from './invalid-rows.js';
import type { RowSource, Upload } from './row-source.js';
import { Spool } from './spool.js';
import { emptyBatch, failureOf, isRefusal, isStopped, toUploadProblem } from './upload-problems.js';

export interface ReceiveRowsParts {
  readonly catalogue: ModelCatalogue;
  readonly writer: BatchWriter;
  readonly source: RowSource;
  /** Folder for rows that wait on disk. */
  readonly dataDir: string;
}

export interface ReceiveOptions {
  readonly onInvalid: OnInvalid;
  /** The sender has a key with which it may send all of it again. */
  readonly isRepeatable: boolean;
}

/** All methods throw ProblemError, QueueUnavailableError, QueueFullError, and what the stream throws when its sender goes. */
export class ReceiveRows {
  constructor(private readonly parts: ReceiveRowsParts) {}

  /** @returns rows in the queue */
  async receive(plan: BatchPlan, upload: Upload, { onInvalid, isRepeatable }: ReceiveOptions): Promise<number> {
    try {
      return onInvalid === 'reject'
        ? await this.#receiveAll(plan, upload, isRepeatable)
        : await this.#receiveAsTheyCome(plan, upload, isRepeatable);
    } catch (error) {
      throw toUploadProblem(error);
    }
  }

  /** The batch takes no more rows: what comes must be what is there. */
  async compare(record: BatchRecord, upload: Upload): Promise<void> {
    const repeat = this.parts.writer.repeat(record);
    try {
      for await (const rows of this.#rows(record.plan, upload)) await repeat.add(rows);
      await repeat.finish();
    } catch (error) {
      throw toUploadProblem(error);
    }
  }

  async #receiveAsTheyCome(plan: BatchPlan, upload: Upload, isRepeatable: boolean): Promise<number> {
    let queue: BatchUpload | null = null;
    try {
      for await (const rows of this.#rows(plan, upload)) {
        queue ??= await this.#open(plan, upload, isRepeatable, 'to_come');
        await queue.add(rows);
      }
      if (queue === null) throw emptyBatch();
      await queue.finish();
      return queue.rows;
    } catch (error) {
      if (queue !== null) await giveUp(queue, toUploadProblem(error), isRepeatable);
      throw error;
    } finally {
      queue?.release();
    }
  }

  /** Nothing is in the queue before the last row was read and all of them are valid. */
  async #receiveAll(plan: BatchPlan, upload: Upload, isRepeatable: boolean): Promise<number> {
    // Nothing is written before all of it is here: whoever comes while Redis is away hears of it before.
    await this.parts.writer.find(plan.model, plan.id);
    const spool = await Spool.open(this.parts.dataDir);
    try {
      const invalid = new InvalidRows();
      let index = 0;
      for await (const rows of this.#rows(plan, upload)) {
        for (const [i, { problems }] of rows.entries()) if (problems !== null) invalid.add(index + i, problems);
        index += rows.length;
        if (invalid.count === 0) await spool.write(rows);
      }
      if (index === 0) throw emptyBatch();
      if (invalid.count > 0) throw invalid.toProblem(index);
      await this.#send(spool, await this.#open(plan, upload, isRepeatable, 'here'), isRepeatable);
      return index;
    } finally {
      await spool.close();
    }
  }

  async #send(spool: Spool, queue: BatchUpload, isRepeatable: boolean): Promise<void> {
    try {
      for await (const rows of spool.read()) await queue.add(rows);
      await queue.finish();
    } catch (error) {
      await giveUp(queue, toUploadProblem(error), isRepeatable);
      throw error;
    } finally {
      queue.release();
    }
  }

  #open(plan: BatchPlan, { isSenderGone }: Upload, isRepeatable: boolean, rows: RowsOfSender): Promise<BatchUpload> {
    return this.parts.writer.open(plan, { isRepeatable, isGone: isSenderGone }, rows);
  }

  #rows(plan: BatchPlan, upload: Upload): ReturnType<RowSource['rows']> {
    const version: ModelVersion = this.parts.catalogue.version(plan.versionId);
    return this.parts.source.rows(upload, version);
  }
}

/** What becomes of the part that is in the queue. */
async function giveUp(queue: BatchUpload, answer: unknown, isRepeatable: boolean): Promise<void> {
  const isOver = !isRepeatable || isRefusal(answer) || isStopped(answer) || (await queue.isStopped());
  // It may be sent again; if nobody does, the janitor ends it.
  if (isOver) await queue.fail(failureOf(answer)).catch(() => undefined);
}
