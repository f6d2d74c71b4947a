/**
 * A key makes a submit safe to repeat: however often, from however many callers at once, in whatever order its fields
 * are written, it is one prediction; and the key outlives the result.
 */
import { beforeAll, expect, it } from 'vitest';
import type { FleetProcess } from '#testing/fleet';
import type { Answer } from '#testing/http';
import { until } from '#testing/patience';
import { ended, forEach, IRIS, post } from '#testing/predictions';
import { jobKeys } from '#testing/queue-keys';
import { fleetFor } from '../stage.js';

const fleet = fleetFor('file');
let api: FleetProcess;
/** Keeps results for a second only. */
let forgetful: FleetProcess;

beforeAll(async () => {
  forgetful = fleet.launch('api', { RESULT_TTL_SECONDS: '1' });
  ({ api } = await fleet.pair());
  await forgetful.ready();
});

let keys = 0;
const freshKey = (): string => `order-${++keys}`;

function postWith(key: string, body: unknown = IRIS, at: FleetProcess = api): Promise<Answer> {
  return post(at, body, { 'idempotency-key': key });
}

it('fifty callers with one key, at two processes, get one prediction', async () => {
  const key = freshKey();
  const before = (await jobKeys(fleet)).length;
  const answers = await forEach(Array.from({ length: 50 }), 50, (_, i) =>
    postWith(key, IRIS, i % 2 === 0 ? api : forgetful),
  );
  const accepted = answers.filter(({ status }) => status === 201);
  const held = answers.filter(({ status }) => status === 409);
  expect(accepted.length).toBeGreaterThan(0);
  expect(accepted.length + held.length).toBe(50);
  expect(new Set(accepted.map(({ json }) => json.id)).size).toBe(1);
  expect(accepted.filter(({ headers }) => !headers.has('idempotency-replayed'))).toHaveLength(1);
  for (const { headers, json } of held) {
    expect(json.code).toBe('idempotency_key_in_use');
    expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  }

  const again = await postWith(key);
  expect(again.status).toBe(201);
  expect(again.json.id).toBe(accepted[0]?.json.id);
  expect(await jobKeys(fleet)).toHaveLength(before + 1);
});

it('a repeat says that it is one, and stands where the prediction stands', async () => {
  const key = freshKey();
  const first = await postWith(key);
  expect(first.headers.has('idempotency-replayed')).toBe(false);
  const final = await ended(api, first.json.id);
  const again = await postWith(key);
  expect(again.headers.get('idempotency-replayed')).toBe('true');
  expect(again.headers.get('location')).toBe(first.headers.get('location'));
  expect(again.json).toEqual(final);
});

it('a repeat may wait for the first one`s outcome', async () => {
  const key = freshKey();
  const first = await postWith(key);
  const again = await post(api, IRIS, { 'idempotency-key': key, prefer: 'wait=20' });
  expect(again.json).toMatchObject({ id: first.json.id, status: 'succeeded' });
});

it('the same key with another body is refused, and the first prediction stays', async () => {
  const key = freshKey();
  const { json: first } = await postWith(key);
  const other = { ...IRIS, input: { ...(IRIS.input as object), sepal_length: 6 } };
  const { status, json } = await postWith(key, other);
  expect(status).toBe(422);
  expect(json.errors).toMatchObject([{ pointer: '', code: 'idempotency_key_reused' }]);
  expect((await postWith(key)).json.id).toBe(first.id);
});

it('the order of fields makes no other body', async () => {
  const key = freshKey();
  const reversed = Object.fromEntries(Object.entries(IRIS.input as object).toReversed());
  const { json: first } = await postWith(key, { version: 'iris', input: IRIS.input, metadata: { a: '1', b: '2' } });
  const { status, json } = await postWith(key, { metadata: { b: '2', a: '1' }, input: reversed, version: 'iris' });
  expect(status).toBe(201);
  expect(json.id).toBe(first.id);
});

it('a key is the same with quotes and without', async () => {
  const key = freshKey();
  const { json: bare } = await postWith(key);
  const { json: quoted } = await postWith(`"${key}"`);
  expect(quoted.id).toBe(bare.id);
});

it('two keys are two predictions', async () => {
  const { json: one } = await postWith(freshKey());
  const { json: other } = await postWith(freshKey());
  expect(one.id).not.toBe(other.id);
});

it('a request that was refused for its input leaves its key free', async () => {
  const key = freshKey();
  expect((await postWith(key, { version: 'iris', input: {} })).status).toBe(422);
  expect((await postWith(key)).status).toBe(201);
});

it.each(['', '""', 'two words', 'ä'.repeat(3), 'k'.repeat(256)])('`%s` is no key', async (key) => {
  const bytes = Buffer.from(key, 'utf8').toString('latin1');
  const { status, json } = await postWith(bytes);
  expect(status).toBe(400);
  expect(json.code).toBe('invalid_idempotency_key');
});

it.each(['__proto__', 'constructor', 'a:b', '123', '../../etc/passwd', '*', 'k'.repeat(255)])(
  '`%s` is a key like any other',
  async (key) => {
    const { status, json } = await postWith(key);
    expect(status).toBe(201);
    expect((await postWith(key)).json.id).toBe(json.id);
  },
);

it('a repeat after the result has expired still names the prediction, and does not run it again', async () => {
  const key = freshKey();
  const { json: first } = await postWith(key, IRIS, forgetful);
  await ended(api, first.id);
  await until(async () => (await forgetful.call('GET', `/v1/predictions/${first.id}`)).status === 404, {
    deadlineMs: 20_000,
    what: 'the result to expire',
  });
  const { status, headers, json } = await postWith(key, IRIS, forgetful);
  expect(status).toBe(201);
  expect(headers.get('idempotency-replayed')).toBe('true');
  expect(json).toMatchObject({ id: first.id, data_removed: true, output: null });
  expect(json.created_at).toBe(first.created_at);
});
