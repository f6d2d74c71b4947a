/** A prediction that runs alone, and what it needs for that is not there: it is tried again, later and later, and ends. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Job } from 'bullmq';
import { expect, it, onTestFinished } from 'vitest';
import type { PredictionAddress } from '#domain/prediction-id';
import { Quarantine } from '#inference/quarantine';
import { retryJobId } from '#queue/catalogue';
import { Deadlines } from '#queue/deadlines';
import { setMark } from '#queue/marks';
import { addRetryJobs } from '#queue/retry-job';
import { StartReporter } from '#queue/starts';
import { entryFile, executorOptions, GOOD_INPUT, IRIS } from '#testing/executors';
import { until } from '#testing/patience';
import { MODEL, newPrediction, addressOf, QueueCorner } from '#testing/queue-corner';
import { ExecuteRetry } from '../../apps/worker/execute-retry.js';
import { InHand } from '../../apps/worker/in-hand.js';

/** One that left its envelope, which has ended. */
async function movedPrediction(corner: QueueCorner): Promise<PredictionAddress> {
  const { id } = await corner.writer.write(newPrediction({ versionId: IRIS.id, input: GOOD_INPUT }));
  const address = addressOf(id);
  const intake = corner.intake(async ({ jobId, envelope, attempt }) => {
    await addRetryJobs(corner.queues, jobId, envelope, [0], { reason: 'test', attempts: attempt });
    return { kind: 'outcomes', outcomes: [{ kind: 'moved', run: null }] };
  });
  await intake.settled(address);
  return address;
}

/** A worker that takes retry jobs, whose executors run what is in the file, if there is one. */
function worker(corner: QueueCorner, entry: string, serves = true) {
  const quarantine = new Quarantine({ ...executorOptions('inference/executor-main'), entry }, () => undefined);
  onTestFinished(() => quarantine.close());
  const starts = new StartReporter(corner.redis, corner.onError);
  const deadlines = new Deadlines(corner.redis, corner.catalogue, corner.onError);
  const execute = new ExecuteRetry({
    quarantine,
    queues: corner.queues,
    starts,
    deadlines,
    inHand: new InHand(),
    serves: () => serves,
  });
  return corner.intake((taken) => execute.run(taken), { kind: 'retry' });
}

async function freshEntry(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'millrace-entry-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return path.join(folder, 'executor.mjs');
}

/** Waits until it has been tried `attempts` times alone, and waits for the next. */
function delayed(corner: QueueCorner, address: PredictionAddress, attempts: number): Promise<Job> {
  const { retry } = corner.queues.of(MODEL);
  return until(
    async () => {
      const job = (await retry.getJob(retryJobId(address.envelopeId, address.row))) as Job | undefined;
      return job !== undefined && job.attemptsMade === attempts && (await job.isDelayed()) && job;
    },
    { deadlineMs: 20_000, what: `try ${attempts} to have failed` },
  );
}

it('is tried five times after growing pauses, and fails for good as a job of its own', async () => {
  const corner = await QueueCorner.open();
  const address = await movedPrediction(corner);
  const intake = worker(corner, await freshEntry());
  for (const [attempt, longestMs] of [1_000, 2_000, 4_000, 8_000].entries()) {
    const job = await delayed(corner, address, attempt + 1);
    expect(job.delay).toBeGreaterThanOrEqual(longestMs / 2);
    expect(job.delay).toBeLessThanOrEqual(longestMs);
    expect(job.failedReason).toBe('An executor process ended by code 1 before it ran.');
    // The one among others, and those alone.
    expect(await corner.standing(address)).toMatchObject({ status: 'starting', attempts: attempt + 2, failure: null });
    // Its pause may be over by itself.
    await job.promote().catch(() => undefined);
  }
  expect(await intake.settledBy(retryJobId(address.envelopeId, 0)).seen).toMatchObject({ failed: 1 });
  expect(await corner.standing(address)).toMatchObject({
    status: 'failed',
    attempts: 6,
    failure: {
      code: 'executor_unavailable',
      message: 'It could not be run in 5 tries. The last time: An executor process ended by code 1 before it ran.',
    },
  });
  const [failed] = await corner.queues.of(MODEL).retry.getFailed();
  expect(failed?.failedReason).toMatch(/^executor_unavailable: /);
});

it('succeeds where the reason has passed', async () => {
  const corner = await QueueCorner.open();
  const address = await movedPrediction(corner);
  const entry = await freshEntry();
  const intake = worker(corner, entry);
  const job = await delayed(corner, address, 1);
  await writeFile(entry, `import ${JSON.stringify(pathToFileURL(entryFile('inference/executor-main')).href)};`);
  await job.promote().catch(() => undefined);
  expect(await intake.settledBy(retryJobId(address.envelopeId, 0)).seen).toMatchObject({ succeeded: 1 });
  expect(await corner.standing(address)).toMatchObject({ status: 'succeeded', attempts: 3 });
});

it('is tried no more once it is canceled, and counts no more attempts', async () => {
  const corner = await QueueCorner.open();
  const address = await movedPrediction(corner);
  const intake = worker(corner, await freshEntry());
  const job = await delayed(corner, address, 1);
  await setMark(corner.redis, corner.catalogue, { model: MODEL, ...address }, { kind: 'canceled', atMs: Date.now() });
  const canceled = await corner.standing(address);
  expect(canceled).toMatchObject({ status: 'canceled', attempts: 2 });
  await job.promote().catch(() => undefined);
  expect(await intake.settledBy(retryJobId(address.envelopeId, 0)).seen).toMatchObject({ dropped: 1 });
  expect(await corner.standing(address)).toEqual(canceled);
});

it('is not tried by a worker that lacks its version, however often that takes it', async () => {
  const corner = await QueueCorner.open();
  const address = await movedPrediction(corner);
  worker(corner, await freshEntry(), false);
  const { retry } = corner.queues.of(MODEL);
  for (let taken = 1; taken <= 6; taken += 1) {
    const job = await until(
      async () => {
        const found = (await retry.getJob(retryJobId(address.envelopeId, 0))) as Job | undefined;
        return found?.attemptsStarted === taken && (await found.isDelayed()) && found;
      },
      { deadlineMs: 20_000, what: 'it to be handed back' },
    );
    expect(job.delay).toBeLessThanOrEqual(1_000);
    expect((await corner.standing(address)).attempts).toBe(1);
    // Its pause may be over by itself.
    await job.promote().catch(() => undefined);
  }
});

it('does not run what was canceled in its envelope, where who added the job died before it could say so', async () => {
  const corner = await QueueCorner.open();
  const { id } = await corner.writer.write(newPrediction({ versionId: IRIS.id, input: GOOD_INPUT }));
  const address = addressOf(id);
  const at = { model: MODEL, ...address };
  const moving = corner.intake(async ({ jobId, envelope, attempt }) => {
    await setMark(corner.redis, corner.catalogue, at, { kind: 'canceled', atMs: Date.now() });
    await addRetryJobs(corner.queues, jobId, envelope, [0], { reason: 'test', attempts: attempt });
    await corner.redis.hdel(corner.catalogue.retryKey(MODEL, jobId, 0), 'progress');
    return { kind: 'outcomes', outcomes: [{ kind: 'moved', run: null }] };
  });
  await moving.settled(address);
  const intake = worker(corner, entryFile('inference/executor-main'));
  expect(await intake.settledBy(retryJobId(address.envelopeId, 0)).seen).toMatchObject({ succeeded: 0, dropped: 1 });
  await corner.redis.del(corner.catalogue.envelopeKey(MODEL, address.envelopeId));
  expect(await corner.status(address)).toBe('canceled');
});
