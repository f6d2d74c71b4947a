/** Child process of the bench: a BullMQ worker that does nothing, as quick as BullMQ alone can be. */
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { CONCURRENCY, FLOOD_QUEUE, WAIT_QUEUE, type BareAnswer, type BareQuestion } from './bare-queue.js';
import { serveParent } from './child-channel.js';
import { nowMs } from './clock.js';

/** It counts, so that nobody has to ask Redis meanwhile. */
const flood = { completed: 0, awaited: Infinity, onAll: (): void => undefined };

serveParent(async (question: BareQuestion): Promise<BareAnswer> => {
  if (question.kind === 'completed') {
    const lastCompletedAtMs = await completed(question.jobs);
    return { firstAddedAtMs: 0, lastCompletedAtMs, roundTripsMs: [] };
  }
  const { redisUrl, prefix } = question;
  const connection = new Redis(redisUrl, { maxRetriesPerRequest: null });
  const workers = [FLOOD_QUEUE, WAIT_QUEUE].map(
    (name) => new Worker(name, () => Promise.resolve(), { connection, prefix, concurrency: CONCURRENCY }),
  );
  workers[0]?.on('completed', () => {
    flood.completed += 1;
    if (flood.completed === flood.awaited) flood.onAll();
  });
  await Promise.all(workers.map((worker) => worker.waitUntilReady()));
  return { firstAddedAtMs: 0, roundTripsMs: [] };
});

function completed(jobs: number): Promise<number> {
  flood.completed = 0;
  flood.awaited = jobs;
  return new Promise((resolve) => (flood.onAll = () => resolve(nowMs())));
}
