/** Removes results past their time. BullMQ does so only when another job ends: in a quiet queue that is never. */
import type { Queue } from 'bullmq';
import { batchIdOfEnvelope } from './catalogue.js';
import { drain, inGroups, unlessBroken } from './draining.js';
import type { ModelQueues } from './model-queues.js';

/** How many are looked at, or removed by one script, at a time. */
const PAGE = 1_000;
const STATES = ['completed', 'failed'] as const;

export class OverdueResults {
  constructor(
    private readonly queues: ModelQueues,
    private readonly resultTtlSeconds: number,
  ) {}

  async sweep(model: string): Promise<void> {
    const { interactive, bulk, retry, announcements } = this.queues.of(model);
    const beforeMs = Date.now() - this.resultTtlSeconds * 1_000;
    for (const state of STATES) {
      for (const queue of [interactive, announcements]) await this.#removeAll(queue, state, beforeMs);
      for (const queue of [bulk, retry]) await this.#removeUnlessPart(model, queue, state, beforeMs);
    }
  }

  async #removeAll(queue: Queue, state: (typeof STATES)[number], beforeMs: number): Promise<void> {
    const due = await this.queues.redis.zcount(queue.toKey(state), '-inf', beforeMs);
    await drain(due, PAGE, async (most) => (await queue.clean(Date.now() - beforeMs, most, state)).length);
  }

  /** Parts of a batch stay as long as their batch: what follows them is behind them. */
  async #removeUnlessPart(model: string, queue: Queue, state: string, beforeMs: number): Promise<void> {
    const { redis, onError } = this.queues;
    const key = queue.toKey(state);
    let kept = 0;
    await drain(await redis.zcount(key, '-inf', beforeMs), PAGE, async (most) => {
      const page = await redis.zrange(key, kept, String(kept + most - 1), 'WITHSCORES');
      const ids = page.filter((_, i) => i % 2 === 0 && Number(page[i + 1]) <= beforeMs);
      let removed = 0;
      await inGroups(await this.#notParts(model, ids), async (id) => {
        const isRemoved = (await unlessBroken(queue.remove(id), onError)) === 1;
        if (isRemoved) removed += 1;
      });
      kept += ids.length - removed;
      return ids.length;
    });
  }

  /** Those whose batch is gone, or that never were of one. */
  async #notParts(model: string, ids: readonly string[]): Promise<string[]> {
    const { redis, catalogue } = this.queues;
    const batchOf = (id: string): string => batchIdOfEnvelope(model, id.split('-')[0] ?? '');
    const batchIds = [...new Set(ids.map(batchOf))];
    const asking = redis.pipeline();
    for (const batchId of batchIds) asking.exists(catalogue.batchKey(model, batchId));
    const answers = (await asking.exec()) ?? [];
    const living = new Set(
      batchIds.filter((_, i) => {
        const [error, answer] = answers[i] ?? [null, 1];
        if (error !== null) throw error;
        return answer === 1;
      }),
    );
    return ids.filter((id) => !living.has(batchOf(id)));
  }
}
