/** What an upload leaves behind it: an answer that its sender can read, and a connection that works or is over. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { batchEnded, irisRow, irisRows, results, sendBatch } from '#testing/batches';
import type { FleetProcess } from '#testing/fleet';
import { metric } from '#testing/http';
import { until } from '#testing/patience';
import { fleetFor, fleetOfTest, ownRedis } from '../stage.js';

const fleet = fleetFor('file', { WEBHOOK_ALLOW_PRIVATE: 'true', UPLOAD_STALL_SECONDS: '3' });
let api: FleetProcess;

beforeAll(async () => {
  ({ api } = await fleet.pair());
});

const ROUTE = '/v1/batches?model=iris';

interface Answered {
  readonly status: number;
  readonly connection: string | undefined;
  readonly body: string;
  /** It came on a connection that had been used before. */
  readonly reused: boolean;
}

/** One after the other over at most one connection, kept between them. */
function oneConnection(): (method: string, route: string, headers?: object, body?: Buffer) => Promise<Answered> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  return async (method, route, headers = {}, body) => {
    const request = http.request(api.url + route, { method, agent, headers: { ...headers } });
    request.end(body);
    const [answer] = (await once(request, 'response')) as [http.IncomingMessage];
    const { statusCode: status = 0, headers: answered } = answer;
    return { status, connection: answered.connection, body: await text(answer), reused: request.reusedSocket };
  };
}

const wrongHeader = (sizeBytes: number): Buffer => Buffer.alloc(sizeBytes, 'a,b\n1,2\n');

describe('a refused upload', () => {
  it('with a short rest leaves the connection as it was', async () => {
    const call = oneConnection();
    for (let i = 0; i < 3; i += 1) {
      const refused = await call('POST', ROUTE, { 'content-type': 'text/csv' }, wrongHeader(500_000));
      expect([refused.status, refused.connection]).toEqual([422, 'keep-alive']);
      expect(await call('GET', '/v1/models')).toMatchObject({ status: 200, reused: true });
    }
  });

  it('with a long rest ends the connection, and the next call takes another', async () => {
    const call = oneConnection();
    const refused = await call('POST', ROUTE, { 'content-type': 'text/csv' }, wrongHeader(3_000_000));
    expect([refused.status, refused.connection]).toEqual([422, 'close']);
    expect(JSON.parse(refused.body)).toMatchObject({ code: 'invalid_header' });
    expect(await call('GET', '/v1/models')).toMatchObject({ status: 200, reused: false });
  });

  it.each([
    ['that says how long it is', (body: Buffer) => [`Content-Length: ${body.length}`, body]],
    ['in chunks', (body: Buffer) => ['Transfer-Encoding: chunked', inOneChunk(body)]],
  ])('%s is answered also to who reads only when all is sent', async (_, write) => {
    const [header, body] = write(wrongHeader(30_000_000)) as [string, Buffer];
    const socket = await connected();
    socket.write(`POST ${ROUTE} HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\n${header}\r\n\r\n`);
    // Not read before the last byte has gone, as simple clients do it.
    await new Promise<void>((resolve, reject) => socket.write(body, (error) => (error ? reject(error) : resolve())));
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 422 .*"code":"invalid_header"/s);
  });

  it('is over on its connection after a while, however long its sender goes on', async () => {
    const socket = await connected();
    socket.write(`POST ${ROUTE} HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\nContent-Length: 900000000\r\n\r\n`);
    const feeding = setInterval(() => socket.write('a,b\n1,2\n'), 20);
    onTestFinished(() => clearInterval(feeding));
    socket.on('error', () => undefined).resume();
    await new Promise((resolve) => socket.once('close', resolve));
  });

  it('that stalled is told so, and its connection ends', async () => {
    const socket = await connected();
    socket.write(`POST ${ROUTE} HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\nContent-Length: 100\r\n\r\nsepal`);
    const answer = await text(socket);
    expect(answer).toMatch(/^HTTP\/1\.1 408 .*"code":"upload_stalled"/s);
    expect(answer.toLowerCase()).toContain('\r\nconnection: close\r\n');
  });
});

const FORM = '--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n';

