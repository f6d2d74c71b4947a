/**
 * The description is true of what the API really answers: each kind of answer, fetched from a running fleet, has the
 * status, the type and the fields that `/openapi.json` says, all of them and no others.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { promised } from '#testing/api-contract';
import { irisRows, ndjson, sendBatch } from '#testing/batches';
import { DescribedAnswers } from '#testing/described-answers';
import { formOf, requestLine, sendFile } from '#testing/files';
import type { FleetProcess } from '#testing/fleet';
import type { Answer, Call } from '#testing/http';
import { ENDLESS, impatientModel } from '#testing/impatient-model';
import { Caller } from '#testing/keys';
import type { OpenApiDocument } from '#testing/openapi-document';
import { until } from '#testing/patience';
import { IRIS } from '#testing/predictions';
import { WebhookReceiver } from '#testing/webhook-receiver';
import { fleetFor, fleetOfTest } from '../stage.js';

const fleet = fleetFor('file', { AUTH: 'on', WEBHOOK_ALLOW_PRIVATE: 'true' });
let api: FleetProcess;
let admin: Caller;
let shop: Caller;
let document: OpenApiDocument;
let described: DescribedAnswers;

beforeAll(async () => {
  api = await fleet.api();
  document = promised(JSON.parse((await api.call('GET', '/openapi.json')).text) as OpenApiDocument);
  described = new DescribedAnswers(document);
  admin = new Caller(api, await api.firstKey());
  shop = await admin.make(['predict'], 'shop');
});

type Asker = Pick<Caller, 'call'>;

/** Asks, and holds the answer against the description. */
async function ask(who: Asker, wanted: number, method: string, route: string, options?: Call): Promise<Answer> {
  const answer = await who.call(method, route, options);
  expect(answer.status, `${method} ${route}: ${answer.text}`).toBe(wanted);
  expect(described.faults(method, route, answer)).toEqual([]);
  return answer;
}

const NDJSON = { 'content-type': 'application/x-ndjson' };
const NOBODYS = '0'.repeat(26);
const NO_BATCH = `b${'0'.repeat(25)}`;
const NO_DELIVERY = `${NOBODYS}-completed`;

describe('before there is a worker', () => {
  it('health, and a readiness that is degraded', async () => {
    await ask(api, 200, 'GET', '/health');
    const { json } = await ask(api, 200, 'GET', '/ready');
    expect(json).toMatchObject({ status: 'degraded' });
  });

  it('a prediction that waits, and is canceled', async () => {
    const { json } = await ask(shop, 201, 'POST', '/v1/predictions', { body: IRIS });
    await ask(shop, 200, 'GET', `/v1/predictions/${json.id}`);
    await ask(shop, 200, 'POST', `/v1/predictions/${json.id}/cancel`);
  });

  it('a batch that waits, and is canceled', async () => {
    const options = { raw: irisRows(3), headers: NDJSON };
    const { json } = await ask(shop, 201, 'POST', '/v1/batches?model=iris', options);
    await ask(shop, 200, 'GET', `/v1/batches/${json.id}`);
    await ask(shop, 200, 'POST', `/v1/batches/${json.id}/cancel`);
  });
});

