import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { jsonAnswer as json, ScriptedServer } from '#testing/scripted-server';
import { hasEnded, MillraceClient, MillraceError, MillraceUnreachableError } from './millrace-client.js';

let server: ScriptedServer;
let client: MillraceClient;

beforeEach(async () => {
  server = await new ScriptedServer().start();
  client = new MillraceClient({ url: `${server.url}/`, key: 'k1', retries: 0 });
});

afterEach(() => server.stop());

describe('submit', () => {
  it('posts version and input, with the headers of waiting and of repeating', async () => {
    server.answers = [json(201, { id: 'p1', status: 'succeeded', output: { value: 1 } })];
    const input = { a: 1 };
    const wish = { model: 'iris', version: '1.0.0', input, priority: 'low' } as const;
    const prediction = await client.submit(wish, { wait: 5, idempotencyKey: 'k', cancelAfter: '90s' });
    expect(prediction.output).toEqual({ value: 1 });
    expect(server.seen[0]).toMatchObject({ method: 'POST', url: '/v1/predictions' });
    expect(JSON.parse(server.seen[0]!.body)).toEqual({ version: 'iris:1.0.0', input, priority: 'low' });
    expect(server.seen[0]!.headers).toMatchObject({
      prefer: 'wait=5',
      'idempotency-key': 'k',
      'cancel-after': '90s',
      authorization: 'Bearer k1',
      'content-type': 'application/json',
    });
  });

  it('throws the problem with its field errors and the time to wait', async () => {
    const problem = {
      title: 'Wrong input',
      status: 422,
      code: 'invalid_input',
      errors: [{ pointer: '/a', code: 'x', detail: 'y' }],
    };
    server.answers = [json(422, problem, { 'retry-after': '3' })];
    const error = await client.submit({ version: 'iris', input: {} }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(MillraceError);
    expect(error).toMatchObject({
      message: 'Wrong input',
      status: 422,
      retryAfter: 3,
      problem: { errors: problem.errors },
    });
  });

  it('makes a problem of an error page', async () => {
    server.answers = [{ status: 502, body: '<html>' }];
    await expect(client.submit({ version: 'iris', input: {} })).rejects.toMatchObject({
      status: 502,
      code: null,
      retryAfter: null,
    });
  });

  it('puts a prediction under an id of one`s own', async () => {
    server.answers = [json(201, { id: 'a/b', status: 'starting' })];
    await client.submit({ version: 'iris', input: {} }, { id: 'a/b' });
    expect(server.seen[0]).toMatchObject({ method: 'PUT', url: '/v1/predictions/a%2Fb' });
    expect(server.seen[0]!.headers).not.toHaveProperty('idempotency-key');
  });
});

it('predict waits until the prediction has ended', async () => {
  server.answers = ['starting', 'processing', 'succeeded'].map((status) => json(200, { id: 'p/1', status }));
  const prediction = await client.predict({ model: 'iris', input: {} });
  expect(hasEnded(prediction)).toBe(true);
  expect(server.seen.map(({ url }) => url)).toEqual([
    '/v1/predictions',
    '/v1/predictions/p%2F1?wait=60',
    '/v1/predictions/p%2F1?wait=60',
  ]);
});

it('cancel posts to the prediction', async () => {
  server.answers = [json(200, { id: 'p1', status: 'canceled' })];
  expect((await client.cancel('p1')).status).toBe('canceled');
  expect(server.seen[0]).toMatchObject({ method: 'POST', url: '/v1/predictions/p1/cancel', body: '' });
});

it('list follows the pages, at no other address than its own', async () => {
  const next = 'http://elsewhere.example/v1/predictions?model=iris&cursor=c1';
  server.answers = [
    json(200, { next, previous: null, results: [{ id: 'p2' }, { id: 'p1' }] }),
    json(200, { next: null, previous: null, results: [{ id: 'p0' }] }),
  ];
  const ids: string[] = [];
  for await (const { id } of client.list({ model: 'iris' })) ids.push(id);
  expect(ids).toEqual(['p2', 'p1', 'p0']);
  expect(server.seen.map(({ url }) => url)).toEqual([
    '/v1/predictions?model=iris',
    '/v1/predictions?model=iris&cursor=c1',
  ]);
});

it('createBatch writes rows down as lines, with the options in the query', async () => {
  server.answers = [json(201, { id: 'b1' })];
  async function* rows(): AsyncGenerator<{ a: number }> {
    yield { a: 1 };
    yield { a: 2 };
  }
  await client.createBatch({
    model: 'iris',
    rows: rows(),
    on_invalid: 'reject',
    webhook_events_filter: ['start', 'completed'],
    metadata: { run: '7' },
  });
  const [{ url, headers, body }] = server.seen as [(typeof server.seen)[number]];
  expect(body).toBe('{"a":1}\n{"a":2}\n');
  expect(headers['content-type']).toBe('application/x-ndjson');
  expect(Object.fromEntries(new URL(url, server.url).searchParams)).toEqual({
    model: 'iris',
    on_invalid: 'reject',
    webhook_events_filter: 'start,completed',
    metadata: '{"run":"7"}',
  });
});

it('reads the catalogue, and finds there who owns a model', async () => {
  const list = { results: [{ owner: 'acme', name: 'iris' }] };
  server.answers = [list, list, { name: 'iris' }, list, { name: 'rose' }, { name: 'iris' }].map((one) =>
    json(200, one),
  );
  expect(await client.models()).toEqual(list.results);
  await client.model('iris');
  await client.model('rose');
  await client.model('other/iris');
  expect(server.seen.map(({ url }) => url)).toEqual([
    '/v1/models',
    '/v1/models',
    '/v1/models/acme/iris',
    '/v1/models',
    '/v1/models/millrace/rose',
    '/v1/models/other/iris',
  ]);
});

it('tells ready, degraded and not ready apart', async () => {
  server.answers = [
    json(200, { status: 'ok' }),
    json(200, { status: 'degraded', degraded: ['iris: no worker'] }),
    json(503, { status: 'error' }),
  ];
  expect(await client.ready()).toEqual({ ready: true, status: 'ok', degraded: [] });
  expect(await client.ready()).toEqual({ ready: true, status: 'degraded', degraded: ['iris: no worker'] });
  expect(await client.ready()).toEqual({ ready: false, status: 'error', degraded: [] });
});

it('says where nobody answered', async () => {
  const nobody = new MillraceClient({ url: 'http://127.0.0.1:1', retries: 0 });
  await expect(nobody.models()).rejects.toThrow(MillraceUnreachableError);
  await expect(nobody.models()).rejects.toThrow('No Millrace answers at http://127.0.0.1:1');
});

it('does not take any 200 for a Millrace', async () => {
  server.answers = [{ status: 200, body: 'hello' }];
  await expect(client.models()).rejects.toThrow(MillraceUnreachableError);
});
