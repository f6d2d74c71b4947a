/** Child process of the bench: adds to BullMQ's queues as its documentation says, and waits as it says. */
import { Queue, QueueEvents } from 'bullmq';
import { Redis } from 'ioredis';
import { BULK_SIZE, FLOOD_QUEUE, WAIT_QUEUE, type BareAnswer, type BareQuestion } from './bare-queue.js';
import { serveParent } from './child-channel.js';
import { nowMs } from './clock.js';

let connection: Redis | null = null;

serveParent(async (question: BareQuestion): Promise<BareAnswer> => {
  connection ??= new Redis(question.redisUrl, { maxRetriesPerRequest: null });
  switch (question.kind) {
    case 'flood':
      return flood(connection, question.prefix, question.jobs, question.inputs);
    case 'round-trips':
      return roundTrips(connection, question.prefix, question.jobs, question.inputs);
    case 'clean':
      await new Queue(FLOOD_QUEUE, { connection, prefix: question.prefix }).obliterate({ force: true, count: 1_000 });
      return { firstAddedAtMs: 0, roundTripsMs: [] };
    case 'work':
    case 'completed':
      throw new Error('a producer does not work');
  }
});

async function flood(redis: Redis, prefix: string, jobs: number, inputs: readonly unknown[]): Promise<BareAnswer> {
  const queue = new Queue(FLOOD_QUEUE, { connection: redis, prefix });
  await queue.waitUntilReady();
  const firstAddedAtMs = nowMs();
  for (let added = 0; added < jobs; added += BULK_SIZE) {
    const size = Math.min(BULK_SIZE, jobs - added);
    const bulk = Array.from({ length: size }, (_, i) => ({
      name: 'prediction',
      data: { input: inputs[(added + i) % inputs.length] },
    }));
    await queue.addBulk(bulk);
  }
  return { firstAddedAtMs, roundTripsMs: [] };
}

async function roundTrips(redis: Redis, prefix: string, jobs: number, inputs: readonly unknown[]): Promise<BareAnswer> {
  const queue = new Queue(WAIT_QUEUE, { connection: redis, prefix });
  const lastEventId = await lastEventOf(redis, queue);
  const events = new QueueEvents(WAIT_QUEUE, { connection: redis.duplicate(), prefix, lastEventId });
  await Promise.all([queue.waitUntilReady(), events.waitUntilReady()]);
  const firstAddedAtMs = nowMs();
  const roundTripsMs: number[] = [];
  for (let i = 0; i < jobs; i += 1) {
    const began = performance.now();
    const job = await queue.add('prediction', { input: inputs[i % inputs.length] }, { removeOnComplete: 1_000 });
    await job.waitUntilFinished(events);
    roundTripsMs.push(performance.now() - began);
  }
  await events.close();
  return { firstAddedAtMs, roundTripsMs };
}

/** From here on none is missed. Otherwise BullMQ begins with what comes after its first question, and a job may end before. */
async function lastEventOf(redis: Redis, queue: Queue): Promise<string> {
  const [last] = await redis.xrevrange(queue.toKey('events'), '+', '-', 'COUNT', 1);
  return last?.[0] ?? '0-0';
}
