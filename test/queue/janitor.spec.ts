/** What is left lying when somebody dies at the wrong moment, and who picks it up. */
import { expect, it } from 'vitest';
import type { BatchPlan } from '#domain/batch';
import { newEnvelopeId } from '#domain/prediction-id';
import { announcementId } from '#queue/announcements';
import type { BatchUpload } from '#queue/batch-upload';
import { Batches } from '#queue/batches';
import { Janitor, JANITOR_DEFAULTS, type JanitorOptions, MOST_ANNOUNCEMENTS } from '#queue/janitor';
import { batchRows, bulkIntake, planOf, readerOf, uploadOf, writerOf } from '#testing/batch-corner';
import { addressOf, MODEL, newPrediction, QueueCorner, succeeded } from '#testing/queue-corner';
import { until } from '#testing/patience';

const NOTHING = { deadline: 0, upload: 0, gate: 0, batch: 0, announcement: 0 };

function janitorOf(corner: QueueCorner, change: Partial<JanitorOptions> = {}): Janitor {
  return new Janitor(corner.queues, readerOf(corner), { ...JANITOR_DEFAULTS, resultTtlSeconds: 3_600, ...change });
}

async function upload(corner: QueueCorner, change: Partial<BatchPlan> = {}): Promise<BatchUpload> {
  return uploadOf(writerOf(corner), planOf(change));
}

it('has nothing to do where everybody did his work', async () => {
  const corner = await QueueCorner.open();
  await corner.submit(3);
  const open = await upload(corner);
  await open.add(batchRows(3));
  expect(await janitorOf(corner).sweep([MODEL])).toEqual(NOTHING);
});

it('is one in the fleet', async () => {
  const corner = await QueueCorner.open();
  const [first, second] = [janitorOf(corner), janitorOf(corner)];
  expect(await first.sweep([MODEL])).not.toBeNull();
  expect(await second.sweep([MODEL])).toBeNull();
  expect(await first.sweep([MODEL])).not.toBeNull();
});

it('is the same one to the end of a sweep, however long that takes', async () => {
  const corner = await QueueCorner.open();
  const [first, second] = [janitorOf(corner, { leaseMs: 900 }), janitorOf(corner, { leaseMs: 900 })];
  const old = Array.from({ length: 1_000 }, (_, n) => [n, `${newEnvelopeId('i', n)} 0`]).flat();
  const models = Array.from({ length: 150 }, (_, n) => `m${n}`);
  for (const model of models) await corner.redis.zadd(corner.catalogue.deadlinesKey(model), ...old);
  const began = performance.now();
  const sweep = first.sweep(models).then(() => 'over' as const);
  for (;;) {
    const seen = await Promise.race([sweep, second.sweep([])]);
    if (seen === 'over') break;
    expect(seen).toBeNull();
  }
  expect(performance.now() - began).toBeGreaterThan(900);
});

it('ends a prediction past its deadline that no worker took', async () => {
  const corner = await QueueCorner.open();
  const { id } = await corner.writer.write(newPrediction({ deadlineAtMs: Date.now() + 5 }));
  const later = await corner.writer.write(newPrediction({ deadlineAtMs: Date.now() + 600_000 }));
  const janitor = janitorOf(corner);
  await until(async () => (await janitor.sweep([MODEL]))?.deadline === 1, { deadlineMs: 20_000, what: 'the deadline' });
  expect(await corner.status(addressOf(id))).toBe('aborted');
  expect(await corner.status(addressOf(later.id))).toBe('starting');
  expect(await janitor.sweep([MODEL])).toEqual(NOTHING);
});

it('gets through all deadlines that have passed in one sweep, also of what has ended long ago', async () => {
  const corner = await QueueCorner.open();
  const key = corner.catalogue.deadlinesKey(MODEL);
  const old = Array.from({ length: 2_500 }, (_, n) => [n, `${newEnvelopeId('i', n)} 0`]);
  await corner.redis.zadd(key, ...old.flat());
  const { id } = await corner.writer.write(newPrediction({ deadlineAtMs: Date.now() - 1 }));
  await corner.writer.write(newPrediction({ deadlineAtMs: Date.now() + 600_000 }));
  expect((await janitorOf(corner).sweep([MODEL]))?.deadline).toBe(1);
  expect(await corner.status(addressOf(id))).toBe('aborted');
  expect(await corner.redis.zcard(key)).toBe(1);
});

it('goes on behind a prediction whose deadline cannot be said, and does not try that for ever', async () => {
  const corner = await QueueCorner.open();
  const broken = newEnvelopeId('i', 1);
  await corner.redis.zadd(corner.catalogue.deadlinesKey(MODEL), 1, `${broken} 0`);
  await corner.redis.set(corner.catalogue.envelopeKey(MODEL, broken), 'no job');
  const { id } = await corner.writer.write(newPrediction({ deadlineAtMs: Date.now() - 1 }));
  const janitor = janitorOf(corner);
  expect((await janitor.sweep([MODEL]))?.deadline).toBe(1);
  expect(await corner.status(addressOf(id))).toBe('aborted');
  expect(corner.errors.map(({ message }) => message)).toEqual([expect.stringContaining('WRONGTYPE')]);
  expect(await janitor.sweep([MODEL])).toEqual(NOTHING);
  expect(corner.errors).toHaveLength(1);
});

