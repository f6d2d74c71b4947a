/**
 * Whatever is sent, the answer is a problem (RFC 9457) that names its request and tells nothing of the inside: also for
 * bytes that are no HTTP, before there is a route, and for requests that nobody in good faith would write. And the
 * process that was treated so is as well as before.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FleetProcess } from '#testing/fleet';
import { type Answer, type Body, callRaw } from '#testing/http';
import { IRIS, post, submit } from '#testing/predictions';
import { fleetFor } from '../stage.js';

const fleet = fleetFor('file', { BODY_LIMIT_BYTES: '200000' });
let api: FleetProcess;

beforeAll(async () => {
  api = await fleet.api();
});

afterAll(async () => {
  expect(await post(api, IRIS)).toMatchObject({ status: 201 });
  expect(api.lines.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([]);
  expect(api.stderr).toBe('');
});

/** What no answer may show: a place in the source, a file of this machine, a dependency's name. */
const INSIDE = /node_modules|\/work\/|\/dist\/|\.ts\b|\.js\b|\bat .+:\d+|fastify|FST_ERR|ajv|bullmq|ioredis|nest/i;

function expectProblem(answer: Pick<Answer, 'status' | 'headers' | 'text'>, status: number, code?: string): Body {
  expect(answer.status).toBe(status);
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  const problem = JSON.parse(answer.text) as Body;
  expect(problem).toMatchObject({ type: 'about:blank', status });
  const words = expect.stringMatching(/./) as string;
  expect(problem).toMatchObject({ title: words, detail: words, code: words, request_id: words });
  if (code !== undefined) expect(problem.code).toBe(code);
  expect(answer.headers.get('x-request-id') ?? problem.request_id).toBe(problem.request_id);
  expect(answer.text.replace(/"instance":"[^"]*"/, '')).not.toMatch(INSIDE);
  return problem;
}

/** The first answer on a raw connection that the server closes. */
async function raw(bytes: string): Promise<Pick<Answer, 'status' | 'headers' | 'text'>> {
  const received = await callRaw(api.url, bytes);
  const [head = '', text = ''] = received.split('\r\n\r\n');
  const [first = '', ...lines] = head.split('\r\n');
  const headers = new Headers(lines.map((line) => line.split(': ') as [string, string]));
  return { status: Number(first.split(' ')[1]), headers, text };
}

const HEAD = 'Host: x\r\nConnection: close\r\n';

describe('bytes before there is a route', () => {
  it.each([
    ['no HTTP at all', 'hello\r\n\r\n', 400, 'invalid_http'],
    ['binary noise', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n', 400, 'invalid_http'],
    ['an unknown method', `BREW /v1/predictions HTTP/1.1\r\n${HEAD}\r\n`, 400, 'invalid_http'],
    ['two lengths', `POST / HTTP/1.1\r\n${HEAD}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`, 400, 'invalid_http'],
    [
      'a length and chunks',
      `POST / HTTP/1.1\r\n${HEAD}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
      'invalid_http',
    ],
    ['headers of 100 KB', `GET / HTTP/1.1\r\n${HEAD}X-Big: ${'x'.repeat(100_000)}\r\n\r\n`, 431, 'headers_too_large'],
    ['a broken escape in the URL', `GET /v1/predictions/%E0%A4%A HTTP/1.1\r\n${HEAD}\r\n`, 400, 'invalid_url'],
    ['a lone percent sign', `GET /%zz HTTP/1.1\r\n${HEAD}\r\n`, 400, 'invalid_url'],
    ['no Host', 'GET /health HTTP/1.1\r\nConnection: close\r\n\r\n', 400, 'invalid_http'],
    ['no Host and no route', 'GET /nowhere HTTP/1.1\r\nConnection: close\r\n\r\n', 400, 'invalid_http'],
    ['an unknown Expect', `GET /health HTTP/1.1\r\n${HEAD}Expect: wonders\r\n\r\n`, 417, 'unknown_expectation'],
  ])('%s', async (_, bytes, status, code) => {
    expectProblem(await raw(bytes), status, code);
  });

  it.each([
    ['a part of the URL that is longer than any name', `/v1/predictions/${'x'.repeat(257)}`, 414, 'url_too_long'],
    ['a broken escape', '/v1/predictions/%E0%A4%A', 400, 'invalid_url'],
    ['a path that leads out of a folder', '/docs/../x', 404, 'no_route'],
    ['the same, written otherwise', '/docs/%2e%2e/x', 404, 'no_route'],
  ])('%s has the id of its request among its headers', async (_, path, status, code) => {
    const answer = await raw(`GET ${path} HTTP/1.1\r\n${HEAD}X-Request-ID: odd-path-1\r\n\r\n`);
    expect(expectProblem(answer, status, code).request_id).toBe('odd-path-1');
    expect(answer.headers.get('x-request-id')).toBe('odd-path-1');
  });

  it.each([
    ['HTTP/1.0, which needs no Host and expects nothing', 'GET /health HTTP/1.0\r\nExpect: wonders\r\n\r\n'],
    ['an empty Host', 'GET /health HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n'],
    ['100-continue, however it is written', `GET /health HTTP/1.1\r\n${HEAD}Expect: 100-Continue\r\n\r\n`],
  ])('%s is served', async (_, bytes) => {
    expect(await callRaw(api.url, bytes)).toMatch(/HTTP\/1\.1 200 OK\r\n/);
  });

  it('a URL of 10 KB is an unknown route', async () => {
    expectProblem(await api.call('GET', `/${'a'.repeat(10_000)}`), 404);
  });
});

describe('a route that does not exist', () => {
  it.each([
    '/',
    '/v1',
    '/v1/prediction',
    '/v1/predictions/',
    '/v1//predictions',
    '/v3',
    '/favicon.ico',
    '/.env',
    '/..%2f..%2fetc/passwd',
  ])('GET %s', async (route) => {
    expectProblem(await api.call('GET', route), 404);
  });

  it.each(['PUT', 'PATCH', 'DELETE'])('%s of a route that exists for others', async (method) => {
    expectProblem(await api.call(method, '/v1/predictions', { body: {} }), 404);
  });

  it('answers a HEAD without a body', async () => {
    const { status, text } = await api.call('HEAD', '/nowhere');
    expect([status, text]).toEqual([404, '']);
    const id = await submit(api, IRIS);
    const found = await api.call('HEAD', `/v1/predictions/${id}`);
    expect([found.status, found.text]).toEqual([200, '']);
  });

  it('repeats no part of the query', async () => {
    const { text } = await api.call('GET', '/nowhere?token=secret');
    expect(text).not.toContain('secret');
  });
});

describe('a body that is not what it says', () => {
  it.each([
    ['application/x-www-form-urlencoded', 'version=iris'],
    ['multipart/form-data; boundary=x', '--x--'],
    ['text/plain', JSON.stringify(IRIS)],
    ['application/xml', '<iris/>'],
    ['nonsense', '{}'],
  ])('415 for %s', async (type, content) => {
    expectProblem(
      await api.call('POST', '/v1/predictions', { raw: content, headers: { 'content-type': type } }),
      415,
      'unsupported_media_type',
    );
  });

  it.each([
    'application/json; charset=utf-8',
    'application/json;charset=UTF-8',
    'application/json; charset="utf-8"',
    'application/json; version=1',
    'Application/JSON',
  ])('%s is JSON', async (type) => {
    const { status } = await post(api, IRIS, { 'content-type': type });
    expect(status).toBe(201);
  });

  it.each(['iso-8859-1', 'utf-16', '"UTF-16LE"', 'latin1'])('415 for JSON in %s', async (charset) => {
    const answer = await post(api, IRIS, { 'content-type': `application/json; charset=${charset}` });
    expectProblem(answer, 415, 'unsupported_media_type');
  });

  it.each(['identity', 'Identity', ' '])('the encoding `%s` is none', async (encoding) => {
    expect((await post(api, IRIS, { 'content-encoding': encoding })).status).toBe(201);
  });

  it.each(['gzip', 'br', 'deflate', 'identity, gzip', 'constructor'])('415 for the encoding %s', async (encoding) => {
    const coded = { headers: { 'content-encoding': encoding }, body: IRIS };
    expectProblem(await api.call('POST', '/v1/predictions', coded), 415, 'unsupported_encoding');
    const own = `/v1/predictions/coded-${encoding.replace(', ', '-')}`;
    expectProblem(await api.call('PUT', own, coded), 415, 'unsupported_encoding');
  });

  it.each([
    ['nothing', ''],
    ['half an object', '{"version":"iris"'],
    ['single quotes', "{'version':'iris'}"],
    ['a comment', '{} // iris'],
    ['a trailing comma', '{"version":"iris",}'],
    ['two documents', '{}{}'],
    ['a byte order mark and nothing', '\uFEFF'],
    ['a prototype', '{"__proto__":{"admin":true},"version":"iris","input":{}}'],
    ['a prototype inside', '{"version":"iris","input":{"__proto__":{"x":1}}}'],
    ['a constructor', '{"version":"iris","input":{"constructor":{"prototype":{"x":1}}}}'],
  ])('400 for %s', async (_, content) => {
    expectProblem(await api.call('POST', '/v1/predictions', { raw: content }), 400, 'invalid_json');
  });

  it('413 for more than the limit, told before it is read', async () => {
    const content = JSON.stringify({ ...IRIS, metadata: { x: 'x'.repeat(200_000) } });
    expectProblem(await api.call('POST', '/v1/predictions', { raw: content }), 413, 'body_too_large');
    const promise = `POST /v1/predictions HTTP/1.1\r\n${HEAD}Content-Type: application/json\r\nContent-Length: 9999999\r\n\r\n`;
    expectProblem(await raw(promise), 413, 'body_too_large');
  });

  it('413 reaches who is still sending', async () => {
    const content = JSON.stringify({ ...IRIS, pad: 'x'.repeat(8_000_000) });
    for (let i = 0; i < 10; i += 1) {
      expectProblem(await api.call('POST', '/v1/predictions', { raw: content }), 413, 'body_too_large');
    }
  });

  it('413 for more than the limit in chunks that do not say how many', async () => {
    const chunk = `${(60_000).toString(16)}\r\n${'1'.repeat(60_000)}\r\n`;
    const start = `POST /v1/predictions HTTP/1.1\r\n${HEAD}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`;
    expectProblem(await raw(start + chunk.repeat(5) + '0\r\n\r\n'), 413, 'body_too_large');
  });

  it.each([
    ['lists', '['.repeat(90_000) + ']'.repeat(90_000)],
    ['objects', '{"a":'.repeat(30_000) + '1' + '}'.repeat(30_000)],
  ])('%s, nested as deep as the limit lets them', async (_, nested) => {
    const answers = [
      await api.call('POST', '/v1/predictions', { raw: nested }),
      await api.call('POST', '/v1/predictions', { raw: `{"version":"iris","input":{"sepal_length":${nested}}}` }),
      await api.call('POST', '/v1/predictions', { raw: `{"version":"iris","input":{},"metadata":${nested}}` }),
    ];
    for (const answer of answers) {
      expect([400, 422]).toContain(answer.status);
      expectProblem(answer, answer.status);
    }
  });

  it('a key does not change the answer to a body that nests too deep to be hashed', async () => {
    const nested = '['.repeat(50_000) + ']'.repeat(50_000);
    const content = `{"version":"iris","input":{"sepal_length":${nested}}}`;
    const answer = await api.call('POST', '/v1/predictions', { raw: content, headers: { 'idempotency-key': 'deep' } });
    expect([400, 422]).toContain(answer.status);
  });
});

describe('the request id', () => {
  it('is the caller`s own where it is harmless', async () => {
    for (const id of ['my-request-1', 'A.b_c:d-9', 'x'.repeat(128)]) {
      const { headers, json } = await api.call('GET', '/nowhere', { headers: { 'x-request-id': id } });
      expect(headers.get('x-request-id')).toBe(id);
      expect(json.request_id).toBe(id);
      expect((await post(api, IRIS, { 'x-request-id': id })).headers.get('x-request-id')).toBe(id);
    }
  });

  it.each(['two words', '{"a":1}', 'x'.repeat(129), '<script>', '${jndi:ldap://x}', 'a,b'])(
    'is a new one instead of `%s`',
    async (id) => {
      const { headers, json } = await api.call('GET', '/nowhere', { headers: { 'x-request-id': id } });
      expect(json.request_id).toMatch(/^[0-9a-f-]{36}$/);
      expect(headers.get('x-request-id')).toBe(json.request_id);
    },
  );

  it('stands in the log, without the input', async () => {
    const input = { ...(IRIS.input as object), sepal_length: 5.98765 };
    await post(api, { ...IRIS, input }, { 'x-request-id': 'find-me-1' });
    const line = await api.line({ request_id: 'find-me-1' });
    expect(line).toMatchObject({ method: 'POST', route: '/v1/predictions', status: 201 });
    expect(JSON.stringify(api.lines)).not.toContain('5.98765');
  });
});

describe('a connection with hundreds of requests at once', () => {
  it('is answered all of it in its order', async () => {
    const marks = Array.from({ length: 200 }, (_, n) => `mark-${n}`);
    const requests = marks.map((mark) => {
      const body = JSON.stringify({ ...IRIS, metadata: { mark } });
      const type = `Content-Type: application/json\r\nContent-Length: ${body.length}`;
      return `POST /v1/predictions HTTP/1.1\r\nHost: x\r\n${type}\r\n\r\n${body}`;
    });
    const received = await callRaw(api.url, `${requests.join('')}GET /health HTTP/1.1\r\n${HEAD}\r\n`);
    expect(received.match(/HTTP\/1\.1 201 /g)).toHaveLength(200);
    expect(received.match(/mark-\d+/g)).toEqual(marks);
  });
});

describe('what a route does not know', () => {
  it.each([
    '/v1/models',
    '/v1/models/millrace/iris',
    '/v1/models/millrace/iris/versions',
    '/v1/models/millrace/iris/versions/1.0.0',
  ])('a path that breaks its rules below %s', async (route) => {
    expect((await api.call('GET', route)).status).toBe(200);
  });

  it.each([
    ['GET', '/v1/models/Millrace/iris'],
    ['GET', '/v1/models/millrace/IRIS'],
    ['GET', '/v1/models/millrace/iris_2/versions'],
    ['GET', '/v1/models/millrace/iris/versions/a%20b'],
    ['GET', `/v1/models/millrace/${'x'.repeat(64)}`],
    ['POST', '/v1/models/mill$race/iris/predictions'],
  ])('422 for a parameter that breaks its rule: %s %s', async (method, route) => {
    const answer = await api.call(method, route, method === 'POST' ? { body: { input: IRIS.input } } : {});
    const { errors } = expectProblem(answer, 422, 'invalid_request');
    expect(errors[0]).toMatchObject({ code: 'invalid_field' });
  });

  it.each([
    ['POST', '/v1/predictions', IRIS],
    ['POST', '/v1/models/millrace/iris/predictions', { input: IRIS.input }],
  ])('422 for an unknown field: %s %s', async (method, route, body) => {
    const answer = await api.call(method, route, { body: { ...body, unknown_field: 1 } });
    expect(expectProblem(answer, 422).errors).toMatchObject([{ pointer: '/unknown_field', code: 'unknown_field' }]);
  });

  it.each([
    ['GET', '/v1/models/millrace/lotus'],
    ['GET', '/v1/models/somebody/iris'],
    ['GET', '/v1/models/millrace/iris/versions/9.9.9'],
    ['POST', '/v1/models/millrace/lotus/predictions'],
  ])('404 for what is well written and not there: %s %s', async (method, route) => {
    expectProblem(await api.call(method, route, method === 'POST' ? { body: { input: {} } } : {}), 404, 'not_found');
  });
});
