/** A pipeline's day: it sends rows in the format that it has, watches them run, and reads the answers in their order. */
import { gzipSync } from 'node:zlib';
import Papa from 'papaparse';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { Batches } from '#queue/batches';
import { Catalogue } from '#queue/catalogue';
import {
  batchArriving,
  type BatchBody,
  batchEnded,
  getBatch,
  irisRow,
  irisRows,
  ndjson,
  results,
  resultText,
  sendBatch,
} from '#testing/batches';
import type { Fleet, FleetProcess } from '#testing/fleet';
import { copySlowModel } from '#testing/models';
import { until } from '#testing/patience';
import { get, IRIS, predict } from '#testing/predictions';
import { type RedisClient, withRedis } from '#testing/redis-server';
import { signal } from '#testing/signal';
import { WebhookReceiver } from '#testing/webhook-receiver';
import { fleetFor, fleetOfTest } from '../stage.js';

/** Short enough to wait for, and longer than a busy machine lets a sender wait for its turn. */
const STALL_SECONDS = 3;

const fleet = fleetFor('file', {
  WEBHOOK_ALLOW_PRIVATE: 'true',
  UPLOAD_STALL_SECONDS: String(STALL_SECONDS),
  BATCH_MAX_ROWS: '50000',
  BATCH_LIMIT_BYTES: '8000000',
  LOG_LEVEL: 'debug',
});
let api: FleetProcess;

beforeAll(async () => {
  ({ api } = await fleet.pair());
});

const indexes = (lines: readonly { readonly index: number }[]): number[] => lines.map(({ index }) => index);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

describe('rows', () => {
  const given = upTo(2_500).map((index) => ({ custom_id: `row-${index}`, ...irisRow(index) }));
  const columns = Object.keys(given[0]!);
  const csv = [columns.join(','), ...given.map((row) => Object.values(row).join(','))].join('\r\n');

  it.each([
    ['NDJSON', 'application/x-ndjson', ndjson(given), {}],
    ['a JSON array', 'application/json', JSON.stringify(given), {}],
    ['CSV', 'text/csv', csv, {}],
    ['NDJSON in gzip', 'application/x-ndjson', gzipSync(ndjson(given)), { 'content-encoding': 'gzip' }],
  ])('as %s come back as answers, in their order and under their names', async (_, type, body, headers) => {
    const { status, headers: answered, json } = await sendBatch(api, { type, body, headers });
    expect(status).toBe(201);
    expect(answered.get('location')).toBe(json.urls.get);
    const ended = await batchEnded(api, json.id);
    expect(ended).toMatchObject({
      status: 'completed',
      request_counts: { total: 2_500, completed: 2_500, failed: 0, not_run: 0 },
      progress: 1,
      estimated_time_left: 0,
    });
    const lines = await results(api, json.id);
    expect(indexes(lines)).toEqual(upTo(2_500));
    expect(lines.map((line) => line.custom_id)).toEqual(given.map((row) => row.custom_id));
    for (const index of [0, 31, 32, 1_023, 1_024, 2_499]) {
      const { output } = await predict(api, { version: 'iris', input: irisRow(index) });
      expect(lines[index]!.output!.label).toBe(output.label);
      expect(lines[index]!.output!.probabilities['setosa']).toBeCloseTo(output.probabilities['setosa']!, 5);
    }
  });

  it('that are not valid become error lines with row number, pointer and rule', async () => {
    const wrong = { ...irisRow(1), petal_width: 40 };
    const body = `${JSON.stringify(irisRow(0))}\n${JSON.stringify(wrong)}\n{"no json\n${JSON.stringify(irisRow(3))}\n`;
    const { json } = await sendBatch(api, { body });
    const ended = await batchEnded(api, json.id);
    expect(ended.request_counts).toEqual({ total: 4, completed: 2, failed: 2, not_run: 0 });
    const lines = await results(api, json.id);
    expect(indexes(lines)).toEqual([0, 1, 2, 3]);
    expect(lines[1]!.error).toMatchObject({
      code: 'invalid_input',
      errors: [{ pointer: '/petal_width', code: 'out_of_range' }],
    });
    expect(lines[2]!.error).toMatchObject({ code: 'invalid_input', errors: [{ pointer: '', code: 'invalid_json' }] });
    expect(lines[3]!.output).toBeDefined();
  });

  it('that have half of a character are error lines, and hinder nobody', async () => {
    const body = ndjson([{ ...irisRow(0), custom_id: 'x\ud800' }, { ...irisRow(1), '\udfff': 1 }, irisRow(2)]);
    const { json } = await sendBatch(api, { body });
    expect((await batchEnded(api, json.id)).request_counts).toMatchObject({ completed: 1, failed: 2 });
    const problems = (await results(api, json.id)).map(({ error }) => error?.errors?.[0]);
    expect(problems).toMatchObject([
      { pointer: '/custom_id', code: 'malformed_text' },
      { pointer: '', code: 'malformed_text' },
      undefined,
    ]);
  });

  it('come back as CSV where that is asked for', async () => {
    const body = ndjson([
      { ...irisRow(0), custom_id: 'a "quoted", name' },
      { ...irisRow(1), petal_width: 40 },
    ]);
    const { json } = await sendBatch(api, { body });
    await batchEnded(api, json.id);
    const text = await resultText(api, json.id, 'text/csv');
    const { data } = Papa.parse<Record<string, string>>(text, { header: true, skipEmptyLines: true });
    expect(Object.keys(data[0]!)).toEqual([
      'index',
      'id',
      'custom_id',
      'label',
      'score',
      'probability_setosa',
      'probability_versicolor',
      'probability_virginica',
      'error_code',
      'error',
    ]);
    expect(data[0]).toMatchObject({ index: '0', custom_id: 'a "quoted", name', error_code: '' });
    expect(data[1]).toMatchObject({ index: '1', label: '', error_code: 'invalid_input' });
  });

  it('are predictions: each can be read by its id, and none canceled by itself', async () => {
    const { json } = await sendBatch(api, { body: irisRows(40) });
    await batchEnded(api, json.id);
    const [line] = await results(api, json.id, 36);
    const prediction = await get(api, line!.id);
    expect(prediction).toMatchObject({ status: 'succeeded', output: line!.output });
    const canceled = await api.call('POST', `/v1/predictions/${line!.id}/cancel`);
    expect([canceled.status, canceled.json.code]).toEqual([409, 'part_of_batch']);
  });
});