describe('with a fleet that works', () => {
  let hooks: WebhookReceiver;

  beforeAll(async () => {
    await Promise.all([fleet.worker(), fleet.courier()]);
    await api.ready();
    hooks = await new WebhookReceiver().start();
    return () => hooks.stop();
  });

  it('a readiness that is whole', async () => {
    expect((await ask(api, 200, 'GET', '/ready')).json).toMatchObject({ status: 'ok' });
  });

  it('predictions', async () => {
    const body = { ...IRIS, metadata: { order: '4711' }, webhook: hooks.url(), priority: 'low' };
    const headers = { prefer: 'wait=30', 'cancel-after': '10m' };
    const { json } = await ask(shop, 201, 'POST', '/v1/predictions', { body, headers });
    expect(json.status).toBe('succeeded');
    const seen = await ask(shop, 200, 'GET', `/v1/predictions/${json.id}`);
    const tag = seen.headers.get('etag') ?? '';
    await ask(shop, 304, 'GET', `/v1/predictions/${json.id}`, { headers: { 'if-none-match': tag } });
    const ofModel = { body: { input: IRIS.input }, headers: { prefer: 'wait=30' } };
    await ask(shop, 201, 'POST', '/v1/models/millrace/iris/predictions', ofModel);
    await ask(shop, 200, 'GET', '/v1/predictions?limit=2&model=iris');
    for (const status of [201, 200]) await ask(shop, status, 'PUT', '/v1/predictions/order-1', { body: IRIS });
  });

  it('streams of events', async () => {
    const { json } = await shop.call('POST', '/v1/predictions', { body: IRIS });
    const { json: batch } = await shop.call('POST', '/v1/batches?model=iris', { raw: irisRows(2), headers: NDJSON });
    for (const [things, { id }] of [
      ['predictions', json],
      ['batches', batch],
    ] as const) {
      const route = `/v1/${things}/${id}/events`;
      await ask(shop, 200, 'GET', route);
      await ask(shop, 204, 'GET', route, { headers: { 'last-event-id': `${id}-done` } });
    }
  });

  it('what is wrong with predictions', async () => {
    const route = '/v1/predictions';
    await ask(shop, 400, 'POST', route, { raw: '{' });
    await ask(shop, 415, 'POST', route, { raw: 'x', headers: { 'content-type': 'text/plain' } });
    await ask(shop, 422, 'POST', route, { body: { version: 'iris', input: {} } });
    await ask(shop, 413, 'POST', route, { raw: JSON.stringify({ ...IRIS, pad: 'x'.repeat(3_000_000) }) });
    await ask(shop, 404, 'POST', '/v1/models/millrace/none/predictions', { body: { input: {} } });
    await ask(shop, 400, 'GET', `${route}/${NOBODYS}?wait=soon`);
    await ask(shop, 404, 'GET', `${route}/${NOBODYS}`);
    await ask(shop, 404, 'POST', `${route}/${NOBODYS}/cancel`);
    await ask(shop, 404, 'GET', `${route}/${NOBODYS}/events`);
    await ask(shop, 422, 'GET', `${route}?limit=0`);
    await ask(shop, 404, 'PUT', `${route}/p${'0'.repeat(32)}`, { body: IRIS });
    await ask(shop, 422, 'PUT', `${route}/order-1`, { body: { ...IRIS, metadata: { a: 'b' } } });
  });

  it('batches and their results', async () => {
    const raw = `${irisRows(2)}${ndjson([{ sepal_length: 'long' }])}`;
    const { json } = await ask(shop, 201, 'POST', `/v1/batches?model=iris&webhook=${hooks.url()}`, {
      raw,
      headers: NDJSON,
    });
    const route = `/v1/batches/${json.id}`;
    await until(async () => (await shop.call('GET', route)).json.status === 'completed', {
      deadlineMs: 30_000,
      what: 'the batch to end',
    });
    await ask(shop, 200, 'GET', route);
    await ask(shop, 200, 'GET', '/v1/batches');
    const { text } = await ask(shop, 200, 'GET', `${route}/results`);
    expect(text).toMatch(/"output":.*\n.*\n.*"error":/);
    await ask(shop, 200, 'GET', `${route}/results`, { headers: { accept: 'text/csv' } });
    await ask(shop, 406, 'GET', `${route}/results`, { headers: { accept: 'image/png' } });
    const [first] = text.split('\n');
    const { id } = JSON.parse(first ?? '') as { readonly id: string };
    await ask(shop, 409, 'POST', `/v1/predictions/${id}/cancel`);
  });

  it('what is wrong with batches', async () => {
    await ask(shop, 400, 'POST', '/v1/batches?model=iris', { raw: '[{' });
    await ask(shop, 415, 'POST', '/v1/batches?model=iris', { raw: 'x', headers: { 'content-type': 'image/png' } });
    await ask(shop, 422, 'POST', '/v1/batches?model=none', { raw: irisRows(1), headers: NDJSON });
    await ask(shop, 422, 'GET', '/v1/batches?limit=0');
    for (const [method, rest] of [
      ['GET', ''],
      ['GET', '/results'],
      ['GET', '/events'],
      ['POST', '/cancel'],
    ] as const) {
      await ask(shop, 404, method, `/v1/batches/${NO_BATCH}${rest}`);
      await ask(shop, 404, method, `/v1/batches/none${rest}`);
    }
  });

  it('deliveries and events', async () => {
    const body = { ...IRIS, webhook: hooks.url('/delivered') };
    const { json } = await shop.call('POST', '/v1/predictions', { body });
    const route = `/v1/deliveries/${json.id}-completed`;
    await until(async () => (await shop.call('GET', route)).json.status === 'delivered', {
      deadlineMs: 20_000,
      what: 'the delivery',
    });
    await ask(shop, 200, 'GET', route);
    const list = await ask(shop, 200, 'GET', '/v1/deliveries?status=delivered');
    expect(list.json.results.length).toBeGreaterThan(0);
    await ask(shop, 200, 'POST', `${route}/redeliver`);
    const heard = { ...IRIS, webhook_events_filter: ['completed'] };
    await shop.call('POST', '/v1/predictions', { body: heard, headers: { prefer: 'wait=30' } });
    await until(async () => (await shop.call('GET', '/v1/events')).json.results.length > 0, {
      deadlineMs: 20_000,
      what: 'an event',
    });
    await ask(shop, 200, 'GET', '/v1/events');
    await ask(shop, 422, 'GET', '/v1/deliveries?limit=0');
    await ask(shop, 422, 'GET', '/v1/events?after=x');
    await ask(shop, 404, 'GET', `/v1/deliveries/${NO_DELIVERY}`);
    await ask(shop, 404, 'POST', `/v1/deliveries/${NO_DELIVERY}/redeliver`);
    await ask(shop, 422, 'GET', '/v1/deliveries/none');
    await ask(shop, 422, 'POST', '/v1/deliveries/none/redeliver');
  });

  it('the secret of webhooks', async () => {
    await ask(shop, 200, 'GET', '/v1/webhooks/default/secret');
    await ask(shop, 200, 'POST', '/v1/webhooks/default/secret/rotate');
  });

  it('keys', async () => {
    const body = { client: 'shop', name: 'nightly', scopes: ['predict'], expires_at: '2999-01-01T00:00:00Z' };
    const { json } = await ask(admin, 201, 'POST', '/v1/keys', { body });
    const route = `/v1/keys/${json.id}`;
    await ask(admin, 200, 'GET', '/v1/keys');
    await ask(admin, 200, 'GET', route);
    await ask(admin, 201, 'POST', `${route}/rotate`, { body: { overlap_seconds: 60 } });
    await ask(admin, 409, 'POST', `${route}/rotate`, { body: {} });
    await ask(admin, 200, 'POST', `${route}/revoke`);
    await ask(admin, 422, 'POST', '/v1/keys', { body: { client: 'Shop' } });
    await ask(admin, 400, 'POST', '/v1/keys', { raw: '{' });
    await ask(admin, 404, 'GET', '/v1/keys/00000000');
    await ask(admin, 422, 'GET', '/v1/keys/none');
    await ask(admin, 404, 'POST', '/v1/keys/00000000/rotate', { body: {} });
    await ask(admin, 404, 'POST', '/v1/keys/00000000/revoke');
    const [last] = (await admin.keys()).filter(({ scopes }) => scopes.includes('admin'));
    await ask(admin, 409, 'POST', `/v1/keys/${last!.id}/revoke`);
  });

  it('tensors', async () => {
    const body = {
      id: '42',
      inputs: [{ name: 'features', datatype: 'FP32', shape: [1, 4], data: [5.1, 3.5, 1.4, 0.2] }],
    };
    await ask(api, 200, 'GET', '/v2/health/live');
    await ask(api, 200, 'GET', '/v2/health/ready');
    await ask(shop, 200, 'GET', '/v2');
    for (const model of ['/v2/models/iris', '/v2/models/iris/versions/1.0.0']) {
      await ask(shop, 200, 'GET', model);
      await ask(shop, 200, 'GET', `${model}/ready`);
      await ask(shop, 200, 'POST', `${model}/infer`, { body });
      await ask(shop, 202, 'POST', `${model}/infer`, { body, headers: { prefer: 'respond-async' } });
      await ask(shop, 422, 'POST', `${model}/infer`, { body: { inputs: [] } });
      await ask(shop, 400, 'POST', `${model}/infer`, { raw: '{' });
      await ask(shop, 401, 'POST', `${model}/infer`, { body, headers: { authorization: 'Bearer none' } });
    }
    await ask(shop, 404, 'GET', '/v2/models/none');
    await ask(shop, 404, 'GET', '/v2/models/iris/versions/9.9.9/ready');
    await ask(shop, 404, 'POST', '/v2/models/none/infer', { body });
  });

  it('files, and batches of them', async () => {
    const files = '/openai/v1/files';
    const batches = '/openai/v1/batches';
    const bad = requestLine('bad', { sepal_length: 'long' });
    const { json: file } = await ask(shop, 200, 'POST', files, formOf(`${requestLine('good')}${bad}`));
    await ask(shop, 200, 'GET', files);
    await ask(shop, 200, 'GET', `${files}/${file.id}`);
    await ask(shop, 200, 'GET', `${files}/${file.id}/content`);
    const wish = {
      input_file_id: file.id,
      endpoint: '/v1/predictions',
      completion_window: '24h',
      metadata: { a: 'b' },
    };
    const { json: batch } = await ask(shop, 200, 'POST', batches, { body: wish });
    const route = `${batches}/${batch.id}`;
    await until(async () => (await shop.call('GET', route)).json.status === 'completed', {
      deadlineMs: 30_000,
      what: 'the batch to end',
    });
    const ended = await ask(shop, 200, 'GET', route);
    await ask(shop, 200, 'POST', `${route}/cancel`);
    const { output_file_id: output, error_file_id: errors } = JSON.parse(ended.text) as Record<string, string>;
    for (const id of [output, errors]) {
      await ask(shop, 200, 'GET', `${files}/${id!}`);
      await ask(shop, 200, 'GET', `${files}/${id!}/content`);
      await ask(shop, 409, 'DELETE', `${files}/${id!}`);
    }
    const broken = { ...wish, input_file_id: await sendFile(shop, '{') };
    expect((await ask(shop, 200, 'POST', batches, { body: broken })).json.status).toBe('failed');
    await ask(shop, 200, 'GET', batches);
    await ask(shop, 200, 'DELETE', `${files}/${file.id}`);
    await ask(shop, 422, 'POST', batches, { body: wish });
    await ask(shop, 400, 'POST', batches, { raw: '{' });
    await ask(shop, 422, 'POST', files, formOf('x', { purpose: 'user_data' }));
    await ask(shop, 415, 'POST', files, { body: {} });
    await ask(shop, 422, 'GET', `${files}?order=up`);
    await ask(shop, 422, 'GET', `${batches}?limit=0`);
    await ask(shop, 404, 'GET', `${files}/none`);
    await ask(shop, 404, 'GET', `${files}/none/content`);
    await ask(shop, 404, 'DELETE', `${files}/none`);
    await ask(shop, 404, 'GET', `${batches}/none`);
    await ask(shop, 404, 'POST', `${batches}/none/cancel`);
  });

  it('what operators see and switch', async () => {
    const operator = await admin.make(['operate'], 'night-shift');
    await ask(operator, 200, 'GET', '/v1/fleet');
    await ask(operator, 200, 'GET', '/v1/operations/models');
    for (const action of ['pause', 'drain', 'resume']) {
      await ask(operator, 200, 'POST', `/v1/operations/models/iris/${action}`);
      await ask(operator, 404, 'POST', `/v1/operations/models/none/${action}`);
      await ask(operator, 422, 'POST', `/v1/operations/models/No/${action}`);
    }
    const { json } = await shop.call('POST', '/v1/predictions', { body: IRIS, headers: { prefer: 'wait=30' } });
    await ask(operator, 200, 'GET', `/v1/operations/predictions/${json.id}/timeline`);
    await ask(operator, 409, 'POST', `/v1/operations/dead-letters/${json.id}/redrive`);
    await ask(operator, 404, 'GET', `/v1/operations/predictions/p${'0'.repeat(32)}/timeline`);
    await ask(operator, 422, 'GET', '/v1/operations/predictions/none/timeline');
    await ask(operator, 404, 'POST', `/v1/operations/dead-letters/p${'0'.repeat(32)}/redrive`);
    await ask(operator, 422, 'POST', '/v1/operations/dead-letters/none/redrive');
    await ask(operator, 422, 'GET', '/v1/operations/dead-letters?error_code=none');
    await ask(operator, 404, 'GET', '/v1/operations/dead-letters?model=none');
    await ask(operator, 404, 'POST', `/v1/operations/dead-deliveries/${NO_DELIVERY}/redeliver`);
    await ask(operator, 422, 'POST', '/v1/operations/dead-deliveries/none/redeliver');
    await ask(operator, 422, 'GET', '/v1/operations/dead-deliveries?limit=0');
  });

  it('a model that is drained, to its callers', async () => {
    await ask(admin, 200, 'POST', '/v1/operations/models/iris/drain');
    const refused = await ask(shop, 503, 'POST', '/v1/predictions', { body: IRIS });
    expect(refused.json).toMatchObject({ code: 'model_draining' });
    await ask(shop, 503, 'POST', '/v1/batches?model=iris', { raw: irisRows(1), headers: NDJSON });
    await ask(admin, 200, 'POST', '/v1/operations/models/iris/resume');
  });

  it('dead letters, and what is put back', async () => {
    const { api: local } = await fleetOfTest({ MODELS_DIR: await impatientModel() }).pair();
    await local.call('POST', '/v1/predictions', { body: ENDLESS, headers: { prefer: 'wait=30' } });
    const listed = async (): Promise<Answer> => ask(local, 200, 'GET', '/v1/operations/dead-letters?limit=1');
    const [letter] = await until(
      async () => {
        const { results } = (await listed()).json;
        return results.length > 0 && results;
      },
      { deadlineMs: 30_000, what: 'the dead letter' },
    );
    const { json } = await ask(local, 201, 'POST', `/v1/operations/dead-letters/${letter!.id}/redrive`);
    await local.call('POST', `/v1/predictions/${json.id}/cancel`);
  });

  it('webhooks that were given up', async () => {
    hooks.answering = (_, response) => void response.writeHead(410).end();
    const body = { ...IRIS, webhook: hooks.url('/gone') };
    const { json } = await shop.call('POST', '/v1/predictions', { body });
    const route = '/v1/operations/dead-deliveries';
    await until(async () => (await ask(admin, 200, 'GET', `${route}?limit=5`)).text.includes(json.id), {
      deadlineMs: 20_000,
      what: 'the webhook to be given up',
    });
    await ask(admin, 200, 'POST', `${route}/${json.id}-completed/redeliver`);
  });

  it('a body that does not come: of every operation that reads one', async () => {
    const takers = Object.values(document.paths).flatMap((methods) => Object.values(methods));
    const silent = takers.filter(({ requestBody, responses }) => requestBody !== undefined && !('408' in responses));
    expect(silent).toEqual([]);
    const impatient = await fleetOfTest({ UPLOAD_STALL_SECONDS: '1' }).api();
    const stalled = new ReadableStream({ start: (body) => body.enqueue(Buffer.from(irisRows(1))) });
    const { status, headers, json } = await sendBatch(impatient, { body: stalled });
    expect([status, json.code]).toEqual([408, 'upload_stalled']);
    expect(described.faults('POST', '/v1/batches', { status, headers, text: JSON.stringify(json) })).toEqual([]);
  });

  it('a caller without a key, and one whose key is not for that', async () => {
    await ask(api, 401, 'GET', '/v1/batches');
    await ask(api, 401, 'POST', '/v1/predictions', { body: IRIS });
    await ask(shop, 403, 'GET', '/v1/keys');
  });

  it('every operation that is promised has been asked, and has done what it is for', () => {
    const [done, operations] = [new Set<string>(), new Set<string>()];
    for (const answer of described.seen) {
      const [method, path, status = ''] = answer.split(' ');
      if (status.startsWith('2')) done.add(`${method ?? ''} ${path ?? ''}`);
    }
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const method of Object.keys(methods)) operations.add(`${method.toUpperCase()} ${path}`);
    }
    expect([...operations].filter((operation) => !done.has(operation))).toEqual([]);
  });
});

