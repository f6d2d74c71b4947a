/** Where a batch stands. */
import {
  type Batch,
  type BatchCounts,
  batchEnvelopeId,
  type BatchPlan,
  batchTimeMs,
  hasBatchEnded,
  rowsEnded,
} from '#domain/batch';
import { announcementId, qualifiedAnnouncementQueue } from './announcements.js';
import { BatchResults } from './batch-results.js';
import { Batches, type BatchRecord, statusOf, toRecord } from './batches.js';
import type { EnvelopeReader } from './envelope-reader.js';
import { rowsOfJobName } from './job-name.js';
import type { ModelQueues } from './model-queues.js';
import type { Settlement } from './outcomes.js';

const NO_COUNTS: BatchCounts = { succeeded: 0, failed: 0, dropped: 0 };

export class BatchReader {
  readonly batches: Batches;
  readonly results: BatchResults;

  constructor(
    private readonly queues: ModelQueues,
    predictions: EnvelopeReader,
    private readonly resultTtlSeconds: number,
  ) {
    this.batches = new Batches(queues.redis, queues.catalogue);
    this.results = new BatchResults(queues, predictions);
  }

  /**
   * May write: ends a batch that is complete, aborts one that is overdue.
   * @returns null for a batch that nobody knows, or whose time is over
   */
  async readUpToDate(model: string, id: string): Promise<Batch | null> {
    const found = await this.#look(model, id);
    if (found === null) return null;
    const { record, open } = found;
    if (record.state === 'closed' && open === 0) await this.batches.end(record.plan, found.counts);
    else if (this.#isOver(record)) return null;
    else if (isOverdue(record)) {
      await this.batches.mark(model, id, { kind: 'aborted', atMs: record.plan.expiresAtMs });
    } else return toBatch(found);
    const now = await this.#look(model, id);
    if (now === null || this.#isOver(now.record)) return null;
    return toBatch(now);
  }

  /**
   * What `results` needs and no more: where all of its envelopes stand is not counted.
   * @returns null as `readUpToDate`
   */
  async readRecord(model: string, id: string): Promise<BatchRecord | null> {
    const record = await this.batches.read(model, id);
    return record === null || this.#isOver(record) ? null : record;
  }

  /** Whether a batch that is not there may have ended, as far as its id can say: it was made longer ago than one is kept. */
  mayBeOver(id: string): boolean {
    return this.#isPastKeeping(batchTimeMs(id));
  }

  #isOver({ endedAtMs }: BatchRecord): boolean {
    return endedAtMs !== null && this.#isPastKeeping(endedAtMs);
  }

  #isPastKeeping(sinceMs: number): boolean {
    return Date.now() - sinceMs > this.resultTtlSeconds * 1_000;
  }

  async #look(model: string, id: string): Promise<Look | null> {
    const { redis, catalogue } = this.queues;
    const parent = `${qualifiedAnnouncementQueue(catalogue, model)}:${announcementId(id)}`;
    const answers = await redis
      .pipeline()
      .hgetall(catalogue.batchKey(model, id))
      // Before those that have ended: where none is open, all of them are counted.
      .scard(`${parent}:dependencies`)
      .hvals(`${parent}:processed`)
      .hkeys(`${parent}:failed`)
      .hget(catalogue.envelopeKey(model, batchEnvelopeId(id, 0)), 'processedOn')
      .exec();
    const [fields, open, processed, failed, started] = (answers ?? []).map(([error, answer]) => {
      if (error !== null) throw error;
      return answer;
    }) as [Record<string, string>, number, string[], string[], string | null];
    const record = toRecord(fields);
    if (record === null) return null;
    const counts = record.counts ?? count(processed, await this.#rowsFailed(record.plan, failed));
    return { record, counts, open, startedAtMs: started === null ? null : Number(started) };
  }

  /** @param keys of the jobs that failed: a retry job is one row, an envelope all of its rows */
  async #rowsFailed({ rowsPerEnvelope }: BatchPlan, keys: readonly string[]): Promise<number> {
    const envelopes = keys.filter((key) => !key.endsWith('-r')).sort();
    const retried = keys.length - envelopes.length;
    // Only the last of a batch may be a smaller one; their numbers are the ends of their keys.
    const last = envelopes.pop();
    if (last === undefined) return retried;
    const name = await this.queues.redis.hget(last, 'name');
    return (
      retried + envelopes.length * rowsPerEnvelope + (name === null ? rowsPerEnvelope : (rowsOfJobName(name) ?? 0))
    );
  }
}

interface Look {
  readonly record: BatchRecord;
  readonly counts: BatchCounts;
  /** Envelopes and retry jobs that have not ended, and the gate. */
  readonly open: number;
  readonly startedAtMs: number | null;
}

function toBatch({ record, counts, startedAtMs }: Look): Batch {
  const { plan, envelopes, endedAtMs, failure } = record;
  const status = statusOf(record);
  // Some may have ended before their record says that they are there.
  const rows = Math.max(record.rows, rowsEnded(counts));
  return { plan, status, rows, envelopes, counts, startedAtMs, endedAtMs, failure };
}

function isOverdue(record: BatchRecord): boolean {
  return !hasBatchEnded(statusOf(record)) && Date.now() >= record.plan.expiresAtMs;
}

/** @param processed what each job that ended was completed with */
function count(processed: readonly string[], rowsFailed: number): BatchCounts {
  const total = { ...NO_COUNTS, failed: rowsFailed };
  for (const value of processed) {
    const { counts } = JSON.parse(value) as Settlement;
    total.succeeded += counts.succeeded;
    total.failed += counts.failed;
    total.dropped += counts.dropped;
  }
  return total;
}
