import { describe, expect, it, onTestFinished } from 'vitest';
import { AnnouncementIntake } from '#queue/announcement-intake';
import { announcementId } from '#queue/announcements';
import { isFull, QueueFullError } from '#queue/connection';
import { Deliveries } from '#queue/deliveries';
import { Janitor, JANITOR_DEFAULTS } from '#queue/janitor';
import { setMark } from '#queue/marks';
import { addRetryJobs } from '#queue/retry-job';
import { batchRows, bulkIntake, planOf, readerOf, uploadOf, writerOf } from '#testing/batch-corner';
import { until } from '#testing/patience';
import { addressOf, MODEL, newPrediction, QueueCorner, succeeded } from '#testing/queue-corner';
import { signal } from '#testing/signal';
import { ownRedis } from '../stage.js';

const CALLBACK = { url: null, events: ['completed'] as const, owner: 'millrace', baseUrl: 'http://x' };

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

  it.each([null, CALLBACK])('holds rows that have to move into retry jobs: callback %j', async (callback) => {
    const { corner, fill, makeRoom, refused } = await fillable();
    const row = addressOf((await corner.writer.write(newPrediction({ callback }))).id);
    let runs = 0;
    const intake = corner.intake(async ({ jobId, envelope }) => {
      runs += 1;
      await fill();
      await addRetryJobs(corner.queues, jobId, envelope, [0], { reason: 'test', attempts: 1 });
      return { kind: 'outcomes', outcomes: [{ kind: 'moved', run: null }] };
    });
    await refused;
    await makeRoom();
    await intake.settled(row);
    const retry = corner.intake(async () => ({ kind: 'outcomes', outcomes: [succeeded(7)] }), { kind: 'retry' });
    await retry.settledBy(`${row.envelopeId}-0-r`).seen;
    expect(await corner.standing(row)).toMatchObject({ status: 'succeeded', output: { value: 7 } });
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

it('a Redis that is full is given room by the janitor, and hears of deadlines', async () => {
  const { corner, fill } = await fillable();
  const [ended] = await corner.submit();
  const intake = corner.intake(async () => ({ kind: 'outcomes', outcomes: [succeeded(1)] }));
  await intake.settled(ended!);
  // It would run the prediction whose deadline the janitor is to pass.
  await intake.stop();
  const open = await uploadOf(writerOf(corner), planOf());
  await open.add(batchRows(5));
  await open.finish();
  const bulk = bulkIntake(corner);
  await until(async () => (await corner.queues.of(MODEL).announcements.getWaitingCount()) === 1, {
    deadlineMs: 20_000,
    what: 'the batch to end',
  });
  await bulk.stop();
  // To end an upload that was cut off takes room; it is looked at before the other one.
  const cut = await uploadOf(writerOf(corner), planOf());
  cut.release();
  await corner.redis.hset(corner.catalogue.batchKey(MODEL, cut.plan.id), 'touchedAtMs', 1);
  await corner.redis.zadd(corner.catalogue.batchesKey(MODEL), 1, cut.plan.id);
  const { id } = await corner.writer.write(newPrediction({ deadlineAtMs: Date.now() - 1 }));

  await fill();
  const janitor = new Janitor(corner.queues, readerOf(corner), { ...JANITOR_DEFAULTS, resultTtlSeconds: -1 });
  expect(await janitor.sweep([MODEL])).toMatchObject({ deadline: 1, upload: 0 });
  expect(await corner.redis.exists(corner.catalogue.envelopeKey(MODEL, ended!.envelopeId))).toBe(0);
  expect(await corner.status(addressOf(id))).toBe('aborted');
  // By the first sweep the batch has ended.
  await janitor.sweep([MODEL]);
  const { batches } = readerOf(corner);
  expect(await batches.read(MODEL, open.plan.id)).toBeNull();
  expect((await batches.read(MODEL, cut.plan.id))?.state).toBe('open');
});

it('a Redis that is full hears of cancels, which may give it room', async () => {
  const { corner, fill } = await fillable();
  const [row] = await corner.submit();
  const { plan } = await uploadOf(writerOf(corner), planOf());
  await fill();
  const mark = { kind: 'canceled', atMs: Date.now() } as const;
  expect(await setMark(corner.redis, corner.catalogue, { model: MODEL, ...row! }, mark)).toBe(true);
  expect(await corner.status(row!)).toBe('canceled');
  const { batches } = readerOf(corner);
  expect(await batches.mark(MODEL, plan.id, mark)).toBe(true);
  expect((await batches.read(MODEL, plan.id))?.mark).toEqual(mark);
});

it('a Redis that is full costs an announcement none of its tries', async () => {
  const { corner, fill, makeRoom, errorsOf } = await fillable();
  const deliveries = new Deliveries(corner.redis, corner.catalogue, 3_600);
  const { id } = await corner.writer.write(newPrediction({ callback: CALLBACK }));
  const key = corner.queues.of(MODEL).announcements.toKey(announcementId(addressOf(id).envelopeId));
  // It has one left.
  await corner.redis.hset(key, 'atm', 999);
  const { seen, send } = signal();
  const refusals = errorsOf(3);
  const made = { id: `${id}-completed`, kind: 'completed', client: 'local', subjectId: id, body: '{}' } as const;
  let tries = 0;
  announcements(corner, async () => {
    if ((tries += 1) === 1) await fill();
    await deliveries.owe({ ...made, url: null, trace: null, hasEnded: true });
    send();
  });
  corner.intake(async () => ({ kind: 'outcomes', outcomes: [succeeded(1)] }));
  await refusals;
  await makeRoom();
  await seen;
  expect(await deliveries.events('local', { limit: 10, after: null })).toMatchObject([{ id: made.id }]);
});

function announcements(corner: QueueCorner, tell: () => Promise<void>): void {
  const { redis, catalogue, onError } = corner;
  const intake = new AnnouncementIntake(redis, catalogue, { model: MODEL, keptSeconds: 3_600, tell, onError });
  onTestFinished(() => intake.close());
  intake.start();
}
