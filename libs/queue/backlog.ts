/**
 * How much waits, and whether there is room for more: looked at once a second, not at every request.
 */
import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { MemoryWatch } from './memory.js';
import type { QueueSet, ModelQueues } from './model-queues.js';

export interface BacklogLimits {
  /** Predictions that may wait for one model. */
  readonly maxQueueDepth: number;
  /** Share of Redis's memory limit above which nothing new is accepted. */
  readonly redisMemoryMark: number;
}

export interface ModelBacklog {
  /** Jobs by BullMQ's state. */
  readonly jobs: Readonly<Record<string, number>>;
  /** Interactive predictions that wait or run, estimated from the jobs and a sample of their sizes. */
  readonly predictions: number;
  /** The same in the bulk queue. */
  readonly bulk: number;
}

export type Room =
  { readonly kind: 'room' } | { readonly kind: 'queue_full' | 'storage_full'; readonly retryAfterS: number };

const LOOK_EVERY_MS = 1_000;
const SAMPLE = 10;
const STATES = ['waiting', 'active', 'delayed', 'prioritized', 'failed', 'completed'] as const;
const RETRY_AFTER_S = 5;

export class Backlog {
  readonly #models = new Map<string, ModelBacklog>();
  /** Accepted by this process since the last look. */
  readonly #since = new Map<string, number>();
  #timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly queues: ModelQueues,
    private readonly names: readonly string[],
    private readonly limits: BacklogLimits,
    private readonly memory: Pick<MemoryWatch, 'share'>,
    private readonly onError: (error: Error) => void,
  ) {}

  start(): void {
    const look = (): void => {
      void this.look()
        .catch(this.onError)
        .finally(() => {
          this.#timer = setTimeout(look, LOOK_EVERY_MS);
        });
    };
    look();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  of(model: string): ModelBacklog {
    return this.#models.get(model) ?? { jobs: {}, predictions: 0, bulk: 0 };
  }

  /** Whether one more prediction may wait for the model. */
  roomFor(model: string): Room {
    // What was counted before Redis went away says nothing; the write itself will say that it is away.
    if (this.queues.redis.status !== 'ready') return { kind: 'room' };
    if (this.memory.share >= this.limits.redisMemoryMark) return { kind: 'storage_full', retryAfterS: RETRY_AFTER_S };
    const { predictions, bulk } = this.of(model);
    const waiting = predictions + bulk + (this.#since.get(model) ?? 0);
    return waiting < this.limits.maxQueueDepth ? { kind: 'room' } : { kind: 'queue_full', retryAfterS: RETRY_AFTER_S };
  }

  accepted(model: string, predictions = 1): void {
    this.#since.set(model, (this.#since.get(model) ?? 0) + predictions);
  }

  async look(): Promise<void> {
    const { redis } = this.queues;
    if (redis.status !== 'ready') return;
    for (const model of this.names) {
      // What is accepted while Redis counts is counted twice at worst, never missed.
      const before = this.#since.get(model) ?? 0;
      const backlog = await count(redis, this.queues.of(model));
      this.#models.set(model, backlog);
      this.#since.set(model, Math.max(0, (this.#since.get(model) ?? 0) - before));
    }
  }
}

async function count(redis: Redis, { interactive, bulk, retry }: QueueSet): Promise<ModelBacklog> {
  const counts = await Promise.all([interactive, bulk, retry].map((queue) => queue.getJobCounts(...STATES)));
  const jobs = Object.fromEntries(
    STATES.map((state) => [state, counts.reduce((sum, count) => sum + (count[state] ?? 0), 0)]),
  );
  const [inInteractive = {}, inBulk = {}, inRetry = {}] = counts;
  return {
    jobs,
    predictions: (await rowsOf(redis, interactive, open(inInteractive))) + open(inRetry),
    bulk: await rowsOf(redis, bulk, open(inBulk)),
  };
}

async function rowsOf(redis: Redis, queue: Queue, unfinished: number): Promise<number> {
  return unfinished === 0 ? 0 : Math.round(unfinished * (await meanRows(redis, queue)));
}

function open(jobs: Readonly<Record<string, number>>): number {
  return (jobs['waiting'] ?? 0) + (jobs['active'] ?? 0) + (jobs['delayed'] ?? 0) + (jobs['prioritized'] ?? 0);
}

/** Mean rows of a job, from the names of a few that wait: `iris:1.0.0 x21`. */
async function meanRows(redis: Redis, queue: Queue): Promise<number> {
  const ids = await queue.getRanges(['waiting'], 0, SAMPLE - 1);
  if (ids.length === 0) return 1;
  const names = await Promise.all(ids.map((id) => redis.hget(queue.toKey(id), 'name')));
  const sizes = names.map((name) => Number(/ x(\d+)$/.exec(name ?? '')?.[1] ?? 1));
  return sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
}
