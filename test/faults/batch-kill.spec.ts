/**
 * A batch is a promise from its first row on: whoever is killed while it arrives or runs, each of its rows is there once,
 * and has one outcome.
 */
import { afterEach, expect, it } from 'vitest';
import { batchArriving, batchEnded, getBatch, irisRow, ndjson, results, sendBatch } from '#testing/batches';
import type { FleetProcess } from '#testing/fleet';
import { until } from '#testing/patience';
import type { TestRedis } from '#testing/redis-server';
import { fleetFor, ownRedis } from '../stage.js';

const ROWS = 60_000;
const BODY = ndjson(Array.from({ length: ROWS }, (_, index) => irisRow(index)));

let redis: TestRedis;

// Registered before the fleet's own end, so that it runs after it.
afterEach(() => redis.remove());

const fleet = fleetFor('test', { SHUTDOWN_SECONDS: '10' });

async function expectAll(api: FleetProcess, id: string): Promise<void> {
  const ended = await batchEnded(api, id, 120_000);
  expect(ended.request_counts).toEqual({ total: ROWS, completed: ROWS, failed: 0, not_run: 0 });
  expect(ended.status).toBe('completed');
  const lines = await results(api, id);
  expect(lines).toHaveLength(ROWS);
  expect(lines.every(({ index, output }, i) => index === i && output !== undefined)).toBe(true);
}

/** An upload that stops in the middle, until it is told to go on. */
function halting(body: string, at: number) {
  let goOn: () => void = () => undefined;
  const told = new Promise<void>((resolve) => (goOn = resolve));
  const pieces = [body.slice(0, at), body.slice(at)];
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const piece = pieces.shift();
      if (piece === undefined) return controller.close();
      if (pieces.length === 0) await told;
      controller.enqueue(new TextEncoder().encode(piece));
    },
  });
  return { stream, goOn };
}

it('while its API is killed as it arrives: the repeat adds what is missing, and nothing twice', async () => {
  redis = await ownRedis();
  await redis.start();
  const url = { REDIS_URL: redis.url };
  const first = await fleet.api(url);
  const worker = await fleet.worker(url);
  const headers = { 'idempotency-key': 'nightly' };
  const { stream, goOn } = halting(BODY, Math.round(BODY.length * 0.7));
  const cutOff = sendBatch(first, { headers, body: stream }).catch((error: unknown) => error);
  const { id } = await batchArriving(first, ROWS / 2);
  await first.kill();
  goOn();
  expect(await cutOff).toBeInstanceOf(Error);
  // What a worker measures is something else now: the envelopes are the same.
  await worker.stop();
  const second = await fleet.api(url);
  await fleet.worker(url);
  const repeated = await until(
    async () => {
      const answer = await sendBatch(second, { headers, body: BODY });
      // The dead process holds the key for a moment.
      return answer.status !== 409 && answer;
    },
    { deadlineMs: 20_000, what: 'the key to be free' },
  );
  expect(repeated.status).toBe(201);
  expect(repeated.json.id).toBe(id);
  await expectAll(second, id);
}, 360_000);

it('while its workers are killed as it runs', async () => {
  redis = await ownRedis();
  await redis.start();
  const url = { REDIS_URL: redis.url };
  const api = await fleet.api(url);
  const { json } = await sendBatch(api, { body: BODY });
  for (const share of [0.1, 0.4]) {
    const worker = await fleet.worker(url);
    await until(async () => (await getBatch(api, json.id)).progress >= share, {
      deadlineMs: 60_000,
      what: `progress ${share}`,
    });
    await worker.kill();
  }
  expect((await getBatch(api, json.id)).status).toBe('in_progress');
  await fleet.worker(url);
  await expectAll(api, json.id);
}, 360_000);

it('while Redis is killed as it arrives and runs, and comes back with what it had', async () => {
  // While the disk is busy, Redis otherwise answers up to two seconds before it writes: a kill then loses that.
  redis = await ownRedis(['--appendfsync', 'always']);
  await redis.start();
  const { api } = await fleet.pair({ REDIS_URL: redis.url });
  const headers = { 'idempotency-key': 'through-a-restart' };
  const { stream, goOn } = halting(BODY, Math.round(BODY.length * 0.6));
  const sent = sendBatch(api, { headers, body: stream });
  const { id } = await batchArriving(api, ROWS / 4);
  await redis.kill();
  goOn();
  await redis.start();
  const answer = await sent;
  // The key is held for a moment, and Redis may not be seen again yet.
  const { json } = await until(
    async () => {
      const last = answer.status === 201 ? answer : await sendBatch(api, { headers, body: BODY });
      return last.status === 201 && last;
    },
    { deadlineMs: 60_000, what: 'the repeat to be taken' },
  );
  expect(json.id).toBe(id);
  await expectAll(api, json.id);
}, 360_000);
