/** The record of a batch: whatever comes in whatever order, it says one thing, and its counts are those of the queue. */
import { expect, it } from 'vitest';
import { type Batch, batchEnvelopeId, type BatchPlan } from '#domain/batch';
import { OtherRowsError } from '#queue/batch-digests';
import { BatchStoppedError, NoRoomError, SenderGoneError } from '#queue/batch-upload';
import { statusOf } from '#queue/batches';
import { Deliveries } from '#queue/deliveries';
import { Janitor, JANITOR_DEFAULTS } from '#queue/janitor';
import { batchRows, bulkIntake, planOf, readerOf, runsWell, uploadOf, writerOf } from '#testing/batch-corner';
import { until } from '#testing/patience';
import { MODEL, QueueCorner } from '#testing/queue-corner';
import { FanOut } from '../../apps/courier/fan-out.js';

const FAILURE = { code: 'upload_aborted', message: 'The upload ended before its last row.' };

const FULL = { takeRoom: () => ({ kind: 'queue_full', retryAfterS: 5 }) as const };

/** All that there is of it has ended. */
function drained(corner: QueueCorner, id: string): Promise<Batch> {
  const reader = readerOf(corner);
  const drain = async (): Promise<Batch | null> => {
    const batch = await reader.readUpToDate(MODEL, id);
    return (await reader.batches.read(MODEL, id))?.state === 'ended' ? batch : null;
  };
  return until(drain, { deadlineMs: 30_000, what: 'its rows to end' });
}

it.each(['canceled', 'aborted'] as const)('that is %s does not fail any more, and is told once', async (kind) => {
  const corner = await QueueCorner.open();
  const { plan } = await uploadOf(writerOf(corner), planOf());
  const { batches } = readerOf(corner);
  const subscriber = await corner.connect('subscriber');
  const channel = corner.catalogue.marksChannel(MODEL);
  const heard: string[] = [];
  subscriber.on('message', (_, message: string) => heard.push(message));
  await subscriber.subscribe(channel);
  expect(await batches.mark(MODEL, plan.id, { kind, atMs: 1_234 })).toBe(true);
  const before = statusOf((await batches.read(MODEL, plan.id))!);
  expect(await batches.fail(MODEL, plan.id, FAILURE)).toBe(true);
  expect(await batches.fail(MODEL, plan.id, FAILURE)).toBe(false);
  expect(statusOf((await batches.read(MODEL, plan.id))!)).toBe(before);
  expect(await batches.read(MODEL, plan.id)).toMatchObject({ state: 'closed', mark: { kind, atMs: 1_234 } });
  await corner.redis.publish(channel, 'the last');
  await until(() => heard.includes('the last'), { deadlineMs: 20_000, what: 'the last message' });
  expect(heard).toEqual([`${plan.id} * ${kind} 1234`, 'the last']);
});

it('that has failed is not canceled any more', async () => {
  const corner = await QueueCorner.open();
  const { plan } = await uploadOf(writerOf(corner), planOf());
  const { batches } = readerOf(corner);
  await batches.fail(MODEL, plan.id, FAILURE);
  expect(await batches.mark(MODEL, plan.id, { kind: 'canceled', atMs: Date.now() })).toBe(false);
  expect(statusOf((await batches.read(MODEL, plan.id))!)).toBe('failed');
});

it('whose upload is cut counts the rows that are in the queue, and none that was read ahead', async () => {
  const corner = await QueueCorner.open();
  const upload = await uploadOf(writerOf(corner), planOf());
  // The first command takes one envelope, to see how large they are; three rows are too few for the next one.
  await upload.add(batchRows(5));
  await upload.fail(FAILURE);
  const batch = await readerOf(corner).readUpToDate(MODEL, upload.plan.id);
  expect(batch).toMatchObject({ status: 'failed', rows: 2, envelopes: 1 });
  bulkIntake(corner);
  const { rows, counts } = await drained(corner, upload.plan.id);
  expect([rows, counts]).toEqual([2, { succeeded: 2, failed: 0, dropped: 0 }]);
});

