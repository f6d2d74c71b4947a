import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hasEnded, MillraceClient, MillraceError, MillraceUnreachableError } from './millrace-client.js';

interface Answer {
  status: number;
  body: string;
  headers?: Record<string, string>;
}

let server: Server;
let client: MillraceClient;
let seen: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[];
let answers: Answer[];

beforeEach(async () => {
  seen = [];
  answers = [];
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      seen.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
      const answer = answers.shift() ?? { status: 500, body: '' };
      response.writeHead(answer.status, answer.headers).end(answer.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  client = new MillraceClient({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, key: 'k1' });
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

function json(status: number, body: unknown, headers?: Record<string, string>): Answer {
  return { status, body: JSON.stringify(body), ...(headers === undefined ? {} : { headers }) };
}

describe('createPrediction', () => {
  it('posts version and input, with the headers of waiting and of repeating', async () => {
    answers = [json(201, { id: 'p1', status: 'succeeded', output: { value: 1 } })];
    const input = { a: 1 };
    const prediction = await client.createPrediction({
      model: 'iris',
      version: '1.0.0',
      input,
      wait: 5,
      idempotencyKey: 'k',
    });
    expect(prediction.output).toEqual({ value: 1 });
    expect(seen[0]).toMatchObject({ method: 'POST', url: '/v1/predictions' });
    expect(JSON.parse(seen[0]!.body)).toEqual({ version: 'iris:1.0.0', input });
    expect(seen[0]!.headers).toMatchObject({
      prefer: 'wait=5',
      'idempotency-key': 'k',
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
    answers = [json(422, problem, { 'retry-after': '3' })];
    const error = await client.createPrediction({ version: 'iris', input: {} }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(MillraceError);
    expect(error).toMatchObject({
      message: 'Wrong input',
      status: 422,
      retryAfter: 3,
      problem: { errors: problem.errors },
    });
  });

  it('makes a problem of an error page', async () => {
    answers = [{ status: 502, body: '<html>' }];
    await expect(client.createPrediction({ version: 'iris', input: {} })).rejects.toMatchObject({
      status: 502,
      retryAfter: null,
    });
  });
});

it('predict waits until the prediction has ended', async () => {
  answers = ['starting', 'processing', 'succeeded'].map((status) => json(200, { id: 'p/1', status }));
  const prediction = await client.predict({ model: 'iris', input: {} });
  expect(hasEnded(prediction)).toBe(true);
  expect(seen.map(({ url }) => url)).toEqual([
    '/v1/predictions',
    '/v1/predictions/p%2F1?wait=60',
    '/v1/predictions/p%2F1?wait=60',
  ]);
});

it('cancel posts to the prediction', async () => {
  answers = [json(200, { id: 'p1', status: 'canceled' })];
  expect((await client.cancelPrediction('p1')).status).toBe('canceled');
  expect(seen[0]).toMatchObject({ method: 'POST', url: '/v1/predictions/p1/cancel', body: '' });
});

it('reads the catalogue, with the default owner', async () => {
  answers = [json(200, { results: [{ name: 'iris' }] }), json(200, { name: 'iris' }), json(200, { name: 'iris' })];
  expect(await client.models()).toEqual([{ name: 'iris' }]);
  await client.model('iris');
  await client.model('acme/iris');
  expect(seen.map(({ url }) => url)).toEqual(['/v1/models', '/v1/models/millrace/iris', '/v1/models/acme/iris']);
});

it('tells ready, degraded and not ready apart', async () => {
  answers = [
    json(200, { status: 'ok' }),
    json(200, { status: 'degraded', degraded: ['iris: no worker'] }),
    json(503, { status: 'error' }),
  ];
  expect(await client.ready()).toEqual({ ready: true, status: 'ok', degraded: [] });
  expect(await client.ready()).toEqual({ ready: true, status: 'degraded', degraded: ['iris: no worker'] });
  expect(await client.ready()).toEqual({ ready: false, status: 'error', degraded: [] });
});

it('says where nobody answered', async () => {
  const nobody = new MillraceClient({ url: 'http://127.0.0.1:1' });
  await expect(nobody.models()).rejects.toThrow(MillraceUnreachableError);
  await expect(nobody.models()).rejects.toThrow('No Millrace answers at http://127.0.0.1:1');
});

it('does not take any 200 for a Millrace', async () => {
  answers = [{ status: 200, body: 'hello' }];
  await expect(client.models()).rejects.toThrow(MillraceUnreachableError);
});