describe('results', () => {
  it('go on behind the row that one has', async () => {
    const { json } = await sendBatch(api, { body: irisRows(3_000) });
    await batchEnded(api, json.id);
    const lines = await results(api, json.id, 1_500);
    expect(indexes(lines)).toEqual(upTo(3_000).slice(1_501));
    expect(await results(api, json.id, 2_999)).toEqual([]);
  });

  it('come while the batch runs, as far as it has come without a gap', async () => {
    const corner = fleetOfTest({ MODELS_DIR: await copySlowModel(({ batching }) => (batching.max_batch_size = 1)) });
    const { api: slow } = await corner.pair();
    // One row in the middle takes minutes.
    const rows = upTo(600).map((index) => ({ size: index === 300 ? 4_000 : 2 }));
    const { json } = await sendBatch(slow, { query: { model: 'slow' }, body: ndjson(rows) });
    const partial = await until(
      async () => {
        const lines = await results(slow, json.id);
        return lines.length >= 200 && lines;
      },
      { deadlineMs: 90_000, what: 'results of the first envelopes' },
    );
    expect(partial.length).toBeLessThanOrEqual(300);
    expect(indexes(partial)).toEqual(upTo(partial.length));
    expect(partial.every(({ output }) => output !== undefined)).toBe(true);
    // By now there may be more of them; how many rows an envelope has depends on what the machine has measured.
    expect((await results(slow, json.id, 99)).slice(0, partial.length - 100)).toEqual(partial.slice(100));
    const running = await getBatch(slow, json.id);
    expect(running).toMatchObject({ status: 'in_progress', request_counts: { total: 600, not_run: 0 } });
    expect(running.request_counts.completed).toBeLessThan(600);
    await slow.call('POST', `/v1/batches/${json.id}/cancel`);
    await until(async () => (await getBatch(slow, json.id)).progress === 1, {
      deadlineMs: 20_000,
      what: 'the rest to be let go',
    });
    const whole = await results(slow, json.id);
    expect(indexes(whole)).toEqual(upTo(600));
    expect(whole.slice(0, partial.length)).toEqual(partial);
  });
});

