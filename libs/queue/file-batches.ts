/**
 * Batches that were made of files: the list of each client, and those that never became batches because their files were
 * not right. What became one is an ordinary batch, and its record says of which file.
 */
import { randomBytes } from 'node:crypto';
import type { BatchSource } from '#domain/batch';
import { withinBudget } from './connection.js';
import type { ModelQueues } from './model-queues.js';

/** What is wrong with a file. */
export interface LineProblem {
  readonly code: string;
  readonly message: string;
  /** Of the file, from 1; null for the file itself. */
  readonly line: number | null;
  readonly param: string | null;
}

/** A batch that failed before its first row. */
export interface RefusedBatch {
  readonly id: string;
  readonly client: string;
  readonly source: BatchSource;
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly createdAtMs: number;
  readonly problems: readonly LineProblem[];
}

/** Ids a client may have in its list; more are found by their ids alone. */
const MOST_LISTED = 1_000;

export class FileBatches {
  constructor(
    private readonly queues: ModelQueues,
    private readonly ttlSeconds: number,
  ) {}

  async note(client: string, id: string, createdAtMs: number): Promise<void> {
    const { redis, catalogue } = this.queues;
    const list = catalogue.clientFileBatchesKey(client);
    await withinBudget(redis, async () => {
      await redis.zadd(list, createdAtMs, id);
      await redis.zremrangebyrank(list, 0, -MOST_LISTED - 1);
    });
  }

  /** @returns it with its id */
  async refuse(refused: Omit<RefusedBatch, 'id' | 'createdAtMs'>): Promise<RefusedBatch> {
    const { redis, catalogue } = this.queues;
    const record = { ...refused, id: `r${randomBytes(13).toString('hex')}`, createdAtMs: Date.now() };
    const key = catalogue.refusedBatchKey(record.id);
    await withinBudget(redis, () => redis.set(key, JSON.stringify(record), 'EX', this.ttlSeconds));
    await this.note(record.client, record.id, record.createdAtMs);
    return record;
  }

  /** @returns null for one that nobody knows, whose time is over, or that is another client's */
  async findRefused(client: string, id: string): Promise<RefusedBatch | null> {
    const { redis, catalogue } = this.queues;
    const text = await withinBudget(redis, () => redis.get(catalogue.refusedBatchKey(id)));
    const record = text === null ? null : (JSON.parse(text) as RefusedBatch);
    return record?.client === client ? record : null;
  }

  /** Ids of a client's, newest first. @param after continue behind this one; nothing is behind one that is not listed */
  async idsOf(client: string, limit: number, after: string | null): Promise<string[]> {
    const { redis, catalogue } = this.queues;
    const list = catalogue.clientFileBatchesKey(client);
    return withinBudget(redis, async () => {
      const rank = after === null ? -1 : await redis.zrevrank(list, after);
      return rank === null ? [] : redis.zrevrange(list, rank + 1, rank + limit);
    });
  }

  /** They are no longer kept. */
  async forget(client: string, ids: readonly string[]): Promise<void> {
    const { redis, catalogue } = this.queues;
    if (ids.length === 0) return;
    await withinBudget(redis, () => redis.zrem(catalogue.clientFileBatchesKey(client), ...ids));
  }
}
