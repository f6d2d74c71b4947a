import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { fastify, type FastifyInstance } from 'fastify';
import { expect, it, onTestFinished } from 'vitest';
import { InFlight, MOST_RUNNING } from './in-flight.js';
import { takeJsonBodies, WHOLE_MESSAGES } from './whole-messages.js';

interface Served {
  readonly port: number;
  readonly metrics: { inFlight: number };
  /** Requests whose handler was called and that were not answered, and the most of them. */
  readonly running: { now: number; most: number; begun: number };
  /** What the server has of its connections. */
  readonly sockets: Socket[];
}

/** A server that lets no connection run more than its share, with a route that answers when `answer` is called. */
async function served(mount: (server: FastifyInstance) => void): Promise<Served> {
  const server = fastify({ http: WHOLE_MESSAGES, forceCloseConnections: true });
  takeJsonBodies(server);
  const metrics = { inFlight: 0 };
  const running = { now: 0, most: 0, begun: 0 };
  const inFlight = new InFlight(metrics);
  server.addHook('onRequest', ({ raw }, _, done) => inFlight.begin(raw.socket, done));
  server.addHook('onRequest', (_, __, done) => {
    running.begun += 1;
    running.now += 1;
    running.most = Math.max(running.most, running.now);
    done();
  });
  server.addHook('onResponse', ({ raw }, _, done) => {
    running.now -= 1;
    inFlight.end(raw.socket);
    done();
  });
  mount(server);
  const sockets: Socket[] = [];
  server.server.on('connection', (socket: Socket) => sockets.push(socket));
  await server.listen({ host: '127.0.0.1', port: 0 });
  onTestFinished(() => server.close());
  return { port: (server.server.address() as AddressInfo).port, metrics, running, sockets };
}

async function opened(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' });
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;

function post(body: string, inChunks = false): string {
  const length = inChunks ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`;
  const content = inChunks ? `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n` : body;
  return `POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${length}\r\n\r\n${content}`;
}

/** Bodies of the next answers, which say their length. */
async function heard(socket: Socket, count: number): Promise<string[]> {
  const bodies: string[] = [];
  let [rest, needed] = ['', 0];
  for await (const chunk of socket.setEncoding('latin1') as AsyncIterable<string>) {
    rest += chunk;
    while (rest.length >= needed) {
      const [head, length] = /^HTTP[^]*?content-length: (\d+)\r\n[^]*?\r\n\r\n/i.exec(rest) ?? [];
      if (head === undefined) break;
      needed = head.length + Number(length);
      if (rest.length < needed) break;
      bodies.push(rest.slice(head.length, needed));
      [rest, needed] = [rest.slice(needed), 0];
    }
    if (bodies.length === count) break;
  }
  return bodies;
}

const numbers = (count: number): string[] => Array.from({ length: count }, (_, n) => String(n));

it('runs few of the hundreds that come pipelined and are not read, answers others meanwhile, and all in the end', async () => {
  const { port, running } = await served((server) => {
    server.get('/long/:n', async ({ params }) => (params as { n: string }).n.padStart(100_000));
    server.get('/short', async () => 'short');
  });
  const greedy = await opened(port);
  greedy.write(
    numbers(300)
      .map((n) => get(`/long/${n}`))
      .join(''),
  );
  await expect.poll(() => running.begun).toBeGreaterThanOrEqual(MOST_RUNNING);
  const other = await opened(port);
  other.write(get('/short'));
  expect(await heard(other, 1)).toEqual(['short']);
  // What fits into the kernel may have left.
  expect(running.begun).toBeLessThan(150);
  expect((await heard(greedy, 300)).map((body) => body.trimStart())).toEqual(numbers(300));
  expect(running.most).toBeLessThanOrEqual(MOST_RUNNING + 1);
});

it.each([
  ['small', 2, false],
  ['larger than what a stream keeps', 70_000, false],
  ['larger than that, in chunks', 70_000, true],
])('answers 200 pipelined bodies in their order: %s', async (_, size, inChunks) => {
  const { port, running, metrics } = await served((server) => {
    server.post('/echo', async ({ body }) => {
      await new Promise((resolve) => setImmediate(resolve));
      return { n: (body as { n: string }).n };
    });
  });
  const socket = await opened(port);
  for (const n of numbers(200)) socket.write(post(JSON.stringify({ n, pad: 'x'.repeat(size) }), inChunks));
  expect(await heard(socket, 200)).toEqual(numbers(200).map((n) => JSON.stringify({ n })));
  expect(running.most).toBeLessThanOrEqual(MOST_RUNNING);
  await expect.poll(() => metrics.inFlight).toBe(0);
});

it('lets a body come whose request is the last that runs, and one whose request waits for its turn', async () => {
  const answers: (() => void)[] = [];
  const { port } = await served((server) => {
    server.get('/held', (_, reply) => void answers.push(() => void reply.send('held')));
    server.post('/echo', async ({ body }) => body);
  });
  for (const before of [MOST_RUNNING - 1, MOST_RUNNING]) {
    const socket = await opened(port);
    const bytes = post(JSON.stringify('x'.repeat(200_000)));
    socket.write(get('/held').repeat(before) + bytes.slice(0, 1_000));
    await expect.poll(() => answers.length).toBe(before);
    socket.write(bytes.slice(1_000));
    for (const answer of answers.splice(0)) answer();
    expect((await heard(socket, before + 1)).at(-1)).toHaveLength(200_000);
  }
});

it('reads no more of a connection while one of its requests waits for its turn', async () => {
  const { port, sockets, metrics } = await served((server) => {
    server.get('/held', () => new Promise(() => undefined));
  });
  const socket = await opened(port);
  socket.on('error', () => undefined);
  socket.write(get('/held').repeat(200_000));
  await expect.poll(() => metrics.inFlight).toBeGreaterThan(MOST_RUNNING);
  // In each the server would read all that the kernel has for it.
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  // A piece is 64 KiB, and the first may have been a small one.
  expect(sockets[0]?.bytesRead).toBeLessThanOrEqual(2 * 65_536);
});

it('forgets what waits when its caller hangs up', async () => {
  const answers: (() => void)[] = [];
  const { port, metrics, running, sockets } = await served((server) => {
    server.get('/held', (_, reply) => void answers.push(() => void reply.send('held')));
  });
  const socket = await opened(port);
  socket.write(get('/held').repeat(50));
  await expect.poll(() => metrics.inFlight).toBe(50);
  expect(running.begun).toBe(MOST_RUNNING);
  socket.resetAndDestroy();
  // Nobody reads there: it is noticed when an answer cannot be written.
  answers[0]?.();
  await expect.poll(() => sockets[0]?.destroyed).toBe(true);
  await expect.poll(() => metrics.inFlight).toBe(0);
  expect(running.begun).toBeLessThanOrEqual(MOST_RUNNING + 1);
});
