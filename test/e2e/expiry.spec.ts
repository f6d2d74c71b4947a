/**
 * Results live for RESULT_TTL_SECONDS and not a moment longer, also in a queue where nothing else happens; after that
 * the API can still tell what has expired from what never was.
 */
import { beforeAll, expect, it } from 'vitest';
import { batchEnded, getBatch, irisRows, sendBatch } from '#testing/batches';
import type { FleetProcess } from '#testing/fleet';
import { until } from '#testing/patience';
import { ENDED, get, IRIS, predict, submit } from '#testing/predictions';
import { fleetFor } from '../stage.js';

/** Long enough to be read in, also by a machine that has much to do. */
const TTL_SECONDS = 3;

const fleet = fleetFor('file', { RESULT_TTL_SECONDS: String(TTL_SECONDS) });
let api: FleetProcess;

beforeAll(async () => {
  ({ api } = await fleet.pair());
});

async function expired(id: string): Promise<void> {
  await until(async () => (await get(api, id)).code === 'expired', { deadlineMs: 30_000, what: `${id} to expire` });
}

it('a result is there, and after its time it has expired, though the queue is quiet', async () => {
  const prediction = await predict(api, IRIS);
  expect((await get(api, prediction.id)).status).toBe('succeeded');
  await expired(prediction.id);
  const lived = Date.now() - Date.parse(prediction.completed_at!);
  expect(lived).toBeGreaterThanOrEqual(TTL_SECONDS * 1_000);
  // By the clock, and not when something comes by to remove it; the rest is what it takes to ask.
  expect(lived).toBeLessThan(TTL_SECONDS * 1_000 + 10_000);

  const { status, json } = await api.call('GET', `/v1/predictions/${prediction.id}`);
  expect(status).toBe(404);
  expect(json).toMatchObject({ code: 'expired', status: 404 });
});

it('it stays expired when the queue`s own removal comes', async () => {
  const first = await predict(api, IRIS);
  await expired(first.id);
  // BullMQ removes what is old when another job ends.
  await predict(api, IRIS);
  expect(await get(api, first.id)).toMatchObject({ status: 404, code: 'expired' });
});

it('what waits is not expired, however long it waits', async () => {
  const quiet = await fleet.api({ REDIS_PREFIX: `${fleet.settings['REDIS_PREFIX'] ?? ''}q` });
  const old = await submit(quiet, IRIS);
  const began = Date.now();
  await until(() => Date.now() - began > 1_500 * TTL_SECONDS, {
    deadlineMs: 20_000,
    what: 'more than its time to pass',
  });
  expect(await get(quiet, old)).toMatchObject({ id: old, status: 'starting' });
});

it('a canceled prediction expires as well', async () => {
  const id = await submit(api, IRIS);
  const { json } = await api.call('POST', `/v1/predictions/${id}/cancel`);
  expect(ENDED).toContain(json.status);
  await expired(id);
});

it('a batch has expired after its time, by its id and under its Idempotency-Key', async () => {
  const send = { body: irisRows(2), headers: { 'idempotency-key': 'once' } };
  const { json: batch } = await sendBatch(api, send);
  await batchEnded(api, batch.id);
  await until(async () => (await getBatch(api, batch.id)).code === 'expired', {
    deadlineMs: 30_000,
    what: 'the batch to expire',
  });
  for (const part of ['', '/results', '/events']) {
    const { status, json } = await api.call('GET', `/v1/batches/${batch.id}${part}`);
    expect([part, status, json.code]).toEqual([part, 404, 'expired']);
  }
  const repeated = await sendBatch(api, send);
  expect([repeated.status, repeated.json.code]).toEqual([404, 'expired']);
});

it('an id that never was is not found', async () => {
  const { id } = await predict(api, IRIS);
  // Made this instant: its time cannot be over.
  const never = id.slice(0, 15) + 'v'.repeat(16) + id.slice(31);
  for (const unknown of ['nothing', never, id.slice(0, -1), id.toUpperCase(), `x${id.slice(1)}`]) {
    const { status, json } = await api.call('GET', `/v1/predictions/${unknown}`);
    expect([unknown, status, json.code]).toEqual([unknown, 404, 'not_found']);
  }
});

it('a batch that never was is not found', async () => {
  const { json: batch } = await sendBatch(api, { body: irisRows(1) });
  const never = batch.id.slice(0, 14) + 'v'.repeat(12);
  const ofNoModel = `bvvvv${'0'.repeat(9)}${'v'.repeat(12)}`;
  for (const unknown of [never, ofNoModel, 'nothing']) {
    const { status, json } = await api.call('GET', `/v1/batches/${unknown}`);
    expect([unknown, status, json.code]).toEqual([unknown, 404, 'not_found']);
  }
});