describe('with on_invalid=reject', () => {
  const reject = { on_invalid: 'reject' };

  it('runs when all rows are valid', async () => {
    const { status, json } = await sendBatch(api, { query: reject, body: irisRows(2_100) });
    expect(status).toBe(201);
    const ended = await batchEnded(api, json.id);
    expect(ended.request_counts).toMatchObject({ total: 2_100, completed: 2_100 });
    expect(indexes(await results(api, json.id))).toEqual(upTo(2_100));
  });

  it('names the first hundred errors and leaves nothing behind', async () => {
    const key = `reject-${Date.now()}`;
    const headers = { 'idempotency-key': key };
    const rows = upTo(3_000).map((index) =>
      index % 10 === 7 ? { ...irisRow(index), petal_width: -1 } : irisRow(index),
    );
    const before = await keysOfBatches();
    const { status, json } = await sendBatch(api, { query: reject, headers, body: ndjson(rows) });
    expect([status, json.code]).toEqual([422, 'invalid_rows']);
    expect(json.detail).toMatch(/300 of 3000 rows/);
    expect(json.errors).toHaveLength(100);
    expect(json.errors[0]).toMatchObject({ pointer: '/7/petal_width', code: 'out_of_range' });
    expect(await keysOfBatches()).toEqual(before);
    // The key is free for the rows as they should have been.
    expect((await sendBatch(api, { query: reject, headers, body: irisRows(10) })).status).toBe(201);
  });
});

/** Looks behind the scene of a fleet. */
async function inRedis<T>(
  { settings }: Fleet,
  look: (client: RedisClient, catalogue: Catalogue) => Promise<T>,
): Promise<T> {
  return withRedis(settings['REDIS_URL'] ?? '', (client) =>
    look(client, new Catalogue(settings['REDIS_PREFIX'] ?? '')),
  );
}

/** Whatever there is of batches in Redis. */
function keysOfBatches(): Promise<string[]> {
  // Not what BullMQ's workers set and take away for themselves, whatever there is to do.
  const isOfWorkers = (key: string): boolean => /:(stalled|stalled-check|marker)$/.test(key);
  return inRedis(fleet, async (client, { prefix }) =>
    (await client.keys(`{${prefix}:*}:*b*`)).filter((key) => !isOfWorkers(key)).sort(),
  );
}

