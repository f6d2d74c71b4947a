/**
 * How much waits, and whether there is room for more: looked at once a second, not at every request.
 */
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { PRIORITIES, type Priority } from '#domain/prediction';
import { rowsOfJobName } from './job-name.js';
import type { QueueSet, ModelQueues } from './model-queues.js';
import type { RedisWatch } from './redis-watch.js';
import { Rounds } from './rounds.js';

export interface BacklogLimits {
  /** Predictions that may wait for one model. */
  readonly maxQueueDepth: number;
  /** Share of Redis's memory limit above which nothing new is accepted. */
  readonly redisMemoryMark: number;
  /** Whether an operator lets the model take nothing new. */
  readonly isDraining: (model: string) => boolean;
}

export interface ModelBacklog {
  /** Jobs by BullMQ's state. */
  readonly jobs: Readonly<Record<string, number>>;
  /** Those of low priority are in the bulk queue. */
  readonly byPriority: Readonly<Record<Priority, QueueBacklog>>;
  /** Predictions that failed for good and are kept. */
  readonly deadLetters: number;
}

/** What waits and runs in one queue: predictions by state, estimated from the jobs and a sample of their sizes. */
export interface QueueBacklog {
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
  /** When the job at the head of the queue was added, milliseconds since the epoch; null where none waits. */
  readonly oldestAtMs: number | null;
}

/** Nothing more can wait, new or not. */
export interface Full {
  readonly kind: 'queue_full' | 'storage_full';
  readonly retryAfterS: number;
}

export interface Draining {
  readonly kind: 'draining';
  readonly retryAfterS: number;
}

interface HasRoom {
  readonly kind: 'room';
}

/** For what was accepted before, as a batch whose rows still arrive. */
export type Room = HasRoom | Full;
/** For what is new. */
export type RoomForNew = Room | Draining;
export type NoRoom = Full | Draining;

const LOOK_EVERY_MS = 1_000;
const SAMPLE = 10;
const STATES = ['waiting', 'active', 'delayed', 'prioritized', 'failed', 'completed'] as const;
const RETRY_AFTER_S = 5;
/** A drain is ended by hand. */
const DRAINING_RETRY_AFTER_S = 30;

export class Backlog {
  readonly #models = new Map<string, ModelBacklog>();
  /** Accepted by this process since the last look, by priority. */
  readonly #since = new Map<string, Record<Priority, number>>();
  readonly #looks: Rounds;

  constructor(
    private readonly queues: ModelQueues,
    private readonly names: readonly string[],
    private readonly limits: BacklogLimits,
    private readonly watch: Pick<RedisWatch, 'isUp' | 'share'>,
    onError: (error: Error) => void,
  ) {
    this.#looks = new Rounds(() => this.look(), LOOK_EVERY_MS, onError);
  }

  start(): void {
    void this.#looks.start();
  }

  stop(): void {
    void this.#looks.stop();
  }

  of(model: string): ModelBacklog {
    return this.#models.get(model) ?? EMPTY;
  }

  /** Whether a new prediction or batch may be accepted for the model. */
  roomForNew(model: string): RoomForNew {
    const room = this.roomFor(model);
    if (room.kind === 'storage_full' || !this.#isCounted || !this.limits.isDraining(model)) return room;
    return { kind: 'draining', retryAfterS: DRAINING_RETRY_AFTER_S };
  }

  /** Whether one more prediction may wait for the model, given that it was accepted. */
  roomFor(model: string): Room {
    const storage = this.storage();
    if (storage.kind !== 'room' || !this.#isCounted) return storage;
    const since = this.#sinceOf(model);
    const unfinished = unfinishedIn(this.of(model)) + since.normal + since.low;
    return unfinished < this.limits.maxQueueDepth
      ? { kind: 'room' }
      : { kind: 'queue_full', retryAfterS: RETRY_AFTER_S };
  }

  /** Whether Redis has memory for more, of whatever kind. */
  storage(): Room {
    const isFull = this.#isCounted && this.watch.share >= this.limits.redisMemoryMark;
    return isFull ? { kind: 'storage_full', retryAfterS: RETRY_AFTER_S } : { kind: 'room' };
  }

  /** What was counted before Redis went away, or froze, says nothing; the write itself will say that it is away. */
  get #isCounted(): boolean {
    return this.queues.redis.status === 'ready' && this.watch.isUp;
  }

  /** Call it once Redis has confirmed the predictions: its next count has all that it confirmed before. */
  accepted(model: string, predictions = 1, priority: Priority = 'normal'): void {
    this.#sinceOf(model)[priority] += predictions;
  }

  async look(): Promise<void> {
    const { redis } = this.queues;
    if (redis.status !== 'ready') return;
    for (const model of this.names) {
      const since = this.#sinceOf(model);
      const counted: Record<Priority, number> = { normal: 0, low: 0 };
      // One connection answers in order: what it has confirmed until a count arrives is in that count. What it confirms
      // in the same moment may be missing until the next look; nothing is ever counted twice, and so refused too early.
      const onCount = (priority: Priority): void => {
        counted[priority] = since[priority];
      };
      this.#models.set(model, await count(redis, this.queues.of(model), onCount));
      since.normal -= counted.normal;
      since.low -= counted.low;
    }
  }

  #sinceOf(model: string): Record<Priority, number> {
    let since = this.#since.get(model);
    if (since === undefined) this.#since.set(model, (since = { normal: 0, low: 0 }));
    return since;
  }
}

