/**
 * Puts the rows of a batch into its model's bulk queue while they still arrive.
 *
 * The batch is the parent of its envelopes in a BullMQ flow, and its announcement: it is released when the last of them
 * has ended. Until all are there a job that nobody runs, the gate, holds it back.
 *
 *     record -> announcement and gate -> envelopes, a few a command -> record closed -> gate removed
 *
 * Each step can be repeated. Envelope n of a batch has always the same rows, under an id that follows from n; so whoever
 * repeats an upload that was cut off adds what is missing, and nothing twice.
 */
import type { BatchPlan } from '#domain/batch';
import { addGate } from './batch-gate.js';
import { BatchRepeat } from './batch-repeat.js';
import { BatchUpload, type Sender, type UploadOptions } from './batch-upload.js';
import { Batches, type BatchRecord } from './batches.js';
import { withinBudget } from './connection.js';
import type { ModelQueues } from './model-queues.js';
import { patiently } from './patiently.js';

/** Envelopes that one batch may have: what a parent can count in a moment. */
export const MOST_ENVELOPES = 10_000;

/** `here`: all of them have come, and are not lost for a Redis that is restarted. */
export type RowsOfSender = 'to_come' | 'here';

export class BatchWriter {
  readonly #batches: Batches;

  constructor(
    private readonly queues: ModelQueues,
    private readonly options: UploadOptions,
  ) {
    this.#batches = new Batches(queues.redis, queues.catalogue);
  }

  /** @throws QueueUnavailableError */
  find(model: string, id: string): Promise<BatchRecord | null> {
    return withinBudget(this.queues.redis, () => this.#batches.read(model, id));
  }

  /**
   * Begins a batch, or goes on with one that was cut off. Before its first row little is lost: whoever comes while Redis is
   * away hears of it at once.
   * @throws QueueUnavailableError, QueueFullError
   */
  async open(plan: BatchPlan, sender: Sender, rows: RowsOfSender = 'to_come'): Promise<BatchUpload> {
    const write = <T>(work: () => Promise<T>): Promise<T> =>
      rows === 'here' ? patiently(this.queues, work) : withinBudget(this.queues.redis, work);
    const kept = await write(() => this.#batches.create(plan));
    const upload = new BatchUpload(this.queues, this.#batches, this.options, kept, sender);
    try {
      // One that takes no more rows says so at the first of them.
      if (!(await upload.isStopped())) await write(() => addGate(this.queues, kept));
      return upload;
    } catch (error) {
      upload.release();
      throw error;
    }
  }

  /** For rows that come again, when the batch takes no more. */
  repeat(record: BatchRecord): BatchRepeat {
    return new BatchRepeat(this.queues, record);
  }
}
