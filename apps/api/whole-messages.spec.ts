import { once } from 'node:events';
import { createServer, request, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { fastify, type FastifyInstance } from 'fastify';
import { expect, it, onTestFinished } from 'vitest';
import { ProblemError } from '#contract/problem';
import { takeJsonBodies, WHOLE_MESSAGES, type WholeRequest } from './whole-messages.js';

const MOST_BYTES = 1_000;

/** Answers each body with itself, and tells what has been answered and refused. */
async function echo(prepare: (server: FastifyInstance) => void = () => undefined): Promise<{
  server: FastifyInstance;
  port: number;
  events: string[];
  refused: string[];
}> {
  const server = fastify({ http: WHOLE_MESSAGES, bodyLimit: MOST_BYTES, forceCloseConnections: true });
  takeJsonBodies(server);
  const events: string[] = [];
  server.addHook('onResponse', async ({ url }, { statusCode, raw }) => {
    events.push(`${url} ${raw.writableEnded && raw.writableFinished ? statusCode : 'unfinished'}`);
  });
  const refused: string[] = [];
  server.setErrorHandler(async (error: Error & { statusCode?: number }, _, reply) => {
    refused.push(error.message);
    await reply
      .code(error instanceof ProblemError ? error.problem.status : (error.statusCode ?? 500))
      .send({ problem: error.message });
  });
  prepare(server);
  server.post('/echo', async ({ body }) => body);
  server.post('/late', async ({ body }) => {
    await new Promise((resolve) => setImmediate(resolve));
    return body;
  });
  server.get('/long/:letters', async ({ params }) => 'x'.repeat(Number((params as { letters: string }).letters)));
  server.get('/nothing', async (_, reply) => reply.code(204).send());
  server.get('/unchanged', async (_, reply) => reply.code(304).send('unsaid'));
  await server.listen({ host: '127.0.0.1', port: 0 });
  onTestFinished(() => server.close());
  return { server, port: (server.server.address() as AddressInfo).port, events, refused };
}

function post(path: string, body: string): string {
  return `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

function get(path: string, more = '', method = 'GET'): string {
  return `${method} ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;
}

async function opened(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  return socket;
}

/** Sends each piece when the server has seen the one before, and reads until it closes. */
async function say(port: number, ...pieces: readonly (string | Buffer)[]): Promise<string> {
  const socket = await opened(port);
  const heard = text(socket);
  for (const piece of pieces) {
    socket.write(piece);
    // A turn of the server's event loop, which is ours, and of the kernel.
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }
  return heard;
}

const bodiesOf = (answers: string): string[] =>
  answers.split(/(?=HTTP\/1\.1 \d)/).map((answer) => answer.slice(answer.indexOf('\r\n\r\n') + 4));

const LAST = get('/nothing', 'Connection: close\r\n');

it('hands over a body that comes with its headers, and answers on the same connection again and again', async () => {
  const { port, events } = await echo();
  const answers = await say(port, post('/echo', '{"a":1}'), post('/late', '{"b":2}'), post('/echo', '{"c":3}'), LAST);
  expect(bodiesOf(answers)).toEqual(['{"a":1}', '{"b":2}', '{"c":3}', '']);
  expect(events).toEqual(['/echo 200', '/late 200', '/echo 200', '/nothing 204']);
});

it('answers what comes in one packet in its order, however long each takes', async () => {
  const { port, events } = await echo();
  const all = [post('/late', '{"a":1}'), post('/echo', '{"b":2}'), post('/late', '{"c":3}'), post('/echo', '4'), LAST];
  expect(bodiesOf(await say(port, all.join('')))).toEqual(['{"a":1}', '{"b":2}', '{"c":3}', '4', '']);
  expect(events).toHaveLength(5);
});

it('hands over a body that comes in pieces, with a letter cut in two', async () => {
  const { port } = await echo();
  const body = JSON.stringify({ name: 'Łódź 🏭' });
  const bytes = Buffer.from(post('/echo', body));
  const cut = bytes.indexOf(Buffer.from('🏭')) + 2;
  const answers = await say(port, bytes.subarray(0, 30), bytes.subarray(30, cut), bytes.subarray(cut), LAST);
  expect(bodiesOf(answers)[0]).toBe(body);
});

it('hands over a body in chunks', async () => {
  const { port } = await echo();
  const head = 'POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n';
  const answers = await say(port, head, '4\r\n[1,2\r\n', '3\r\n,3]\r\n', '0\r\n\r\n', LAST);
  expect(bodiesOf(answers)[0]).toBe('[1,2,3]');
});

it('hands over a body of which a part, or all, came while somebody was asked who sends it', async () => {
  const asked: (() => void)[] = [];
  const { port } = await echo((server) => {
    server.addHook('onRequest', (_, __, done) => void asked.push(done));
  });
  const open = (): void => asked.shift()?.();
  const [head = '', body = ''] = post('/echo', '{"a":1,"b":2}').split(/(?<=\r\n\r\n)/);
  const socket = await opened(port);
  const heard = text(socket);
  for (const before of [body.length, 5]) {
    socket.write(head + body.slice(0, before));
    await expect.poll(() => asked.length).toBe(1);
    // What follows the headers has come as well: in the same packet.
    open();
    socket.write(body.slice(before));
  }
  socket.write(LAST);
  await expect.poll(() => asked.length).toBe(1);
  open();
  expect(bodiesOf(await heard)).toEqual([body, body, '']);
});

it('refuses a body that says it is too large before it comes, and closes', async () => {
  const { port, events } = await echo();
  const [head = ''] = post('/echo', JSON.stringify('x'.repeat(MOST_BYTES))).split(/(?<=\r\n\r\n)/);
  const answer = await say(port, head);
  expect(answer).toMatch(/^HTTP\/1\.1 413 [^]*^connection: close\r$/im);
  expect(events).toEqual(['/echo 413']);
});

it('refuses a body that becomes too large in chunks, and closes', async () => {
  const { port, events } = await echo();
  const head = 'POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n';
  const answer = await say(port, `${head}7d0\r\n${'1'.repeat(2_000)}\r\n0\r\n\r\n`);
  expect(answer).toMatch(/^HTTP\/1\.1 413 [^]*^connection: close\r$/im);
  expect(events).toEqual(['/echo 413']);
});

it.each(['', '{"a":', '{"__proto__":{}}', '{"constructor":{"prototype":1}}'])('refuses the body %j', async (body) => {
  const { port } = await echo();
  expect(await say(port, post('/echo', body))).toMatch(/^HTTP\/1\.1 400 /);
});

it.each([
  ['Content-Type: application/json; charset=iso-8859-1', 415],
  ['Content-Type: application/json; charset="utf-16"', 415],
  ['Content-Type: application/json\r\nContent-Encoding: gzip', 415],
  ['Content-Type: application/json\r\nContent-Encoding: br', 415],
  ['Content-Type: application/json; charset=UTF-8\r\nContent-Encoding: identity', 200],
  ['Content-Type: application/json;\tcharset="utf-8"; version=1\r\nContent-Encoding:', 200],
])('reads only what it can read: %s', async (headers, status) => {
  const { port } = await echo();
  const bytes = `POST /echo HTTP/1.1\r\nHost: x\r\n${headers}\r\nContent-Length: 7\r\n\r\n{"a":1}`;
  expect(await say(port, bytes, LAST)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
});

it('lets go of a caller who hangs up before the body is complete', async () => {
  const came: unknown[] = [];
  const { port, events, refused, server } = await echo((prepared) => {
    prepared.addHook('onRequest', async ({ url }) => void came.push(url));
  });
  const socket = await opened(port);
  socket.write(post('/echo', '{"a":1}').slice(0, -2));
  await expect.poll(() => came).toEqual(['/echo']);
  socket.destroy();
  await expect.poll(() => refused).toEqual(['The caller hung up before the body was complete.']);
  await expect.poll(() => connectionsOf(server)).toBe(0);
  expect(bodiesOf(await say(port, post('/echo', '[]'), LAST))).toEqual(['[]', '']);
  expect(events).toEqual(['/echo 200', '/nothing 204']);
});

it('says nothing of a body where there is none to be said', async () => {
  const { port } = await echo();
  const answers = await say(port, get('/long/5', '', 'HEAD'), get('/unchanged'), get('/nothing'), get('/long/3'), LAST);
  expect(bodiesOf(answers)).toEqual(['', '', '', 'xxx', '']);
  expect(answers).toContain('content-length: 5');
});

it('writes headers and body together', async () => {
  const writes: string[] = [];
  const { port } = await echo(({ server }) => {
    server.on('connection', (socket: Socket) => {
      const { _write, _writev } = socket;
      socket._write = (...given) => (writes.push('one piece'), _write.apply(socket, given));
      socket._writev = (...given) => (writes.push('several'), _writev?.apply(socket, given));
    });
  });
  await say(port, post('/echo', '{"a":1}'), post('/late', '[]'), get('/long/3', 'Connection: close\r\n'));
  expect(writes).toEqual(['one piece', 'one piece', 'one piece']);
});

it('ends an answer when all of it is with the kernel, and not before', async () => {
  const { port, events } = await echo();
  const letters = 20_000_000;
  const socket = await opened(port);
  socket.write(get(`/long/${letters}`) + LAST);
  await once(socket, 'readable');
  // Nobody reads on.
  expect(events).toEqual([]);
  const answers = await text(socket);
  expect(bodiesOf(answers).map(({ length }) => length)).toEqual([letters, 0]);
  expect(events).toEqual([`/long/${letters} 200`, '/nothing 204']);
});

it('serves a caller who asks before the body is sent whether it may come', async () => {
  const { port } = await echo();
  const asking = request({
    port,
    method: 'POST',
    path: '/echo',
    headers: { expect: '100-continue', 'content-type': 'application/json' },
  });
  asking.flushHeaders();
  await once(asking, 'continue');
  asking.end('{"a":1}');
  const [answer] = (await once(asking, 'response')) as [NodeJS.ReadableStream];
  expect(await text(answer)).toBe('{"a":1}');
});

/** Node's own server with these messages: what Fastify would do for them is not done. */
async function bare(answer: (request: WholeRequest, response: ServerResponse) => void): Promise<number> {
  const server: Server<typeof WholeRequest> = createServer(WHOLE_MESSAGES, answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

const CLOSE = 'Connection: close\r\n';

it('answers as Node does whatever is written how', async () => {
  const port = await bare(({ url }, response) => {
    if (url === '/length') response.writeHead(200, { 'content-length': 5 }).end('hello');
    else if (url === '/chunks') {
      response.write('hel');
      response.end('lo');
    } else if (url === '/unsaid') response.end('hello');
    else if (url === '/letters') response.writeHead(200, { 'content-length': 5 }).end('68656c6c6f', 'hex');
  });
  const ask = (path: string, method = 'GET'): Promise<string> => say(port, get(path, CLOSE, method));
  expect(bodiesOf(await ask('/length'))).toEqual(['hello']);
  expect(bodiesOf(await ask('/length', 'HEAD'))).toEqual(['']);
  expect(bodiesOf(await ask('/chunks'))).toEqual(['3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n']);
  expect(bodiesOf(await ask('/unsaid'))).toEqual(['hello']);
  expect(bodiesOf(await ask('/letters'))).toEqual(['hello']);
});

it('keeps an answer that is ready before the one that was asked first', async () => {
  const events: string[] = [];
  let first: () => void = () => undefined;
  const port = await bare(({ url = '' }, response) => {
    for (const event of ['prefinish', 'finish', 'close']) response.on(event, () => events.push(`${event} ${url}`));
    const answer = (): void => void response.writeHead(200, { 'content-length': 2 }).end(url);
    if (url === '/1') first = answer;
    else answer();
    if (url === '/3') first();
  });
  expect(bodiesOf(await say(port, get('/1') + get('/2') + get('/3', CLOSE)))).toEqual(['/1', '/2', '/3']);
  const all = ['/1', '/2', '/3'].flatMap((url) => ['prefinish', 'finish', 'close'].map((event) => `${event} ${url}`));
  expect(events.toSorted()).toEqual(all.toSorted());
});

it('does not take for cut short what came whole, where the caller hangs up before the answer', async () => {
  const came: WholeRequest[] = [];
  const port = await bare((request) => request.takeBody(10, () => came.push(request)));
  const socket = await opened(port);
  socket.write(post('/', '{}'));
  await expect.poll(() => came.length).toBe(1);
  socket.destroy();
  await expect.poll(() => came[0]?.destroyed).toBe(true);
  expect(came).toMatchObject([{ complete: true, readableEnded: true, aborted: false }]);
});

function connectionsOf(server: FastifyInstance): Promise<number> {
  return new Promise((resolve, reject) => {
    server.server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
  });
}
