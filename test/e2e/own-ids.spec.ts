/**
 * A client that has an id for its work uses it: it puts the prediction there, as often as it likes and from wherever it
 * likes, and it is one prediction, known by that id everywhere.
 */
import { beforeAll, expect, inject, it } from 'vitest';
import { Catalogue } from '#queue/catalogue';
import type { FleetProcess } from '#testing/fleet';
import type { Answer } from '#testing/http';
import { Caller } from '#testing/keys';
import { until } from '#testing/patience';
import { ended, forEach, get, IRIS, submit } from '#testing/predictions';
import { jobKeys } from '#testing/queue-keys';
import { withRedis } from '#testing/redis-server';
import { WebhookReceiver } from '#testing/webhook-receiver';
import { fleetFor, fleetOfTest } from '../stage.js';

const fleet = fleetFor('file', { WEBHOOK_ALLOW_PRIVATE: 'true' });
let api: FleetProcess;
let other: FleetProcess;

beforeAll(async () => {
  other = fleet.launch('api');
  ({ api } = await fleet.pair());
  await other.ready();
});

let ids = 0;
const freshId = (): string => `Order-${++ids}.a_b~c`;

function put(id: string, body: unknown = IRIS, headers: Record<string, string> = {}, at = api): Promise<Answer> {
  return at.call('PUT', `/v1/predictions/${id}`, { body, headers });
}

it('is created once, and known by that id', async () => {
  const id = freshId();
  const first = await put(id, IRIS, { prefer: 'wait=30' });
  expect(first.status, first.text).toBe(201);
  expect(first.json).toMatchObject({ id, status: 'succeeded' });
  const url = `${api.url}/v1/predictions/${id}`;
  expect(first.headers.get('location')).toBe(url);
  expect(first.json.urls).toEqual({ get: url, cancel: `${url}/cancel`, stream: `${url}/events` });
  expect(await get(api, id)).toEqual(first.json);

  const again = await put(id, { input: IRIS.input, version: IRIS.version });
  expect(again.status).toBe(200);
  expect(again.headers.get('idempotency-replayed')).toBe('true');
  expect(again.json).toEqual(first.json);
  const list = (await api.call('GET', '/v1/predictions?limit=1')).json.results;
  expect(list).toEqual([first.json]);
});

it('fifty callers at two processes get one prediction', async () => {
  const id = freshId();
  const before = (await jobKeys(fleet)).length;
  const answers = await forEach(Array.from({ length: 50 }), 50, (_, i) => put(id, IRIS, {}, i % 2 === 0 ? api : other));
  const counts = (status: number): number => answers.filter((answer) => answer.status === status).length;
  expect([counts(201), counts(200) + counts(409)]).toEqual([1, 49]);
  for (const { status, json } of answers) {
    if (status === 409) expect(json.code).toBe('id_in_use');
    else expect(json.id).toBe(id);
  }
  expect((await put(id)).status).toBe(200);
  expect(await jobKeys(fleet)).toHaveLength(before + 1);
});

it('is refused with another body', async () => {
  const id = freshId();
  await put(id);
  const { status, json } = await put(id, { ...IRIS, metadata: { order: '1' } });
  expect([status, json.code]).toEqual([422, 'id_reused']);
});

it('is refused where it is no id, or one of ours', async () => {
  const ours = await submit(api, IRIS);
  expect((await put(ours)).status).toBe(404);
  expect((await put(ours.replace('p', 'q'))).status).toBe(201);
  for (const id of ['-x', '~', 'a b', 'a%2fb', 'ä', 'x'.repeat(129)]) {
    expect([id, (await put(id)).json.code]).toEqual([id, 'invalid_request']);
  }
  // What was wrong leaves the id free.
  const id = freshId();
  expect((await put(id, { version: 'iris', input: {} })).status).toBe(422);
  expect((await put(id)).status).toBe(201);
});

it('is not mistaken for an Idempotency-Key of the same text', async () => {
  const id = freshId();
  await put(id);
  const { status } = await api.call('POST', '/v1/predictions', {
    body: { ...IRIS, metadata: { a: 'b' } },
    headers: { 'idempotency-key': id },
  });
  expect(status).toBe(201);
});

it('is canceled by its id, and told of by its id', async () => {
  await fleet.courier();
  const hooks = await new WebhookReceiver().start();
  try {
    const id = freshId();
    await put(id, { ...IRIS, webhook: hooks.url() });
    const told = await until(() => hooks.received[0], { deadlineMs: 30_000, what: 'the webhook' });
    expect(told.json).toMatchObject({ id, status: 'succeeded' });
    const { status, json } = await api.call('POST', `/v1/predictions/${id}/cancel`);
    expect(status).toBe(200);
    expect(json).toEqual(await ended(api, id));
  } finally {
    hooks.stop();
  }
});

it('is each client’s own', async () => {
  const guarded = fleetOfTest({ AUTH: 'on' });
  const door = await guarded.api();
  const admin = new Caller(door, await door.firstKey());
  const [shop, bank] = [await admin.make(['predict']), await admin.make(['predict'])];
  const route = '/v1/predictions/same';
  expect((await shop.call('PUT', route, { body: IRIS })).status).toBe(201);
  for (const method of ['GET', 'POST']) {
    const rest = method === 'POST' ? '/cancel' : '';
    expect((await bank.call(method, `${route}${rest}`)).status).toBe(404);
  }
  expect((await bank.call('PUT', route, { body: { ...IRIS, metadata: { a: 'b' } } })).status).toBe(201);
  expect((await shop.call('GET', route)).json).toMatchObject({ metadata: null });
});

it('is kept for a day at least', async () => {
  const id = freshId();
  await put(id);
  const names = new Catalogue(fleet.settings['REDIS_PREFIX'] ?? '');
  const leftMs = await withRedis(inject('redisUrl'), (redis) => redis.pttl(names.reservationKey('local', `put ${id}`)));
  expect(leftMs).toBeGreaterThan(24 * 3_600_000);
});