/** Predictions of these priorities that wait or run. */
export function unfinishedIn(
  backlog: Pick<ModelBacklog, 'byPriority'>,
  priorities: readonly Priority[] = PRIORITIES,
): number {
  let sum = 0;
  for (const priority of priorities) {
    const { waiting, active, delayed } = backlog.byPriority[priority];
    sum += waiting + active + delayed;
  }
  return sum;
}

const NOTHING: QueueBacklog = { waiting: 0, active: 0, delayed: 0, oldestAtMs: null };
const EMPTY: ModelBacklog = {
  jobs: {},
  byPriority: { normal: NOTHING, low: NOTHING },
  deadLetters: 0,
};

async function count(
  redis: Redis,
  { interactive, bulk, retry }: QueueSet,
  onCount: (priority: Priority) => void,
): Promise<ModelBacklog> {
  const countOf = async (queue: Queue, priority?: Priority): Promise<Record<string, number>> => {
    const counts = await queue.getJobCounts(...STATES);
    // What Redis confirmed in the same read has been told of by the next turn.
    await turnOfTheLoop();
    if (priority !== undefined) onCount(priority);
    return counts;
  };
  const counts = await Promise.all([countOf(interactive, 'normal'), countOf(bulk, 'low'), countOf(retry)]);
  const jobs = Object.fromEntries(
    STATES.map((state) => [state, counts.reduce((sum, count) => sum + (count[state] ?? 0), 0)]),
  );
  const [inInteractive, inBulk, inRetry] = counts;
  const own = await backlogOf(redis, interactive, inInteractive);
  const retries = await backlogOf(redis, retry, inRetry);
  const low = await backlogOf(redis, bulk, inBulk);
  // Retry jobs run as soon as they can, whatever queue they came from.
  const normal = {
    waiting: own.waiting + retries.waiting,
    active: own.active + retries.active,
    delayed: own.delayed + retries.delayed,
    oldestAtMs: earlier(own.oldestAtMs, retries.oldestAtMs),
  };
  return {
    jobs,
    byPriority: { normal, low },
    deadLetters: inRetry['failed'] ?? 0,
  };
}

function earlier(a: number | null, b: number | null): number | null {
  if (a === null) return b;
  return b === null ? a : Math.min(a, b);
}

async function backlogOf(redis: Redis, queue: Queue, jobs: Readonly<Record<string, number>>): Promise<QueueBacklog> {
  const [waiting, active, delayed] = [
    (jobs['waiting'] ?? 0) + (jobs['prioritized'] ?? 0),
    jobs['active'] ?? 0,
    jobs['delayed'] ?? 0,
  ];
  if (waiting + active + delayed === 0) return NOTHING;
  const { meanRows, oldestAtMs } = await sample(redis, queue);
  return {
    waiting: Math.round(waiting * meanRows),
    active: Math.round(active * meanRows),
    delayed: Math.round(delayed * meanRows),
    oldestAtMs,
  };
}

/** The jobs that will be taken next: how many rows each has, by its name, and the age of the first. */
async function sample(redis: Redis, queue: Queue): Promise<{ meanRows: number; oldestAtMs: number | null }> {
  const ids = await queue.getRanges(['waiting'], 0, SAMPLE - 1, true);
  const jobs = await Promise.all(ids.map((id) => redis.hmget(queue.toKey(id), 'name', 'timestamp')));
  if (jobs.length === 0) return { meanRows: 1, oldestAtMs: null };
  const sizes = jobs.map(([name]) => rowsOfJobName(name ?? '') ?? 1);
  const times = jobs.flatMap(([, timestamp]) => (typeof timestamp === 'string' ? [Number(timestamp)] : []));
  return {
    meanRows: sizes.reduce((sum, size) => sum + size, 0) / sizes.length,
    oldestAtMs: times.length === 0 ? null : Math.min(...times),
  };
}