describe('the same Idempotency-Key', () => {
  it('is the same batch, and its rows are there once', async () => {
    const headers = { 'idempotency-key': `same-${Date.now()}` };
    const first = await sendBatch(api, { headers, body: irisRows(1_500) });
    const again = await sendBatch(api, { headers, body: irisRows(1_500) });
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.json.id).toBe(first.json.id);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect((await batchEnded(api, first.json.id)).request_counts.completed).toBe(1_500);
  });

  it.each([
    ['one that differs', irisRows(1_500).replace('"petal_width":0.2', '"petal_width":0.3')],
    ['one less', irisRows(1_499)],
    ['an envelope less', irisRows(1_280)],
    ['one more', irisRows(1_501)],
    ['an envelope more', irisRows(1_792)],
  ])('with other rows is refused for ever: %s', async (what, other) => {
    const key = `rows-${what}-${Date.now()}`.replaceAll(' ', '-');
    const headers = { 'idempotency-key': key };
    const first = await sendBatch(api, { headers, body: irisRows(1_500) });
    const refused = await sendBatch(api, { headers, body: other });
    expect([refused.status, refused.json.code]).toEqual([422, 'idempotency_key_reused']);
    // As if nobody had been left to say that all of it is there.
    await inRedis(fleet, (client, catalogue) =>
      client.hset(catalogue.reservationKey('local', `batch ${key}`), { state: 'pending', lease: 0 }),
    );
    const again = await sendBatch(api, { headers, body: other });
    expect([again.status, again.json.code]).toEqual([422, 'idempotency_key_reused']);
    await batchEnded(api, first.json.id);
    const equal = await sendBatch(api, { headers, body: irisRows(1_500) });
    expect([equal.status, equal.json.id]).toEqual([201, first.json.id]);
    expect(equal.headers.get('idempotency-replayed')).toBe('true');
    expect(equal.json.request_counts).toEqual({ total: 1_500, completed: 1_500, failed: 0, not_run: 0 });
  });

  it('of a batch that has failed is told why', async () => {
    const headers = { 'idempotency-key': `failed-${Date.now()}` };
    const body = irisRows(4_000);
    const stalled = await sendBatch(api, { headers, body: trickle([body.slice(0, 200_000)], 'never ends') });
    expect(stalled.status).toBe(408);
    const { id } = await batchArriving(api, 256);
    // As the janitor does, a quarter of an hour later.
    await inRedis(fleet, (client, catalogue) =>
      new Batches(client, catalogue).fail('iris', id, { code: 'upload_abandoned', message: 'Nobody went on with it.' }),
    );
    const { status, json } = await sendBatch(api, { headers, body });
    expect([status, json.code, json.detail]).toEqual([
      409,
      'batch_ended',
      'The batch has failed: Nobody went on with it.',
    ]);
    await until(async () => (await getBatch(api, id)).progress === 1, { deadlineMs: 20_000, what: 'its rows to end' });
    expect((await getBatch(api, id)).status).toBe('failed');
    expect((await sendBatch(api, { headers, body })).json).toMatchObject({ id, status: 'failed' });
    const other = await sendBatch(api, { headers, body: body.replace('"petal_width":0.2', '"petal_width":0.3') });
    expect([other.status, other.json.code]).toEqual([422, 'idempotency_key_reused']);
  });

  it('with other options is refused', async () => {
    const headers = { 'idempotency-key': `options-${Date.now()}` };
    await sendBatch(api, { headers, body: irisRows(10) });
    const { status, json } = await sendBatch(api, { headers, query: { completion_window: '1h' }, body: irisRows(10) });
    expect([status, json.code]).toEqual([422, 'idempotency_key_reused']);
  });

  it('goes on where an upload was cut off, and refuses other rows', async () => {
    const headers = { 'idempotency-key': `cut-${Date.now()}` };
    const whole = irisRows(6_000);
    // Its sender stalls in the middle, and is sent away.
    const stalled = await sendBatch(api, { headers, body: trickle([whole.slice(0, 400_000)], 'never ends') });
    expect([stalled.status, stalled.json.code]).toEqual([408, 'upload_stalled']);
    const other = await sendBatch(api, { headers, body: whole.replace('"petal_width":0.2', '"petal_width":0.3') });
    expect([other.status, other.json.code]).toEqual([422, 'idempotency_key_reused']);
    expect(other.json.detail).toMatch(/Rows 0 to \d+ differ/);
    const repeated = await sendBatch(api, { headers, body: whole });
    expect(repeated.status).toBe(201);
    const ended = await batchEnded(api, repeated.json.id);
    expect(ended.request_counts).toEqual({ total: 6_000, completed: 6_000, failed: 0, not_run: 0 });
    expect(indexes(await results(api, ended.id))).toEqual(upTo(6_000));
  });
});

/** Sends the pieces with pauses, and then ends, or does not. */
function trickle(pieces: readonly string[], end: 'ends' | 'never ends', pauseMs = 0): ReadableStream<Uint8Array> {
  const left = [...pieces];
  let release: () => void = () => undefined;
  onTestFinished(() => release());
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const piece = left.shift();
      if (piece !== undefined) {
        controller.enqueue(new TextEncoder().encode(piece));
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      } else if (end === 'ends') controller.close();
      else await new Promise<void>((resolve) => (release = resolve));
    },
  });
}

