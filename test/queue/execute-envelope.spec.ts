import { describe, expect, it, onTestFinished } from 'vitest';
import type { PredictionAddress } from '#domain/prediction-id';
import { DynamicBatcher, type PendingPrediction } from '#inference/dynamic-batcher';
import { ExecutorPool } from '#inference/executor-pool';
import { addRetryJobs } from '#queue/retry-job';
import { Deadlines } from '#queue/deadlines';
import { StartReporter } from '#queue/starts';
import type { Notice } from '#queue/completions';
import { until } from '#testing/patience';
import { executorOptions } from '#testing/executors';
import { MODEL, QueueCorner, succeeded } from '#testing/queue-corner';
import { signal } from '#testing/signal';
import { ExecuteEnvelope } from '../../apps/worker/execute-envelope.js';
import { InHand } from '../../apps/worker/in-hand.js';

/** Tells of what comes into it. */
class WatchedBatcher extends DynamicBatcher {
  readonly #waiting: ((rows: readonly PendingPrediction[]) => void)[] = [];

  override add(rows: readonly PendingPrediction[]): void {
    super.add(rows);
    this.#waiting.shift()?.(rows);
  }

  /** The rows of the next envelope. */
  next(): Promise<readonly PendingPrediction[]> {
    const { seen, send } = signal<readonly PendingPrediction[]>();
    this.#waiting.push(send);
    return seen;
  }
}

/** A worker whose executors are the test: the pool has none, so rows wait in the batcher until the test settles them. */
function worker(corner: QueueCorner, serves = true) {
  const batcher = new WatchedBatcher({ interactive: () => 256, bulk: () => 64 });
  const options = executorOptions('inference/executor-main');
  const ignore = (): void => undefined;
  const observer = { onReady: ignore, onRefused: ignore, onNotLoaded: ignore, onDeath: ignore, onBatch: ignore };
  const pool = new ExecutorPool(0, options, batcher, observer);
  const inHand = new InHand();
  const starts = new StartReporter(corner.redis, corner.onError);
  const execute = new ExecuteEnvelope({
    pool,
    queues: corner.queues,
    starts,
    notices: { tell: ignore },
    deadlines: new Deadlines(corner.redis, corner.catalogue, corner.onError),
    inHand,
    onWaited: ignore,
    serves: () => serves,
  });
  return { execute, batcher, inHand };
}

const numberOf = (row: PendingPrediction): number => (JSON.parse(row.input) as { n: number }).n;

async function retryJobs(corner: QueueCorner): Promise<string[]> {
  const jobs = await corner.queues.of(MODEL).retry.getWaiting();
  return jobs.map(({ id }) => id ?? '').sort();
}

/** An envelope that has cost some workers their lives; the first did `before` with it. */
async function orphaned(
  corner: QueueCorner,
  rows: number,
  deaths: number,
  before: (id: PredictionAddress) => Promise<void>,
) {
  const addresses = await corner.submit(rows);
  for (let i = 0; i < deaths; i += 1) {
    const [taken, released] = [signal(), signal()];
    corner.intake(async () => {
      taken.send();
      await released.seen;
      return { kind: 'handed_back' };
    });
    await taken.seen;
    if (i === 0) await before(addresses[0]!);
    await corner.loseLock(addresses[0]!);
    onTestFinished(() => released.send());
  }
  return addresses;
}

