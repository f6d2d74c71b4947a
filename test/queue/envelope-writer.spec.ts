import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { newEnvelopeId } from '#domain/prediction-id';
import { QueueUnavailableError } from '#queue/connection';
import { EnvelopeWriter } from '#queue/envelope-writer';
import { ModelQueues } from '#queue/model-queues';
import { addressOf, MODEL, newPrediction, QueueCorner } from '#testing/queue-corner';
import { signal } from '#testing/signal';
import { ownRedis } from '../stage.js';

async function jobsOf(corner: QueueCorner) {
  const jobs = await corner.queues.of(MODEL).interactive.getWaiting();
  return jobs.map(({ id, name, data }) => ({
    id,
    name,
    data: data as { versionId: string; awaited: boolean; rows: unknown[] },
  }));
}

function writeMany(writer: EnvelopeWriter, count: number) {
  return Promise.all(Array.from({ length: count }, (_, n) => writer.write(newPrediction({ input: { n } }))));
}

describe('submissions of one turn of the event loop', () => {
  it('share one job, and each id says its place in it', async () => {
    const corner = await QueueCorner.open();
    const accepted = await writeMany(corner.writer, 10);
    const [job, ...others] = await jobsOf(corner);
    expect(others).toEqual([]);
    expect(job).toMatchObject({ name: 'iris:1.0.0 x10' });
    const places = accepted.map(({ id }) => addressOf(id));
    expect(places.map(({ row }) => row)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(new Set(places.map(({ envelopeId }) => envelopeId))).toEqual(new Set([job!.id]));
    expect(job!.data.rows).toEqual(
      accepted.map(({ input, createdAtMs }) => ({ client: 'local', input, createdAtMs, metadata: null })),
    );
  });

  it('part by version: an envelope is of one', async () => {
    const corner = await QueueCorner.open();
    const versions = ['a', 'b', 'a'].map((letter) => letter.repeat(64));
    await Promise.all(versions.map((versionId) => corner.writer.write(newPrediction({ versionId }))));
    const jobs = await jobsOf(corner);
    expect(jobs.map(({ data }) => [data.versionId[0], data.rows.length]).sort()).toEqual([['a', 2], ['b', 1]]); // prettier-ignore
  });

  it('part where an envelope would be too large', async () => {
    const corner = await QueueCorner.open();
    await writeMany(corner.writer, 100);
    expect((await jobsOf(corner)).map(({ data }) => data.rows.length).sort()).toEqual([36, 64]);
  });

  it('part earlier where callers wait, so that some run while others are answered', async () => {
    const corner = await QueueCorner.open();
    await corner.submit(50);
    expect((await jobsOf(corner)).map(({ data }) => data.rows.length).sort()).toEqual([18, 32]);
  });

  it('part by whether somebody waits', async () => {
    const corner = await QueueCorner.open();
    await Promise.all([corner.submit(3), writeMany(corner.writer, 5)]);
    const jobs = await jobsOf(corner);
    expect(jobs.map(({ data }) => [data.rows.length, data.awaited]).sort()).toEqual([[3, true], [5, false]]); // prettier-ignore
  });

  it.each([
    [1, 5],
    [0.01, 64],
    [2, 2],
    [40, 1],
    [0, 64],
  ])('part where the measured work would be too much: at %d ms a row, %d rows', async (cost, rows) => {
    const corner = await QueueCorner.open();
    await writeMany(new EnvelopeWriter(corner.queues, corner.origin, () => cost), 64);
    const sizes = (await jobsOf(corner)).map(({ data }) => data.rows.length);
    expect(Math.max(...sizes)).toBe(rows);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(64);
  });

  it('leave without the others where Redis does not answer', async () => {
    const server = await ownRedis();
    onTestFinished(() => server.remove());
    await server.start();
    const corner = await QueueCorner.open(server.url);
    const operator = await corner.connect();
    await operator.client('PAUSE', 60_000, 'WRITE');
    const [placed, release] = [signal(), () => operator.client('UNPAUSE')];
    const first = corner.writer.write(newPrediction());
    await turn();
    const second = corner.writer.write(newPrediction(), { onPlaced: () => placed.send() });
    await placed.seen;
    await release();
    await Promise.all([first, second]);
    expect(await jobsOf(corner)).toHaveLength(2);
  });
});

describe('a submission that names its envelope', () => {
  it('rides alone, and twice is once', async () => {
    const corner = await QueueCorner.open();
    const envelopeId = newEnvelopeId('i', Date.now());
    await Promise.all([corner.writer.write(newPrediction()), corner.writer.write(newPrediction(), { envelopeId })]);
    await corner.writer.write(newPrediction({ input: { other: 1 } }), { envelopeId });
    const jobs = await jobsOf(corner);
    expect(jobs).toHaveLength(2);
    expect(jobs.find(({ id }) => id === envelopeId)?.data.rows).toMatchObject([{ input: { n: 0 } }]);
  });
});

it('names the place before Redis hears of it, so that nobody listens too late', async () => {
  const corner = await QueueCorner.open();
  const placed: string[] = [];
  const submission = corner.writer.write(newPrediction(), {
    onPlaced: (envelopeId, row) => void placed.push(`${envelopeId} ${row}`),
  });
  const { envelopeId } = addressOf((await submission).id);
  expect(placed).toEqual([`${envelopeId} 0`]);
});

// A 503 has to come within 2 s; a connection that is known to be down answers at once.
it('says at once that Redis is away, to every submission of the turn', async () => {
  const corner = await QueueCorner.open();
  const producer = await corner.connect('producer');
  const writer = new EnvelopeWriter(
    new ModelQueues(producer, corner.catalogue, corner.onError),
    corner.origin,
    () => null,
  );
  producer.disconnect();
  const attempts = await Promise.allSettled([writer.write(newPrediction()), writer.write(newPrediction())]);
  for (const attempt of attempts)
    expect(attempt).toMatchObject({ reason: expect.any(QueueUnavailableError) as unknown });
});