it('ends an upload that nobody repeats, and keeps what has ended of it', async () => {
  const corner = await QueueCorner.open();
  const open = await upload(corner);
  await open.add(batchRows(6));
  open.release();
  const reader = readerOf(corner);
  await until(async () => ((await reader.readUpToDate(MODEL, open.plan.id))?.rows ?? 0) >= 2, {
    deadlineMs: 20_000,
    what: 'the rows to arrive',
  });
  expect(await janitorOf(corner, { abandonedAfterMs: -1 }).sweep([MODEL])).toEqual({ ...NOTHING, upload: 1 });
  const batch = await reader.readUpToDate(MODEL, open.plan.id);
  expect(batch).toMatchObject({ status: 'failed', failure: { code: 'upload_abandoned' } });
  const { gates } = corner.queues.of(MODEL);
  expect(await gates.getWaitingCount()).toBe(0);
});

it('leaves an upload alone whose rows are slow to come, however long that takes', async () => {
  const corner = await QueueCorner.open();
  const { plan } = await upload(corner);
  const { batches } = readerOf(corner);
  const janitor = janitorOf(corner, { abandonedAfterMs: 2_500 });
  await until(async () => ((await batches.read(MODEL, plan.id))?.touchedAtMs ?? 0) > plan.createdAtMs + 3_000, {
    deadlineMs: 30_000,
    what: 'its upload to live longer than one that is abandoned',
  });
  expect(await janitor.sweep([MODEL])).toEqual(NOTHING);
  expect((await batches.read(MODEL, plan.id))?.state).toBe('open');
});

it('leaves the status of an abandoned upload that was canceled, and closes it', async () => {
  const corner = await QueueCorner.open();
  const { plan } = await upload(corner);
  const { batches } = readerOf(corner);
  await batches.mark(MODEL, plan.id, { kind: 'canceled', atMs: 1_234 });
  const sweep = await janitorOf(corner, { abandonedAfterMs: -1 }).sweep([MODEL]);
  expect(sweep).toEqual({ ...NOTHING, upload: 1 });
  expect(await batches.read(MODEL, plan.id)).toMatchObject({
    state: 'closed',
    failure: null,
    mark: { kind: 'canceled' },
    endedAtMs: 1_234,
  });
});

it('owes the end of an upload that died before its announcement was there', async () => {
  const corner = await QueueCorner.open();
  const plan = planOf();
  await new Batches(corner.redis, corner.catalogue).create(plan);
  expect(await janitorOf(corner, { abandonedAfterMs: -1 }).sweep([MODEL])).toEqual({ ...NOTHING, upload: 1 });
  const { announcements } = corner.queues.of(MODEL);
  expect((await announcements.getWaiting()).map((job) => job.id)).toEqual([announcementId(plan.id)]);
});

it('lets go of a batch whose gate somebody left standing', async () => {
  const corner = await QueueCorner.open();
  const { plan } = await upload(corner);
  const { batches } = readerOf(corner);
  // The process died here: closed, and the gate not removed.
  await batches.close(MODEL, plan.id, { rows: 0, envelopes: 0, hasNotes: false });
  expect(await janitorOf(corner, { stuckAfterMs: -1 }).sweep([MODEL])).toMatchObject({ gate: 1 });
  expect(await corner.queues.of(MODEL).announcements.getWaitingCount()).toBe(1);
});

it('says that a batch has expired whom nobody asks about', async () => {
  const corner = await QueueCorner.open();
  // Long enough for it to be in the queue by then.
  const open = await upload(corner, { expiresAtMs: Date.now() + 3_000 });
  await open.add(batchRows(2));
  await open.finish();
  open.release();
  const janitor = janitorOf(corner);
  await until(async () => (await janitor.sweep([MODEL]))?.batch === 1, { deadlineMs: 30_000, what: 'the expiry' });
  const { batches } = readerOf(corner);
  expect((await batches.read(MODEL, open.plan.id))?.mark?.kind).toBe('aborted');
});

it('releases an announcement whose jobs are all gone', async () => {
  const corner = await QueueCorner.open();
  const callback = { url: null, events: ['completed'] as const, owner: 'millrace', baseUrl: 'http://x' };
  const { id } = await corner.writer.write(newPrediction({ callback }));
  const { envelopeId } = addressOf(id);
  // Somebody has removed the job by hand, past BullMQ.
  await corner.redis.del(corner.catalogue.envelopeKey(MODEL, envelopeId));
  expect(await janitorOf(corner).sweep([MODEL])).toEqual(NOTHING);
  expect(await janitorOf(corner, { stuckAfterMs: -1 }).sweep([MODEL])).toBeNull();
  await corner.redis.del(corner.catalogue.janitorKey());
  expect(await janitorOf(corner, { stuckAfterMs: -1 }).sweep([MODEL])).toMatchObject({ announcement: 1 });
  const { announcements } = corner.queues.of(MODEL);
  expect((await announcements.getWaiting()).map((job) => job.id)).toEqual([announcementId(envelopeId)]);
});