it('an API whose Redis is away', async () => {
  const alone = await fleetOfTest({ REDIS_URL: 'redis://127.0.0.1:1' }).launch('api').listening();
  await ask(alone, 200, 'GET', '/health');
  await ask(alone, 503, 'GET', '/ready');
  await ask(alone, 503, 'POST', '/v1/predictions', { body: IRIS });
  for (const things of [
    'predictions',
    'batches',
    'deliveries',
    'events',
    'webhooks/default/secret',
    'keys',
    'fleet',
    'operations/dead-letters',
    'operations/dead-deliveries',
  ]) {
    await ask(alone, 503, 'GET', `/v1/${things}`);
  }
  await ask(alone, 200, 'GET', '/v2/health/live');
  await ask(alone, 503, 'GET', '/v2/health/ready');
  await ask(alone, 503, 'GET', '/v2/models/iris/ready');
  const body = { inputs: [{ name: 'features', datatype: 'FP32', shape: [1, 4], data: [5.1, 3.5, 1.4, 0.2] }] };
  await ask(alone, 503, 'POST', '/v2/models/iris/infer', { body });
  for (const things of ['files', 'batches']) await ask(alone, 503, 'GET', `/openai/v1/${things}`);
});

describe('an answer that is not as described is found', () => {
  const answer = (status: number, body: object, type = 'application/json'): Answer =>
    ({ status, headers: new Headers({ 'content-type': type }), text: JSON.stringify(body) }) as Answer;

  it.each([
    ['another status', answer(202, { status: 'ok' }), /202 is not described/],
    ['another type', answer(200, { status: 'ok' }, 'application/problem+json'), /it is not described/],
    ['a field too few', answer(200, {}), /must have required property 'status'/],
    ['a field too many', answer(200, { status: 'ok', more: 1 }), /must NOT have additional properties/],
    ['another value', answer(200, { status: 'fine' }), /\/status must be equal to one of the allowed values/],
  ])('%s', (_, wrong, fault) => {
    expect(described.faults('GET', '/health', wrong)).toEqual([expect.stringMatching(fault)]);
  });
});
