import { describe, expect, it, onTestFinished } from 'vitest';
import { AnnouncementIntake } from '#queue/announcement-intake';
import { isFull, QueueFullError } from '#queue/connection';
import { addRetryJobs } from '#queue/retry-job';
import { MODEL, newPrediction, QueueCorner, succeeded } from '#testing/queue-corner';
import { signal } from '#testing/signal';
import { ownRedis } from '../stage.js';

/** A Redis of the test's own, to fill. */
async function fillable() {
  const server = await ownRedis();
  onTestFinished(() => server.remove());
  await server.start();
  const corner = await QueueCorner.open(server.url);
  return {
    corner,
    /** Resolves when Redis has refused something. */
    refused: corner.reported(isFull),
    /** Resolves with the times of the next so many refusals. */
    async errorsOf(count: number): Promise<number[]> {
      const times: number[] = [];
      while (times.length < count) {
        await corner.reported(isFull);
        times.push(performance.now());
      }
      return times;
    },
    fill: () => corner.redis.config('SET', 'maxmemory', '1'),
    makeRoom: () => corner.redis.config('SET', 'maxmemory', '0'),
  };
}

async function failures(corner: QueueCorner): Promise<number> {
  const { interactive, retry } = corner.queues.of(MODEL);
  return (await interactive.getFailedCount()) + (await retry.getFailedCount());
}

describe('a Redis that is full', () => {
  it('says so to who submits', async () => {
    const { corner, fill } = await fillable();
    await fill();
    await expect(corner.writer.write(newPrediction())).rejects.toThrow(QueueFullError);
  });

  it('fails no prediction: outcomes are held, and published when there is room', async () => {
    const { corner, fill, makeRoom, refused } = await fillable();
    const rows = await corner.submit(2);
    let runs = 0;
    const intake = corner.intake(
      async () => {
        runs += 1;
        await fill();
        return { kind: 'outcomes', outcomes: [succeeded(0), succeeded(1)] };
      },
      { isNearlyFull: () => true },
    );
    await refused;
    expect(await corner.status(rows[1]!)).toBe('starting');
    await makeRoom();
    await intake.settled(rows[0]!);
    expect(await corner.standing(rows[1]!)).toMatchObject({ status: 'succeeded', output: { value: 1 } });
    expect(runs).toBe(1);
    expect(await failures(corner)).toBe(0);
  });

  // Nobody was warned: the share of memory is looked at once a second.
  it('lets out what it has taken in, also where it has filled up since somebody looked', async () => {
    const { corner, fill } = await fillable();
    const rows = await corner.submit(2);
    const intake = corner.intake(async () => {
      await fill();
      return { kind: 'outcomes', outcomes: [succeeded(0), succeeded(1)] };
    });
    await intake.settled(rows[0]!);
    expect(await corner.standing(rows[1]!)).toMatchObject({ status: 'succeeded', output: { value: 1 } });
  });

  it('holds rows that have to move into retry jobs, and runs nothing twice for that', async () => {
    const { corner, fill, makeRoom, refused } = await fillable();
    const [row] = await corner.submit();
    let runs = 0;
    const intake = corner.intake(async ({ jobId, envelope }) => {
      runs += 1;
      await fill();
      await addRetryJobs(corner.queues, jobId, envelope, [0], { reason: 'test', attempts: 1 });
      return { kind: 'outcomes', outcomes: [{ kind: 'moved', run: null }] };
    });
    await refused;
    await makeRoom();
    await intake.settled(row!);
    const retry = corner.intake(async () => ({ kind: 'outcomes', outcomes: [succeeded(7)] }), { kind: 'retry' });
    await retry.settledBy(`${row!.envelopeId}-0-r`).seen;
    expect(await corner.standing(row!)).toMatchObject({ status: 'succeeded', output: { value: 7 } });
    expect(runs).toBe(1);
    expect(await failures(corner)).toBe(0);
  });

  // One that is full refuses to hand out a job that waits, as quickly as it is asked.
  it.each(['announcement', 'envelope'] as const)('is not asked again and again for an %s that waits', async (kind) => {
    const { corner, fill, makeRoom, errorsOf } = await fillable();
    await corner.queues.of(MODEL).announcements.add('a', { kind: 'batch', model: MODEL, batchId: 'b' });
    await corner.submit();
    await fill();
    const { seen, send } = signal();
    const refusals = errorsOf(5);
    if (kind === 'announcement') announcements(corner, async () => send());
    else corner.intake(async () => (send(), { kind: 'outcomes', outcomes: [succeeded(0)] }));
    const [first = 0, ...later] = await refusals;
    expect(later.at(-1)! - first).toBeGreaterThan(1_000);
    await makeRoom();
    await seen;
  });
});

function announcements(corner: QueueCorner, tell: () => Promise<void>): void {
  const { redis, catalogue, onError } = corner;
  const intake = new AnnouncementIntake(redis, catalogue, { model: MODEL, keptSeconds: 3_600, tell, onError });
  onTestFinished(() => intake.close());
  intake.start();
}
