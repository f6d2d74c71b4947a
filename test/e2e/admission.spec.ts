/**
 * A service that is full says so while it can still keep its word: above MAX_QUEUE_DEPTH, and above a mark on Redis's
 * memory, submits are refused with 429 and a time to come back; what was accepted before is kept and answered.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { FleetProcess } from '#testing/fleet';
import { type Answer, metric } from '#testing/http';
import { until } from '#testing/patience';
import { ended, forEach, get, IRIS, post, submit } from '#testing/predictions';
import type { TestRedis } from '#testing/redis-server';
import { fleetFor, ownRedis } from '../stage.js';

function expectRefused(answer: Answer, code: string): void {
  expect(answer.status).toBe(429);
  expect(answer.json).toMatchObject({ status: 429, code });
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
}

/** Posts until the answer is what is waited for. */
function postUntil(api: FleetProcess, status: number, what: string): Promise<Answer> {
  return until(
    async () => {
      const answer = await post(api, IRIS);
      return answer.status === status && answer;
    },
    { deadlineMs: 30_000, what },
  );
}

describe('a queue that may hold five', () => {
  const fleet = fleetFor('file', { MAX_QUEUE_DEPTH: '5' });
  let api: FleetProcess;

  beforeAll(async () => {
    api = await fleet.api();
  });

  it('takes five, refuses the sixth, and takes more when a worker has made room', async () => {
    const ids = await forEach(Array.from({ length: 5 }), 1, () => submit(api, IRIS));
    // The depth is counted once a second; what is accepted in between is remembered, but for the moment of a count.
    const depth = (): Promise<number> => metric(api.opsUrl, 'millrace_queue_predictions', { model: 'iris' });
    await until(async () => (await depth()) === 5, { deadlineMs: 20_000, what: 'a depth of five' });
    expectRefused(await post(api, IRIS), 'queue_full');
    expectRefused(await post(api, IRIS, { 'idempotency-key': 'full-1' }), 'queue_full');
    expect(await metric(api.opsUrl, 'millrace_predictions_refused_total', { reason: 'queue_full' })).toBe(2);

    // Another model has its own room.
    const churn = (await api.call('GET', '/v1/models/millrace/churn')).json.default_example;
    expect((await post(api, { version: 'churn', input: churn.input })).status).toBe(201);

    await fleet.worker();
    for (const id of ids) expect(await ended(api, id)).toMatchObject({ status: 'succeeded' });
    const { json } = await postUntil(api, 201, 'room');
    expect(await ended(api, json.id)).toMatchObject({ status: 'succeeded' });
    expect((await post(api, IRIS, { 'idempotency-key': 'full-1' })).status).toBe(201);
  });
});

describe('a Redis with little memory', () => {
  let redis: TestRedis;

  beforeAll(async () => {
    redis = await ownRedis();
    await redis.start();
    // Beside it what a connection's buffers take is nothing, so that a share of the memory is a share of the data.
    await redis.with((client) => client.set('ballast', 'x'.repeat(50_000_000)));
  });
  afterEach(() => unlimit());
  afterAll(() => redis.remove());

  const fleet = fleetFor('file');

  const limitTo = (share: number): Promise<number> =>
    redis.with(async (client) => {
      const [, used] = /used_memory:(\d+)/.exec(await client.info('memory')) ?? [];
      const bytes = Math.floor(Number(used) / share);
      await client.config('SET', 'maxmemory', bytes);
      return bytes;
    });
  const unlimit = (): Promise<unknown> => redis.with((client) => client.config('SET', 'maxmemory', 0));

  it('refuses new work long before it is full, and takes it again when there is room', async () => {
    const api = await fleet.api({ REDIS_URL: redis.url });
    const id = await submit(api, IRIS);
    await limitTo(0.9);
    expectRefused(await postUntil(api, 429, 'the mark to be seen'), 'storage_full');
    expectRefused(await post(api, IRIS, { 'idempotency-key': 'small' }), 'storage_full');
    // It is not full: it could be written to, and is read.
    expect(await redis.with((client) => client.set('still', 'room'))).toBe('OK');
    expect(await get(api, id)).toMatchObject({ id, status: 'starting' });
    expect((await api.call('GET', '/ready')).status).toBe(200);
    await unlimit();
    await postUntil(api, 201, 'room');
  });

  it('fails no prediction when it is really full in the middle of the work', async () => {
    const settings = { REDIS_URL: redis.url };
    const { api, worker } = await fleet.pair(settings);
    const ids: string[] = [];
    let answers: number[] = [];
    const work = forEach(Array.from({ length: 2_000 }), 20, async () => {
      const { status, json } = await post(api, IRIS);
      answers.push(status);
      if (status === 201) ids.push(json.id);
    });
    await until(() => ids.length > 300, { deadlineMs: 20_000, what: 'work to be under way' });
    answers = [];
    // Its executor stands still until Redis is full: whatever the timing, the worker has outcomes to write then.
    const executor = await worker.executor();
    process.kill(executor, 'SIGSTOP');
    const inHand = (): Promise<number> => metric(api.opsUrl, 'millrace_queue_jobs', { model: 'iris', state: 'active' });
    await until(async () => (await inHand()) > 0, { deadlineMs: 20_000, what: 'the worker to hold some' });
    // One byte may be written, and no more.
    await limitTo(1.02);
    process.kill(executor, 'SIGCONT');
    await until(() => worker.lines.find((line) => /OOM|memory/i.test(JSON.stringify(line))), {
      deadlineMs: 20_000,
      what: 'the worker to meet a full Redis',
    });
    await work;
    await unlimit();

    expect(ids.length).toBeGreaterThan(300);
    expect([...new Set(answers)].filter((status) => ![201, 429].includes(status))).toEqual([]);
    const statuses = await forEach(ids, 50, async (id) => (await ended(api, id)).status);
    expect([...new Set(statuses)]).toEqual(['succeeded']);
    await postUntil(api, 201, 'room');
    expect(worker.lines.filter((line) => line.level === 'fatal')).toEqual([]);
    expect(worker.lines.length).toBeLessThan(1_000);
  });
});