it('finds one that is stuck behind more than a sweep looks at, which wait as they should', async () => {
  const corner = await QueueCorner.open();
  const callback = { url: null, events: ['completed'] as const, owner: 'millrace', baseUrl: 'http://x' };
  const submit = async () => addressOf((await corner.writer.write(newPrediction({ callback }))).id).envelopeId;
  const [alive, stuck] = [await submit(), await submit()];
  await corner.redis.del(corner.catalogue.envelopeKey(MODEL, stuck));
  const { announcements } = corner.queues.of(MODEL);
  const waiting = announcements.toKey('waiting-children');
  // They are older, and wait for the one that has not ended.
  const child = corner.catalogue.envelopeKey(MODEL, alive);
  for (let n = 0; n < MOST_ANNOUNCEMENTS; n += 1) {
    await corner.redis.sadd(`${announcements.toKey(`older-${n}`)}:dependencies`, child);
    await corner.redis.zadd(waiting, n, `older-${n}`);
  }
  const janitor = janitorOf(corner, { stuckAfterMs: -1 });
  expect(await janitor.sweep([MODEL])).toEqual(NOTHING);
  expect(await janitor.sweep([MODEL])).toEqual({ ...NOTHING, announcement: 1 });
  expect((await announcements.getWaiting()).map((job) => job.id)).toEqual([announcementId(stuck)]);
});

it('removes results past their time in a queue where nothing else ends: that is no mending', async () => {
  const corner = await QueueCorner.open();
  const [address] = await corner.submit(1);
  const intake = corner.intake(async () => ({ kind: 'outcomes', outcomes: [succeeded(1)] }));
  await intake.settled(address!);
  expect(await janitorOf(corner, { resultTtlSeconds: 0 }).sweep([MODEL])).toEqual(NOTHING);
  expect(await corner.redis.exists(corner.catalogue.envelopeKey(MODEL, address!.envelopeId))).toBe(0);
});

it.each(['normal', 'low'] as const)(
  'removes all of them in one sweep, of %s priority, and leaves parts of a batch that still runs',
  async (priority) => {
    const corner = await QueueCorner.open();
    const { bulk, interactive } = corner.queues.of(MODEL);
    const open = await upload(corner);
    await open.add(batchRows(6));
    const part = bulkIntake(corner);
    await until(async () => (await bulk.getCompletedCount()) > 0, { deadlineMs: 20_000, what: 'a part to end' });
    await part.stop();
    const parts = await bulk.getCompleted();

    const kind = priority === 'low' ? 'b' : 'i';
    const ids = Array.from({ length: 1_200 }, (_, n) => newEnvelopeId(kind, Date.now() + n));
    const process = async () => ({ kind: 'outcomes' as const, outcomes: [succeeded(1)] });
    const queueName = corner.catalogue.queue(MODEL, kind);
    const intake = corner.intake(process, { queueName, slots: 16, removesByAge: false });
    for (let i = 0; i < ids.length; i += 100) {
      const group = ids.slice(i, i + 100);
      const write = (envelopeId: string) => corner.writer.write(newPrediction({ priority }), { envelopeId });
      await Promise.all([...group.map(write), ...group.map((id) => intake.settledBy(id).seen)]);
    }
    await intake.stop();

    expect(await janitorOf(corner, { resultTtlSeconds: 0 }).sweep([MODEL])).toEqual(NOTHING);
    expect(await interactive.getCompletedCount()).toBe(0);
    const left = await bulk.getCompleted();
    expect(left.map(({ id }) => id).sort()).toEqual(parts.map(({ id }) => id).sort());
  },
);

it('removes a batch past its time, with all that belongs to it, and not before', async () => {
  const corner = await QueueCorner.open();
  const open = await upload(corner);
  await open.add(batchRows(5));
  await open.finish();
  const intake = bulkIntake(corner);
  const reader = readerOf(corner);
  const { id } = open.plan;
  const ended = await until(
    async () => {
      const batch = await reader.readUpToDate(MODEL, id);
      return batch?.status === 'completed' && batch;
    },
    { deadlineMs: 30_000, what: 'the batch to end' },
  );
  expect(ended.counts).toEqual({ succeeded: 5, failed: 0, dropped: 0 });
  await intake.stop();
  const patient = janitorOf(corner);
  expect(await patient.sweep([MODEL])).toEqual(NOTHING);
  const found: unknown[] = [];
  const record = await reader.readRecord(MODEL, id);
  for await (const results of reader.results.read(record!, 0)) found.push(...results);
  expect(found).toHaveLength(5);
  await corner.redis.del(corner.catalogue.janitorKey());
  await janitorOf(corner, { resultTtlSeconds: -1 }).sweep([MODEL]);
  expect(await reader.readUpToDate(MODEL, id)).toBeNull();
  const left = await corner.redis.keys(`*${id.slice(5)}*`);
  expect(left).toEqual([]);
});
