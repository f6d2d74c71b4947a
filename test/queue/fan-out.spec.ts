/** What happens to a prediction or a batch is told once, however long it takes and however often that is asked for. */
import { expect, it } from 'vitest';
import { type Callback, eventId, type EventKind } from '#domain/callback';
import { Deliveries } from '#queue/deliveries';
import { bulkIntake, batchRows, planOf, readerOf, uploadOf, writerOf } from '#testing/batch-corner';
import { until } from '#testing/patience';
import { addressOf, MODEL, newPrediction, QueueCorner, succeeded } from '#testing/queue-corner';
import { FanOut } from '../../apps/courier/fan-out.js';

const KEPT_SECONDS = 3_600;

const callback: Callback = {
  url: 'https://a.example.com/',
  events: ['start', 'output', 'completed'],
  owner: 'millrace',
  baseUrl: 'http://x',
};

async function courier() {
  const corner = await QueueCorner.open();
  const deliveries = new Deliveries(corner.redis, corner.catalogue, KEPT_SECONDS);
  const made: EventKind[] = [];
  const observer = { onEvent: (kind: EventKind) => void made.push(kind), onExpired: () => undefined };
  const fanOut = new FanOut(corner.reader, readerOf(corner), deliveries, observer);
  return { corner, deliveries, fanOut, made };
}

/** What is owed is delivered. */
async function deliver(deliveries: Deliveries): Promise<string[]> {
  const { deliveries: taken } = await deliveries.take(100);
  const attempt = { atMs: Date.now(), status: 204, error: null, durationMs: 5 };
  for (const { id } of taken) await deliveries.finish(id, attempt, { kind: 'delivered' });
  return taken.map(({ id }) => id);
}

/** The clock is Redis's own: what would run out by then does so now. */
async function pass({ redis, catalogue }: QueueCorner, seconds: number): Promise<void> {
  for (const key of await redis.keys(catalogue.courierKey('*'))) {
    const leftMs = await redis.pttl(key);
    if (leftMs >= 0) await redis.pexpire(key, Math.max(0, leftMs - seconds * 1_000));
  }
}

/** How long it is known that the event was made. */
const knownS = ({ redis, catalogue }: QueueCorner, id: string): Promise<number> =>
  redis.ttl(catalogue.courierKey('event', id));

it('tells once that a batch has begun, which then runs for days', async () => {
  const { corner, deliveries, fanOut, made } = await courier();
  const open = await uploadOf(writerOf(corner), planOf({ callback }));
  const { id } = open.plan;
  await open.add(batchRows(4));
  await fanOut.tellStarted({ model: MODEL, id, startedAtMs: Date.now() });
  expect(await deliver(deliveries)).toEqual([eventId(id, 'start')]);
  await pass(corner, 6 * 86_400);
  await open.finish();
  const intake = bulkIntake(corner);
  await until(async () => (await readerOf(corner).readUpToDate(MODEL, id))?.status === 'completed', {
    deadlineMs: 30_000,
    what: 'the batch to end',
  });
  await intake.stop();
  await fanOut.tellBatchEnded({ kind: 'batch', model: MODEL, batchId: id });
  expect((await deliver(deliveries)).sort()).toEqual([eventId(id, 'completed'), eventId(id, 'output')]);
  expect(made).toEqual(['start', 'output', 'completed']);
});

it('tells once of a prediction that ends hours after its start, and does not keep for long that it did', async () => {
  const { corner, deliveries, fanOut, made } = await courier();
  const { id } = await corner.writer.write(newPrediction({ callback }));
  const address = addressOf(id);
  const start = { model: MODEL, id, startedAtMs: Date.now() };
  await fanOut.tellStarted(start);
  expect(await deliver(deliveries)).toEqual([eventId(id, 'start')]);
  await pass(corner, 7_200);
  expect(await knownS(corner, eventId(id, 'start'))).toBeGreaterThan(7 * 86_400);
  const intake = corner.intake(async () => ({ kind: 'outcomes', outcomes: [succeeded(1)] }));
  await intake.settled(address);
  const end = { kind: 'envelope', model: MODEL, envelopeId: address.envelopeId, rows: [0] } as const;
  await fanOut.tellEnded(end);
  await fanOut.tellEnded(end);
  // One that was late.
  await fanOut.tellStarted(start);
  expect((await deliver(deliveries)).sort()).toEqual([eventId(id, 'completed'), eventId(id, 'output')]);
  expect(made).toEqual(['start', 'output', 'completed']);
  for (const kind of made) expect(await knownS(corner, eventId(id, kind))).toBeLessThanOrEqual(KEPT_SECONDS);
});

it('leaves a dead letter in peace whose event is told again', async () => {
  const { corner, deliveries, fanOut } = await courier();
  const { id } = await corner.writer.write(newPrediction({ callback: { ...callback, events: ['completed'] } }));
  const address = addressOf(id);
  const intake = corner.intake(async () => ({ kind: 'outcomes', outcomes: [succeeded(1)] }));
  await intake.settled(address);
  const end = { kind: 'envelope', model: MODEL, envelopeId: address.envelopeId, rows: [0] } as const;
  await fanOut.tellEnded(end);
  const { deliveries: taken } = await deliveries.take(1);
  const attempt = { atMs: Date.now(), status: 500, error: null, durationMs: 5 };
  await deliveries.finish(taken[0]!.id, attempt, { kind: 'dead' });
  await pass(corner, 7_200);
  await fanOut.tellEnded(end);
  expect(await deliveries.read(eventId(id, 'completed'))).toMatchObject({ status: 'failed' });
  expect((await deliveries.take(1)).deliveries).toEqual([]);
});