describe('an upload', () => {
  it('may be slow', async () => {
    const lines = upTo(8).map((index) => ndjson([irisRow(index)]));
    // Each piece comes well within the time, all of them together do not.
    const pauseMs = STALL_SECONDS * 200;
    expect(lines.length * pauseMs).toBeGreaterThan(STALL_SECONDS * 1_000);
    const { status, json } = await sendBatch(api, { body: trickle(lines, 'ends', pauseMs) });
    expect(status).toBe(201);
    expect((await batchEnded(api, json.id)).request_counts.completed).toBe(8);
  });

  it('that ends in the middle fails without a key, and what has not run does not', async () => {
    const { status } = await sendBatch(api, { body: trickle([irisRows(2_000)], 'never ends') });
    expect(status).toBe(408);
    const list = await api.call('GET', '/v1/batches?limit=1');
    const [batch] = list.json.results as unknown as { id: string }[];
    expect(await getBatch(api, batch!.id)).toMatchObject({ status: 'failed', error_code: 'upload_stalled' });
  });

  it.each([
    ['no model of this service', { query: { model: 'lotus' }, body: irisRows(1) }, 422, 'invalid_request'],
    ['an unknown option', { query: { modell: 'iris' }, body: irisRows(1) }, 422, 'invalid_request'],
    ['a type that holds no rows', { type: 'text/plain', body: irisRows(1) }, 415, 'unsupported_media_type'],
    ['another compression', { headers: { 'content-encoding': 'br' }, body: 'x' }, 415, 'unsupported_encoding'],
    ['gzip that is none', { headers: { 'content-encoding': 'gzip' }, body: 'x' }, 400, 'invalid_compression'],
    ['no rows', { body: '\n\n' }, 422, 'invalid_request'],
    ['an empty array', { type: 'application/json', body: '[]' }, 422, 'invalid_request'],
    ['an object', { type: 'application/json', body: '{"a":1}' }, 400, 'invalid_body'],
    ['half an array', { type: 'application/json', body: `[${JSON.stringify(IRIS.input)}` }, 400, 'invalid_body'],
    ['a header row of another model', { type: 'text/csv', body: 'a,b\n1,2\n' }, 422, 'invalid_header'],
    ['too many rows', { body: irisRows(50_001) }, 413, 'too_many_rows'],
    ['too many bytes', { body: 'x'.repeat(8_000_001) }, 413, 'body_too_large'],
    [
      'too many bytes after inflating',
      { headers: { 'content-encoding': 'gzip' }, body: gzipSync(Buffer.alloc(9_000_000, ' ')) },
      413,
      'body_too_large',
    ],
    ['a window of years', { query: { completion_window: '900d' }, body: irisRows(1) }, 422, 'invalid_request'],
    ['metadata that are none', { query: { metadata: '[1]' }, body: irisRows(1) }, 422, 'invalid_request'],
    [
      'half of a character in its metadata',
      { query: { metadata: String.raw`{"a":"\ud800"}` }, body: irisRows(1) },
      422,
      'invalid_request',
    ],
    ['a webhook that is no URL', { query: { webhook: 'here' }, body: irisRows(1) }, 422, 'invalid_request'],
  ])('with %s is refused', async (_, send, status, code) => {
    const answer = await sendBatch(api, send);
    expect([answer.status, answer.json.code]).toEqual([status, code]);
  });

  it('leaves no word of its query in the logs', async () => {
    await sendBatch(api, { query: { metadata: '{"who":"somebody-secret"}' }, body: irisRows(1) });
    await api.line({ route: '/v1/batches', method: 'POST', status: 201 });
    expect(JSON.stringify(api.lines)).not.toContain('somebody-secret');
  });
});

describe('an upload that is canceled while it comes', () => {
  it.each([
    ['without a key', {}],
    ['with a key', { 'idempotency-key': 'canceled' }],
  ])('%s stays canceled when its sender goes away', async (_, headers) => {
    const corner = fleetOfTest();
    const idle = await corner.api();
    const { signal, abort } = connection();
    const sent = sendBatch(idle, { headers, signal, body: trickle([irisRows(3_000)], 'never ends') });
    const cutOff = sent.catch((error: unknown) => error);
    const { id } = await batchArriving(idle, 256);
    const canceled = await idle.call('POST', `/v1/batches/${id}/cancel`);
    expect(canceled.json.status).toBe('canceled');
    abort();
    expect(await cutOff).toBeInstanceOf(Error);
    const state = (): Promise<string | null> =>
      inRedis(corner, (client, catalogue) => client.hget(catalogue.batchKey('iris', id), 'state'));
    await until(async () => (await state()) === 'closed', { deadlineMs: 30_000, what: 'the API to let go of it' });
    const before = await getBatch(idle, id);
    expect(before).toMatchObject({ status: 'canceled', error_code: null, completed_at: canceled.json.completed_at });
    await corner.worker();
    const after = await until(
      async () => {
        const batch = await getBatch(idle, id);
        return batch.progress === 1 && batch;
      },
      { deadlineMs: 20_000, what: 'all of it to end' },
    );
    const { total, not_run: notRun } = after.request_counts;
    expect([after.status, notRun, total]).toEqual(['canceled', total, before.request_counts.total]);
  });
});

/** Of a sender who hangs up. */
function connection(): { readonly signal: AbortSignal; readonly abort: () => void } {
  const controller = new AbortController();
  onTestFinished(() => controller.abort());
  return { signal: controller.signal, abort: () => controller.abort() };
}