it('whose last command was not answered counts what it did', async () => {
  const corner = await QueueCorner.open();
  const upload = await uploadOf(writerOf(corner), planOf());
  await upload.add(batchRows(5));
  await until(async () => (await readerOf(corner).readUpToDate(MODEL, upload.plan.id))?.rows === 2, {
    deadlineMs: 20_000,
    what: 'the first rows',
  });
  // As if the command had been carried out and its process had died then.
  await corner.redis.hset(corner.catalogue.batchKey(MODEL, upload.plan.id), { rows: 0, envelopes: 0 });
  await upload.fail(FAILURE);
  bulkIntake(corner);
  const batch = await drained(corner, upload.plan.id);
  expect(batch).toMatchObject({ rows: 2, envelopes: 1, counts: { succeeded: 2, failed: 0, dropped: 0 } });
});

it('does not lose rows from its count while a repeat begins at the first', async () => {
  const corner = await QueueCorner.open();
  const plan = planOf();
  const first = await uploadOf(writerOf(corner), plan);
  await first.add(batchRows(2_000));
  const { batches } = readerOf(corner);
  const before = await until(
    async () => {
      const { rows = 0 } = (await batches.read(MODEL, plan.id)) ?? {};
      return rows > 2 && rows;
    },
    { deadlineMs: 20_000, what: 'rows' },
  );
  const again = await uploadOf(writerOf(corner), plan);
  await again.add(batchRows(2));
  await again.fail(FAILURE);
  expect((await readerOf(corner).readUpToDate(MODEL, plan.id))?.rows).toBeGreaterThanOrEqual(before);
});

/** All of it is in the queue, and the first of its envelopes runs; the others come too late. */
async function outOfTime(corner: QueueCorner): Promise<BatchPlan> {
  const upload = await uploadOf(writerOf(corner), planOf());
  await upload.add(batchRows(6));
  await upload.finish();
  upload.release();
  const { plan } = upload;
  const intake = bulkIntake(corner, async (taken) => {
    const { firstIndex, expiresAtMs } = taken.envelope.batch!;
    if (firstIndex === 0) return runsWell(taken);
    const dropped = { kind: 'dropped', mark: { kind: 'aborted', atMs: expiresAtMs } } as const;
    return { kind: 'outcomes', outcomes: [dropped, dropped] };
  });
  await Promise.all([0, 1, 2].map((n) => intake.settledBy(batchEnvelopeId(plan.id, n)).seen));
  return plan;
}

const LOOKERS: readonly (readonly [string, (corner: QueueCorner, plan: BatchPlan) => Promise<unknown>])[] = [
  ['a reader', (corner, { id }) => readerOf(corner).readUpToDate(MODEL, id)],
  [
    'the courier',
    (corner, { id: batchId }) => {
      const deliveries = new Deliveries(corner.redis, corner.catalogue, 3_600);
      const observer = { onEvent: () => undefined, onExpired: () => undefined };
      const fanOut = new FanOut(corner.reader, readerOf(corner), deliveries, observer);
      return fanOut.tell({ kind: 'batch', model: MODEL, batchId });
    },
  ],
  [
    'the janitor',
    (corner) => {
      const options = { ...JANITOR_DEFAULTS, resultTtlSeconds: 3_600 };
      return new Janitor(corner.queues, readerOf(corner), options).sweep([MODEL]);
    },
  ],
];

it.each(LOOKERS)('whose last rows came too late has expired, though %s is the first to look', async (_, look) => {
  const corner = await QueueCorner.open();
  const plan = await outOfTime(corner);
  await look(corner, plan);
  const { batches } = readerOf(corner);
  expect(await batches.read(MODEL, plan.id)).toMatchObject({ state: 'ended', endedAtMs: plan.expiresAtMs });
  const counts = { succeeded: 2, failed: 0, dropped: 4 };
  expect(await readerOf(corner).readUpToDate(MODEL, plan.id)).toMatchObject({ status: 'expired', counts });
  expect(await batches.mark(MODEL, plan.id, { kind: 'canceled', atMs: Date.now() })).toBe(false);
  expect(await readerOf(corner).readUpToDate(MODEL, plan.id)).toMatchObject({ status: 'expired', counts });
});

it('whose rows came too late is canceled where that was first', async () => {
  const corner = await QueueCorner.open();
  const plan = await outOfTime(corner);
  const { batches } = readerOf(corner);
  const atMs = Date.now();
  expect(await batches.mark(MODEL, plan.id, { kind: 'canceled', atMs })).toBe(true);
  const batch = await readerOf(corner).readUpToDate(MODEL, plan.id);
  expect(batch).toMatchObject({ status: 'canceled', endedAtMs: atMs, counts: { dropped: 4 } });
});

