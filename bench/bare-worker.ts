/** Child process of the bench: a BullMQ worker that does nothing, as quick as BullMQ alone can be. */
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { CONCURRENCY, FLOOD_QUEUE, WAIT_QUEUE, type BareAnswer, type BareQuestion } from './bare-queue.js';
import { serveParent } from './child-channel.js';
import { nowMs } from './clock.js';

/** Counts the jobs of a flood, so that nobody has to ask Redis meanwhile. */
class FloodCount {
  #completed = 0;
  #lastAtMs = 0;
  #awaited: { readonly jobs: number; readonly resolve: (lastAtMs: number) => void } | null = null;

  readonly one = (): void => {
    this.#completed += 1;
    this.#lastAtMs = nowMs();
    this.#look();
  };

  /** @returns when the last of so many was completed, milliseconds since the epoch; the next flood is counted anew */
  all(jobs: number): Promise<number> {
    return new Promise((resolve) => {
      this.#awaited = { jobs, resolve };
      // The first may have been completed before this was asked.
      this.#look();
    });
  }

  #look(): void {
    if (this.#awaited === null || this.#completed < this.#awaited.jobs) return;
    this.#awaited.resolve(this.#lastAtMs);
    this.#awaited = null;
    this.#completed = 0;
  }
}

const flood = new FloodCount();

serveParent(async (question: BareQuestion): Promise<BareAnswer> => {
  if (question.kind === 'completed') {
    const lastCompletedAtMs = await flood.all(question.jobs);
    return { firstAddedAtMs: 0, lastCompletedAtMs, roundTripsMs: [] };
  }
  const { redisUrl, prefix } = question;
  const connection = new Redis(redisUrl, { maxRetriesPerRequest: null });
  const workers = [FLOOD_QUEUE, WAIT_QUEUE].map(
    (name) => new Worker(name, () => Promise.resolve(), { connection, prefix, concurrency: CONCURRENCY }),
  );
  workers[0]?.on('completed', flood.one);
  await Promise.all(workers.map((worker) => worker.waitUntilReady()));
  return { firstAddedAtMs: 0, roundTripsMs: [] };
});
