import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { jsonAnswer as json, ScriptedServer } from '#testing/scripted-server';
import { MillraceClient, MillraceError, MillraceUnreachableError } from './millrace-client.js';
import { pause, pauseBeforeRetry } from './retries.js';

let server: ScriptedServer;
let client: MillraceClient;
const BUSY = json(429, { title: 'Too Many Requests', status: 429, code: 'queue_full' }, { 'retry-after': '0' });
const AWAY = json(503, { title: 'Service Unavailable', status: 503, code: 'unavailable' }, { 'retry-after': '0' });
const DONE = json(201, { id: 'p1', status: 'succeeded' });
const WISH = { model: 'iris', input: {} };

beforeEach(async () => {
  server = await new ScriptedServer().start();
  client = new MillraceClient({ url: server.url });
});

afterEach(() => server.stop());

const keysSeen = (): unknown[] => server.seen.map(({ headers }) => headers['idempotency-key']);

describe('a submit', () => {
  it('is made again under the key that it made up, where that may help', async () => {
    server.answers = [BUSY, AWAY, DONE];
    expect(await client.submit(WISH)).toMatchObject({ id: 'p1' });
    const [first, ...others] = keysSeen();
    expect(first).toMatch(/^[0-9a-f]{32}$/);
    expect(others).toEqual([first, first]);
  });

  it('is made once without a key', async () => {
    server.answers = [AWAY, DONE];
    await expect(client.submit(WISH, { idempotencyKey: null })).rejects.toMatchObject({ status: 503 });
    expect(keysSeen()).toEqual([undefined]);
  });

  it('is not made again where it would be wrong again', async () => {
    server.answers = [json(422, { title: 'Unprocessable Content', status: 422 }), DONE];
    await expect(client.submit(WISH)).rejects.toMatchObject({ status: 422 });
    expect(server.seen).toHaveLength(1);
  });

  it('is given up after the last retry, with the last refusal', async () => {
    client = new MillraceClient({ url: server.url, retries: 1 });
    server.answers = [AWAY, BUSY, DONE];
    await expect(client.submit(WISH)).rejects.toMatchObject({ status: 429, code: 'queue_full' });
    expect(server.seen).toHaveLength(2);
  });
});

it('rows in an array are sent again, whole and under one key; rows that went by are not', async () => {
  server.answers = [AWAY, json(201, { id: 'b1' })];
  await client.createBatch({ model: 'iris', rows: [{ a: 1 }] });
  expect(server.seen.map(({ body }) => body)).toEqual(['{"a":1}\n', '{"a":1}\n']);
  expect(new Set(keysSeen()).size).toBe(1);
  server.answers = [AWAY];
  const once = [{ a: 1 }].values();
  await expect(client.createBatch({ model: 'iris', rows: once })).rejects.toMatchObject({ status: 503 });
});

it('who makes a key makes it once', async () => {
  server.answers = [AWAY, DONE];
  await expect(client.createKey({ client: 'c', scopes: ['predict'] })).rejects.toMatchObject({ status: 503 });
  expect(server.seen).toHaveLength(1);
});

describe('time', () => {
  it('an answer that does not come is nobody`s, and the call is made again', async () => {
    client = new MillraceClient({ url: server.url, timeoutMs: 1_000, retries: 1 });
    server.answers = [null, DONE];
    expect(await client.submit(WISH)).toMatchObject({ id: 'p1' });
    server.answers = [null, null];
    await expect(client.get('p1')).rejects.toThrow(MillraceUnreachableError);
  });

  it('the caller may leave, with a reason of its own', async () => {
    const reason = new Error('The page was closed');
    server.answers = [null, AWAY];
    await expect(client.get('p1', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const leaving = new AbortController();
    const asked = client.get('p1', { signal: leaving.signal });
    leaving.abort(reason);
    await expect(asked).rejects.toBe(reason);
    const paused = pause(60_000, leaving.signal);
    await expect(paused).rejects.toBe(reason);
  });
});

describe('the pause', () => {
  const refusal = (status: number, retryAfter: number | null, code = 'x'): MillraceError =>
    new MillraceError({ title: 'no', status, code }, retryAfter);

  it('is what the service asks for, and never shorter than ours', () => {
    expect(pauseBeforeRetry(refusal(429, 7), 1)).toBe(7_000);
    expect(pauseBeforeRetry(refusal(503, 0), 1, () => 1)).toBe(500);
    expect(pauseBeforeRetry(refusal(409, 1, 'idempotency_key_in_use'), 1)).toBe(1_000);
  });

  it('doubles, up to eight seconds, and differs between callers', () => {
    const pauses = [1, 2, 3, 4, 5, 6].map((tries) => pauseBeforeRetry(refusal(502, null), tries, () => 1));
    expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 8_000, 8_000]);
    expect(pauseBeforeRetry(new MillraceUnreachableError('http://x'), 1, () => 0)).toBe(250);
  });

  it('is not made where another try does not help, or only in a long time', () => {
    expect(pauseBeforeRetry(refusal(429, 3_600), 1)).toBeNull();
    expect(pauseBeforeRetry(refusal(409, 1, 'part_of_batch'), 1)).toBeNull();
    expect(pauseBeforeRetry(new TypeError('a bug'), 1)).toBeNull();
  });

  it('a date in Retry-After is understood', async () => {
    client = new MillraceClient({ url: server.url, retries: 0 });
    const soon = new Date(Date.now() + 30_000).toUTCString();
    server.answers = [json(503, { title: 'no', status: 503 }, { 'retry-after': soon })];
    const error = (await client.get('p1').catch((caught: unknown) => caught)) as MillraceError;
    expect(error.retryAfter).toBeGreaterThan(20);
    expect(error.retryAfter).toBeLessThan(31);
  });
});