describe('an upload into a full queue', () => {
  const headers = { 'idempotency-key': 'full' };
  const body = irisRows(20_000);

  it('waits until somebody cancels it, and is told', async () => {
    const full = await fleetOfTest({ MAX_QUEUE_DEPTH: '3000' }).api();
    const sent = sendBatch(full, { headers, body });
    const { id } = await batchArriving(full, 3_000);
    expect((await full.call('POST', `/v1/batches/${id}/cancel`)).json.status).toBe('canceled');
    const { status, json } = await sent;
    expect([status, json.code]).toEqual([409, 'batch_ended']);
    expect(json.detail).toMatch(/was canceled/);
  });

  it('is sent away when nothing runs, keeps its key, and goes on when it comes again', async () => {
    const corner = fleetOfTest({ MAX_QUEUE_DEPTH: '3000', UPLOAD_STALL_SECONDS: '1' });
    const full = await corner.api();
    const sent = await sendBatch(full, { headers, body });
    expect([sent.status, sent.json.code]).toEqual([429, 'queue_full']);
    expect(sent.headers.get('retry-after')).not.toBeNull();
    const { id, status } = await batchArriving(full, 3_000);
    expect(status).toBe('validating');
    const other = body.replace('"petal_width":0.2', '"petal_width":0.3');
    const refused = await sendBatch(full, { headers, body: other });
    expect([refused.status, refused.json.code]).toEqual([422, 'idempotency_key_reused']);
    await corner.worker();
    const repeated = await sendBatch(full, { headers, body });
    expect([repeated.status, repeated.json.id]).toEqual([201, id]);
    const ended = await batchEnded(full, id);
    expect(ended.request_counts).toEqual({ total: 20_000, completed: 20_000, failed: 0, not_run: 0 });
  });

  it('does not hold the key for a sender who has gone', async () => {
    const full = await fleetOfTest({ MAX_QUEUE_DEPTH: '3000' }).api();
    const { signal, abort } = connection();
    // All of it has been read.
    const query = { on_invalid: 'reject' };
    const cutOff = sendBatch(full, { headers, signal, query, body }).catch((error: unknown) => error);
    await batchArriving(full, 3_000);
    abort();
    expect(await cutOff).toBeInstanceOf(Error);
    const other = body.replace('"petal_width":0.2', '"petal_width":0.3');
    const refused = await until(
      async () => {
        const answer = await sendBatch(full, { headers, query, body: other });
        return answer.json.code !== 'idempotency_key_in_use' && answer;
      },
      { deadlineMs: 30_000, what: 'the key to be free' },
    );
    expect([refused.status, refused.json.code]).toEqual([422, 'idempotency_key_reused']);
  });
});

describe('a batch that has not run', () => {
  it('is canceled at once: its rows never run', async () => {
    const corner = fleetOfTest();
    const idle = await corner.api();
    const { json } = await sendBatch(idle, { body: irisRows(3_000) });
    const canceled = await idle.call('POST', `/v1/batches/${json.id}/cancel`);
    expect([canceled.status, canceled.json.status]).toEqual([200, 'canceled']);
    await corner.worker();
    const drained = await until(
      async () => {
        const batch = await getBatch(idle, json.id);
        return batch.request_counts.not_run === 3_000 && batch;
      },
      { deadlineMs: 20_000, what: 'its rows to be let go' },
    );
    expect(drained).toMatchObject({ status: 'canceled', request_counts: { completed: 0, failed: 0 } });
    expect((await results(idle, json.id))[0]!.error!.code).toBe('canceled');
    const again = await idle.call('POST', `/v1/batches/${json.id}/cancel`);
    expect([again.status, again.json.status]).toEqual([200, 'canceled']);
  });

  it('expires when its window is over, and says what it did', async () => {
    const corner = fleetOfTest();
    const idle = await corner.api();
    const { json } = await sendBatch(idle, { query: { completion_window: '4s' }, body: irisRows(1_100) });
    const expired = await batchEnded(idle, json.id);
    expect(expired.status).toBe('expired');
    await corner.worker();
    await until(async () => (await getBatch(idle, json.id)).request_counts.not_run === 1_100, {
      deadlineMs: 20_000,
      what: 'its rows to be let go',
    });
    expect((await results(idle, json.id)).at(-1)!.error!.code).toBe('aborted');
  });
});

