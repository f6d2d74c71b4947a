/**
 * A Redis that has forgotten its scripts, as after `SCRIPT FLUSH` or a failover, costs nobody anything. BullMQ adds a job
 * and its announcement in a transaction, where nothing is sent again by itself.
 */
import { expect, it, onTestFinished } from 'vitest';
import type { Callback } from '#domain/callback';
import type { Envelope } from '#contract/envelope';
import { announcementId } from '#queue/announcements';
import { EnvelopeWriter } from '#queue/envelope-writer';
import { ModelQueues } from '#queue/model-queues';
import { addRetryJobs } from '#queue/retry-job';
import { batchRows, bulkIntake, planOf, readerOf, uploadOf, writerOf } from '#testing/batch-corner';
import { until } from '#testing/patience';
import { addressOf, MODEL, newPrediction, QueueCorner } from '#testing/queue-corner';
import { ownRedis } from '../stage.js';

const callback: Callback = { url: null, events: ['completed'], owner: 'millrace', baseUrl: 'http://x' };

/** On a Redis of its own: others would lose their scripts as well. */
async function forgetful() {
  const redis = await ownRedis();
  await redis.start();
  onTestFinished(() => redis.remove());
  const corner = await QueueCorner.open(redis.url);
  return { redis, corner, forget: () => corner.redis.script('FLUSH') };
}

/** A process that has added nothing yet. */
async function freshWriter(corner: QueueCorner): Promise<EnvelopeWriter> {
  const queues = new ModelQueues(await corner.connect('producer'), corner.catalogue, corner.onError);
  return new EnvelopeWriter(queues, corner.origin, () => null);
}

const write = async (writer: EnvelopeWriter): Promise<string> => {
  const { id } = await writer.write(newPrediction({ callback }));
  return addressOf(id).envelopeId;
};

/** Both are in the queue, and one waits for the other. */
async function expectWhole({ queues }: QueueCorner, envelopeId: string): Promise<void> {
  const { interactive, announcements } = queues.of(MODEL);
  expect(await interactive.getJobState(envelopeId)).toBe('waiting');
  expect(await announcements.getJobState(announcementId(envelopeId))).toBe('waiting-children');
}

it('accepts predictions whose end is to be told', async () => {
  const { corner, forget } = await forgetful();
  await expectWhole(corner, await write(corner.writer));
  for (let i = 0; i < 3; i += 1) {
    await forget();
    await expectWhole(corner, await write(corner.writer));
  }
});

it('does not take half of it, whatever was added before', async () => {
  const { corner, forget } = await forgetful();
  const other = await freshWriter(corner);
  await other.write(newPrediction());
  await forget();
  // It knows how to add a job, and Redis does not any more.
  await expectWhole(corner, await write(other));
  await forget();
  await other.write(newPrediction());
  await expectWhole(corner, await write(other));
  await expectWhole(corner, await write(corner.writer));
});

it('accepts them after a restart', async () => {
  const { corner, redis } = await forgetful();
  const writer = await freshWriter(corner);
  await write(writer);
  await redis.kill();
  await redis.start();
  const id = await until(() => write(writer).catch(() => null), { deadlineMs: 20_000, what: 'Redis to be back' });
  await expectWhole(corner, id);
});

it('adds retry jobs that somebody is told of', async () => {
  const { corner, forget } = await forgetful();
  const envelopeId = await write(corner.writer);
  const job = await corner.queues.of(MODEL).interactive.getJob(envelopeId);
  await forget();
  await addRetryJobs(corner.queues, envelopeId, job!.data as Envelope, [0], { reason: 'suspect', attempts: 1 });
  expect(await corner.queues.of(MODEL).retry.getWaitingCount()).toBe(1);
  expect(corner.errors).toEqual([]);
});

it('takes a batch: its gate and its parts', async () => {
  const { corner, forget } = await forgetful();
  await uploadOf(writerOf(corner), planOf());
  await forget();
  const open = await uploadOf(writerOf(corner), planOf());
  await forget();
  await open.add(batchRows(20));
  await forget();
  await open.finish();
  await forget();
  const intake = bulkIntake(corner);
  const reader = readerOf(corner);
  await until(async () => (await reader.readUpToDate(MODEL, open.plan.id))?.status === 'completed', {
    deadlineMs: 30_000,
    what: 'the batch to end',
  });
  await intake.stop();
});