describe('the rows of an envelope', () => {
  it('are settled in their order, in whatever order they come back', async () => {
    const corner = await QueueCorner.open();
    const addresses = await corner.submit(3);
    const { execute, batcher } = worker(corner);
    const next = batcher.next();
    const intake = corner.intake((taken) => execute.run(taken, 'interactive'));
    const rows = await next;
    for (const row of rows.toReversed()) row.settle(succeeded(numberOf(row)));
    await intake.settled(addresses[0]!);
    for (const [n, address] of addresses.entries()) {
      expect(await corner.standing(address)).toMatchObject({ output: { value: n } });
    }
  });

  it('that did not succeed have their retry jobs before the envelope has ended', async () => {
    const corner = await QueueCorner.open();
    const addresses = await corner.submit(3);
    const { execute, batcher } = worker(corner);
    const next = batcher.next();
    let retriesAtEnd: string[] = [];
    const intake = corner.intake(async (taken) => {
      const settled = await execute.run(taken, 'interactive');
      retriesAtEnd = await retryJobs(corner);
      return settled;
    });
    for (const row of await next) row.settle(numberOf(row) === 1 ? { kind: 'moved', run: null } : succeeded(7));
    expect(await intake.settled(addresses[0]!)).toMatchObject({ succeeded: 2, moved: 1 });
    expect(retriesAtEnd).toEqual([`${addresses[0]!.envelopeId}-1-r`]);
    expect(await corner.status(addresses[1]!)).toBe('starting');
  });

  it('go back to the queue, all of them, when the worker has to let go', async () => {
    const corner = await QueueCorner.open();
    const [address] = await corner.submit(2);
    const first = worker(corner);
    const next = first.batcher.next();
    const again = signal();
    let takes = 0;
    const intake = corner.intake((taken) => {
      takes += 1;
      if (takes === 1) return first.execute.run(taken, 'interactive');
      again.send();
      return Promise.resolve({ kind: 'outcomes', outcomes: [succeeded(0), succeeded(1)] });
    });
    const rows = await next;
    rows[0]!.settle(succeeded(666));
    first.inHand.letGoOfAll();
    await again.seen;
    await intake.settled(address!);
    expect(await corner.standing(address!)).toMatchObject({ output: { value: 0 } });
  });

  it('wait for another worker where this one has not their version', async () => {
    const corner = await QueueCorner.open();
    await corner.submit();
    const { execute, batcher } = worker(corner, false);
    const answer = signal<Awaited<ReturnType<ExecuteEnvelope['run']>>>();
    corner.intake(async (taken) => {
      const settled = await execute.run(taken, 'interactive');
      answer.send(settled);
      return settled;
    });
    expect(await answer.seen).toEqual({ kind: 'postponed' });
    expect(batcher.size).toBe(0);
  });
});

describe('an envelope whose worker has died', () => {
  it('does not run rows that have retry jobs already: they would have two outcomes', async () => {
    const corner = await QueueCorner.open();
    const addresses = await orphaned(corner, 3, 1, async ({ envelopeId }) => {
      const job = await corner.queues.of(MODEL).interactive.getJob(envelopeId);
      await addRetryJobs(corner.queues, envelopeId, job!.data as never, [1], { reason: 'test', attempts: 1 });
    });
    const { execute, batcher } = worker(corner);
    const next = batcher.next();
    const intake = corner.intake((taken) => execute.run(taken, 'interactive'));
    const rows = await next;
    expect(rows.map(numberOf)).toEqual([0, 2]);
    for (const row of rows) row.settle(succeeded(numberOf(row)));
    expect(await intake.settled(addresses[0]!)).toEqual({ succeeded: 2, failed: 0, moved: 1, dropped: 0 });
    // The one that left in the first attempt has had no second.
    const standings = await Promise.all(addresses.map((address) => corner.standing(address)));
    expect(standings.map(({ attempts }) => attempts)).toEqual([2, 1, 2]);
    expect(await retryJobs(corner)).toHaveLength(1);
  });

  it('twice is not run together again: each row leaves, to be alone', async () => {
    const corner = await QueueCorner.open();
    const addresses = await orphaned(corner, 3, 2, () => Promise.resolve());
    const { execute, batcher } = worker(corner);
    const intake = corner.intake((taken) => execute.run(taken, 'interactive'));
    expect(await intake.settled(addresses[0]!)).toEqual({ succeeded: 0, failed: 0, moved: 3, dropped: 0 });
    expect(batcher.size).toBe(0);
    expect(await retryJobs(corner)).toEqual([0, 1, 2].map((n) => `${addresses[0]!.envelopeId}-${n}-r`));
    for (const address of addresses) expect(await corner.standing(address)).toMatchObject({ attempts: 2 });
  });

  it('shows its next attempt when a row has begun it, and lets who waits read the end', async () => {
    const corner = await QueueCorner.open();
    const [address] = await orphaned(corner, 1, 1, () => Promise.resolve());
    const completions = await corner.completions();
    const told = signal<Notice>();
    onTestFinished(completions.onRow(address!.envelopeId, 0, told.send));
    const { execute, batcher } = worker(corner);
    const next = batcher.next();
    corner.intake((taken) => execute.run(taken, 'interactive'));
    const [row] = await next;
    row!.onStarted(Date.now());
    await until(async () => (await corner.standing(address!)).attempts === 2, {
      deadlineMs: 20_000,
      what: 'the second',
    });
    row!.settle(succeeded(7));
    expect(await told.seen).toMatchObject({ kind: 'ended', success: null });
    expect(await corner.standing(address!)).toMatchObject({ status: 'succeeded', attempts: 2 });
  });
});