it('a batch whose window ends while its rows run has expired, though nobody looked before the last of them', async () => {
  const hooks = await new WebhookReceiver().start();
  onTestFinished(() => hooks.stop());
  const corner = fleetOfTest({ MODELS_DIR: await copySlowModel(), WEBHOOK_ALLOW_PRIVATE: 'true' });
  const { api: slow } = await corner.pair();
  await corner.courier();
  const query = { model: 'slow', completion_window: '2s', webhook: hooks.url() };
  const { status, json } = await sendBatch(slow, { query, body: ndjson(upTo(2_000).map(() => ({ size: 400 }))) });
  expect([status, json.status]).toEqual([201, 'in_progress']);
  const told = (await hooks.hook(`${json.id}-completed`)).json as unknown as BatchBody & { expires_at: string };
  expect(told).toMatchObject({ status: 'expired', completed_at: told.expires_at });
  const { completed, not_run: notRun } = told.request_counts;
  expect([completed + notRun, notRun > 0]).toEqual([2_000, true]);
  const canceled = await slow.call('POST', `/v1/batches/${json.id}/cancel`);
  expect(canceled.json.status).toBe('expired');
  expect(await getBatch(slow, json.id)).toEqual(told);
  const codes = (await results(slow, json.id)).flatMap(({ error }) => error?.code ?? []);
  expect([new Set(codes), codes.length]).toEqual([new Set(['aborted']), notRun]);
});

it('a batch that has completed stays so, whoever cancels it', async () => {
  const { json } = await sendBatch(api, { body: irisRows(5) });
  await batchEnded(api, json.id);
  const { status, json: after } = await api.call('POST', `/v1/batches/${json.id}/cancel`);
  expect([status, after.status]).toEqual([200, 'completed']);
});

it('who asked for it is told of its start, its output and its end, as GET shows it', async () => {
  const hooks = await new WebhookReceiver().start();
  onTestFinished(() => hooks.stop());
  await fleet.courier();
  const query = { webhook: hooks.url(), webhook_events_filter: 'start,output,completed', metadata: '{"run":"7"}' };
  const { json } = await sendBatch(api, { query, body: irisRows(2_000) });
  const completed = await hooks.hook(`${json.id}-completed`);
  expect(completed.json).toEqual(await getBatch(api, json.id));
  expect(completed.json).toMatchObject({ status: 'completed', metadata: { run: '7' } });
  // Messages are sent side by side: the last event may be the first to arrive.
  await Promise.all(['start', 'output'].map((kind) => hooks.hook(`${json.id}-${kind}`)));
  expect(hooks.ids).toEqual(new Set(['start', 'output', 'completed'].map((kind) => `${json.id}-${kind}`)));
});

it('batches are listed, newest first, page by page', async () => {
  const ids: string[] = [];
  for (let i = 0; i < 3; i += 1) ids.unshift((await sendBatch(api, { body: irisRows(1) })).json.id);
  const first = await api.call('GET', '/v1/batches?limit=2');
  expect(first.json.results.map(({ id }) => id)).toEqual(ids.slice(0, 2));
  const second = await api.call('GET', first.json.next!);
  expect(second.json.results[0]!.id).toBe(ids[2]);
});

it('a batch whose rows still arrive when its model is drained is taken whole', async () => {
  const idle = await fleetOfTest().api();
  const drained = signal();
  const body = heldInTheMiddle([irisRows(1_000), irisRows(1_000)], drained.seen);
  const sent = sendBatch(idle, { body });
  const { id } = await batchArriving(idle, 256);
  expect((await idle.call('POST', '/v1/operations/models/iris/drain')).status).toBe(200);
  expect((await idle.call('POST', '/v1/predictions', { body: IRIS })).json.code).toBe('model_draining');
  drained.send();
  const { status, json } = await sent;
  expect([status, json.id, json.request_counts.total]).toEqual([201, id, 2_000]);
  const next = await sendBatch(idle, { body: irisRows(1) });
  expect([next.status, next.json.code]).toEqual([503, 'model_draining']);
});

/** Sends the first piece, and the others when `rest` has resolved. */
function heldInTheMiddle(pieces: readonly string[], rest: Promise<unknown>): ReadableStream<Uint8Array> {
  const left = [...pieces];
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (left.length < pieces.length) await rest;
      const piece = left.shift();
      if (piece === undefined) controller.close();
      else controller.enqueue(new TextEncoder().encode(piece));
    },
  });
}