it.each([
  ['a batch', ROUTE, 'application/x-ndjson', irisRows(1)],
  ['a batch, with what was not read yet', ROUTE, 'application/x-ndjson', irisRows(500)],
  ['a batch that is taken as a whole', `${ROUTE}&on_invalid=reject`, 'application/x-ndjson', irisRows(1)],
  ['a file', '/openai/v1/files', 'multipart/form-data; boundary=b', `${FORM}${irisRows(1)}`],
])('who hangs up in the middle of %s has broken nothing of ours', async (_, route, type, begun) => {
  const id = `hung-up-${randomUUID()}`;
  const socket = await connected();
  const head = `POST ${route} HTTP/1.1\r\nHost: x\r\nX-Request-ID: ${id}\r\nContent-Type: ${type}`;
  socket.write(`${head}\r\nContent-Length: 500000\r\n\r\n${begun}`);
  await until(async () => (await metric(api.opsUrl, 'millrace_http_requests_in_flight')) > 0, {
    deadlineMs: 20_000,
    what: 'the upload to begin',
  });
  socket.destroy();
  const line = await api.line({ request_id: id });
  expect(line).toMatchObject({ level: 'warn', msg: 'request', category: 'input', code: 'upload_aborted', status: 408 });
  expect(api.lines.filter(({ level }) => level === 'error')).toEqual([]);
});

function inOneChunk(body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n0\r\n\r\n')]);
}

/** Goes on sending where the other side has ended. */
async function connected(): Promise<net.Socket> {
  const { hostname, port } = new URL(api.url);
  const socket = net.connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

describe('a body that is empty', () => {
  it.each([
    ['of a type', { 'content-type': 'text/csv', 'content-length': '0' }, 'invalid_header'],
    ['of no type', { 'content-length': '0' }, 'invalid_request'],
    [
      'of a type, in chunks',
      { 'content-type': 'application/x-ndjson', 'transfer-encoding': 'chunked' },
      'invalid_request',
    ],
    ['of a type, of no length', { 'content-type': 'application/x-ndjson' }, 'invalid_request'],
  ])('%s is a batch without rows', async (_, headers, code) => {
    const { status, body } = await oneConnection()('POST', ROUTE, headers);
    expect([status, JSON.parse(body)]).toMatchObject([422, { code }]);
  });

  it('in JSON is no array', async () => {
    const headers = { 'content-type': 'application/json', 'content-length': '0' };
    const { status, body } = await oneConnection()('POST', ROUTE, headers);
    expect([status, JSON.parse(body)]).toMatchObject([400, { code: 'invalid_body' }]);
  });
});

it.each(['GZIP', 'x-gzip', ' gzip', 'Identity'])('the encoding %j is understood', async (encoding) => {
  const rows = irisRows(3);
  const body = encoding === 'Identity' ? rows : gzipSync(rows);
  const { status } = await sendBatch(api, { headers: { 'content-encoding': encoding }, body });
  expect(status).toBe(201);
});

it.each(['constructor', '__proto__'])('%s is neither a type nor an encoding', async (word) => {
  const strange = await sendBatch(api, { type: word, body: irisRows(1) });
  expect([strange.status, strange.json.code]).toEqual([415, 'unsupported_media_type']);
  const coded = await sendBatch(api, { headers: { 'content-encoding': word }, body: irisRows(1) });
  expect([coded.status, coded.json.code]).toEqual([415, 'unsupported_encoding']);
});

it('a Redis that is nearly full is not called a queue that is', async () => {
  const redis = await ownRedis();
  onTestFinished(() => redis.remove());
  await redis.start();
  await redis.with((client) => client.set('ballast', 'x'.repeat(50_000_000)));
  const corner = fleetOfTest({ REDIS_URL: redis.url });
  const cramped = await corner.api();
  await redis.with(async (client) => {
    const [, used] = /used_memory:(\d+)/.exec(await client.info('memory')) ?? [];
    await client.config('SET', 'maxmemory', Math.floor(Number(used) / 0.9));
  });
  // An upload that began before the API has seen it would wait for room, as one of a full queue does.
  await until(async () => (await metric(cramped.opsUrl, 'millrace_redis_memory_ratio')) > 0.8, {
    deadlineMs: 20_000,
    what: 'the mark to be seen',
  });
  const refused = await sendBatch(cramped, { body: irisRows(1) });
  expect(refused.status).toBe(429);
  expect(refused.json).toMatchObject({ code: 'storage_full', detail: 'The service has no room for new rows.' });
  expect(refused.headers.get('retry-after')).toBe('5');
});

it('a CSV of mixed line ends, with a row that is broken, comes back under its names', async () => {
  const cells = (n: number): string => Object.values(irisRow(n)).join(',');
  const header = ['custom_id', ...Object.keys(irisRow(0))].join(',');
  const csv = `${header}\r\nr0,${cells(0)}\nr1,1,2\r\n"r2",${cells(2)}\n`;
  const { json } = await sendBatch(api, { type: 'text/csv', body: csv });
  await batchEnded(api, json.id);
  const lines = await results(api, json.id);
  expect(lines.map(({ custom_id: name, error }) => [name, error?.errors?.[0]?.code ?? null])).toEqual([
    ['r0', null],
    ['r1', 'wrong_length'],
    ['r2', null],
  ]);
});
