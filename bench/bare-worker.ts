/** Child process of the bench: a BullMQ worker that does nothing, as quick as BullMQ alone can be. */
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { CONCURRENCY, FLOOD_QUEUE, WAIT_QUEUE, type BareAnswer, type BareQuestion } from './bare-queue.js';
import { serveParent } from './child-channel.js';

serveParent(async ({ redisUrl, prefix }: BareQuestion): Promise<BareAnswer> => {
  const connection = new Redis(redisUrl, { maxRetriesPerRequest: null });
  const workers = [FLOOD_QUEUE, WAIT_QUEUE].map(
    (name) => new Worker(name, () => Promise.resolve(), { connection, prefix, concurrency: CONCURRENCY }),
  );
  await Promise.all(workers.map((worker) => worker.waitUntilReady()));
  return { firstAddedAtMs: 0, roundTripsMs: [] };
});