it.each([
  ['were not valid', { succeeded: 0, failed: 3, dropped: 0 }],
  ['ran', { succeeded: 2, failed: 1, dropped: 0 }],
])('whose rows all %s has completed, though its time is over when somebody looks', async (_, counts) => {
  const corner = await QueueCorner.open();
  const plan = planOf({ expiresAtMs: 1_234 });
  const { batches } = readerOf(corner);
  await batches.create(plan);
  await batches.close(MODEL, plan.id, { rows: 3, envelopes: 2, hasNotes: true });
  expect(await batches.end(plan, counts)).toBe(true);
  expect(await readerOf(corner).readUpToDate(MODEL, plan.id)).toMatchObject({ status: 'completed', counts });
});

it('counts an envelope that failed by the rows that it has', async () => {
  const corner = await QueueCorner.open();
  const upload = await uploadOf(writerOf(corner), planOf({ rowsPerEnvelope: 4 }));
  await upload.add(batchRows(9));
  await upload.finish();
  bulkIntake(corner, async (taken) => {
    // The first is a full one, the last has one row.
    const part = taken.envelope.batch!;
    return part.firstIndex === 4 ? runsWell(taken) : { kind: 'failed', reason: 'internal: broken' };
  });
  const { rows, counts } = await drained(corner, upload.plan.id);
  expect([rows, counts]).toEqual([9, { succeeded: 4, failed: 5, dropped: 0 }]);
});

it('is not whole for who sends fewer rows under its key than came before', async () => {
  const corner = await QueueCorner.open();
  const plan = planOf();
  const first = await uploadOf(writerOf(corner), plan);
  await first.add(batchRows(2_000));
  const again = await uploadOf(writerOf(corner), plan);
  await again.add(batchRows(4));
  await expect(again.finish()).rejects.toThrow(OtherRowsError);
  expect((await readerOf(corner).batches.read(MODEL, plan.id))?.state).toBe('open');
});

it('tells a sender who waits for room that it was canceled', async () => {
  const corner = await QueueCorner.open();
  const upload = await uploadOf(writerOf(corner, FULL), planOf());
  const waiting = upload.add(batchRows(2));
  await readerOf(corner).batches.mark(MODEL, upload.plan.id, { kind: 'canceled', atMs: Date.now() });
  await expect(waiting).rejects.toThrow(BatchStoppedError);
});

it('tells a sender who waits for room that its time is over', async () => {
  const corner = await QueueCorner.open();
  const upload = await uploadOf(writerOf(corner, FULL), planOf({ expiresAtMs: Date.now() + 2_000 }));
  await expect(upload.add(batchRows(2))).rejects.toThrow(BatchStoppedError);
  expect((await readerOf(corner).readUpToDate(MODEL, upload.plan.id))?.status).toBe('expired');
});

it('does not wait for room for a sender who is gone', async () => {
  const corner = await QueueCorner.open();
  const upload = await uploadOf(writerOf(corner, FULL), planOf(), { isGone: () => true });
  await expect(upload.add(batchRows(2))).rejects.toThrow(SenderGoneError);
});

it('sends a sender away who waits for room too long', async () => {
  const corner = await QueueCorner.open();
  const upload = await uploadOf(writerOf(corner, { ...FULL, roomPatienceMs: 1 }), planOf());
  await expect(upload.add(batchRows(2))).rejects.toThrow(NoRoomError);
});

it('asks for no room for rows that are there', async () => {
  const corner = await QueueCorner.open();
  const plan = planOf();
  const first = await uploadOf(writerOf(corner), plan);
  await first.add(batchRows(2));
  await until(async () => (await readerOf(corner).readUpToDate(MODEL, plan.id))?.rows === 2, {
    deadlineMs: 20_000,
    what: 'the first rows',
  });
  const again = await uploadOf(writerOf(corner, FULL), plan);
  await again.add(batchRows(2));
  await again.finish();
  expect((await readerOf(corner).batches.read(MODEL, plan.id))?.isWhole).toBe(true);
});

it('that has failed takes no row more, and says why', async () => {
  const corner = await QueueCorner.open();
  const plan = planOf();
  const first = await uploadOf(writerOf(corner), plan);
  await first.fail(FAILURE);
  const again = await uploadOf(writerOf(corner), plan);
  await expect(again.add(batchRows(2))).rejects.toMatchObject({ stop: { failure: FAILURE } });
  expect(await corner.queues.of(MODEL).bulk.getWaitingCount()).toBe(0);
});
