import { once } from 'node:events';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { signal } from '#testing/signal';
import { EndpointGuard } from './endpoint-guard.js';
import { retryAfterMs, WebhookClient } from './webhook-client.js';

const open = new EndpointGuard({ allowPrivate: true });

async function receiver(listener: RequestListener): Promise<string> {
  return urlOf(createServer(listener));
}

async function urlOf(server: Server | ReturnType<typeof createTcpServer>): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    if ('closeAllConnections' in server) server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?token=1`;
}

function client(options: Partial<ConstructorParameters<typeof WebhookClient>[0]> = {}): WebhookClient {
  const made = new WebhookClient({ guard: open, ...options });
  onTestFinished(() => made.close());
  return made;
}

const message = (url: string, body = '{"a":1}'): Parameters<WebhookClient['send']>[0] => ({
  url,
  headers: { 'content-type': 'application/json', 'webhook-id': 'x' },
  body: Buffer.from(body),
});

it('sends the bytes as they are, to the path with its query, and reports the answer', async () => {
  const seen: unknown[] = [];
  const url = await receiver((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      seen.push([request.method, request.url, request.headers['webhook-id'], Buffer.concat(chunks).toString()]);
      response.writeHead(204).end();
    })();
  });
  expect(await client().send(message(url, '{"ü":"\u0000"}'))).toMatchObject({ kind: 'answered', status: 204 });
  expect(seen).toEqual([['POST', '/hook?token=1', 'x', '{"ü":"\u0000"}']]);
});

it('uses its connections again', async () => {
  const sockets = new Set<Socket>();
  const url = await receiver((request, response) => {
    sockets.add(request.socket);
    request.resume().on('end', () => response.end('ok'));
  });
  const sender = client();
  for (let i = 0; i < 20; i += 1) await sender.send(message(url));
  expect(sockets.size).toBeLessThanOrEqual(4);
});

it.each([301, 302, 303, 307, 308])('does not follow a %i', async (status) => {
  let calls = 0;
  const url = await receiver((_, response) => {
    calls += 1;
    response.writeHead(status, { location: '/elsewhere' }).end();
  });
  expect(await client().send(message(url))).toMatchObject({ kind: 'answered', status });
  expect(calls).toBe(1);
});

it('keeps no message waiting for slower ones to the same host', async () => {
  const waiting: ServerResponse[] = [];
  const url = await receiver((request, response) => {
    if (request.url === '/fast') response.end();
    else waiting.push(response);
  });
  const sender = client();
  const slow = Array.from({ length: 8 }, () => sender.send(message(url)));
  expect(await sender.send(message(new URL('/fast', url).href))).toMatchObject({ kind: 'answered', status: 200 });
  expect(await Promise.race([...slow, Promise.resolve('all on their way')])).toBe('all on their way');
  await vi.waitUntil(() => waiting.length === slow.length, { timeout: 10_000 });
  for (const response of waiting) response.end();
  for (const sent of slow) expect(await sent).toMatchObject({ kind: 'answered', status: 200 });
});

describe('is not held by a receiver', () => {
  it('that has not answered after 15 seconds, where nobody says otherwise', async () => {
    const arrived = signal();
    const url = await receiver(() => arrived.send());
    const sender = client();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const sent = sender.send(message(url));
    await arrived.seen;
    vi.advanceTimersByTime(14_999);
    expect(await Promise.race([sent, new Promise((resolve) => setImmediate(resolve, 'under way'))])).toBe('under way');
    vi.advanceTimersByTime(1);
    expect(await sent).toEqual({ kind: 'unreachable', code: 'timeout', durationMs: 15_000 });
  });

  it('that never answers', async () => {
    const url = await receiver(() => undefined);
    expect(await client({ timeoutMs: 100 }).send(message(url))).toMatchObject({ kind: 'unreachable', code: 'timeout' });
  });

  it('that answers for ever, a little at a time', async () => {
    const url = await receiver((_, response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write('.'), 10);
      response.on('close', () => clearInterval(drip));
    });
    expect(await client({ timeoutMs: 150 }).send(message(url))).toMatchObject({ kind: 'unreachable', code: 'timeout' });
  });

  it('that answers without end: little is read, and the connection is closed', async () => {
    let written = 0;
    let closed: Promise<unknown> = Promise.resolve();
    const url = await receiver((_, response) => {
      closed = once(response, 'close');
      const pump = (): void => {
        while (!response.destroyed && response.write('x'.repeat(16_384))) written += 16_384;
      };
      response.writeHead(200).on('drain', pump);
      pump();
    });
    expect(await client({ maxAnswerBytes: 65_536 }).send(message(url))).toMatchObject({
      kind: 'answered',
      status: 200,
    });
    await closed;
    // What the system's own buffers hold counts as written.
    expect(written).toBeLessThan(32 * 1_048_576);
  });

  it('that breaks off', async () => {
    const url = await receiver((request) => request.socket.destroy());
    expect(await client().send(message(url))).toMatchObject({ kind: 'unreachable', code: 'reset' });
  });

  it('that is not there', async () => {
    const server = createTcpServer();
    const url = await urlOf(server);
    server.close();
    await once(server, 'close');
    expect(await client().send(message(url))).toMatchObject({ kind: 'unreachable', code: 'refused' });
  });

  it('that does not speak HTTP, or TLS', async () => {
    const url = await urlOf(
      createTcpServer((socket) => socket.on('error', () => undefined).end('SSH-2.0-OpenSSH\r\n')),
    );
    expect(await client().send(message(url))).toMatchObject({ kind: 'unreachable', code: 'failed' });
    expect(await client().send(message(url.replace('http:', 'https:')))).toMatchObject({ kind: 'unreachable' });
  });
});

describe('goes nowhere that the guard has not allowed', () => {
  async function callsOf(send: (url: string) => Promise<unknown>): Promise<number> {
    let calls = 0;
    const url = await receiver((_, response) => {
      calls += 1;
      response.end();
    });
    await send(url);
    return calls;
  }

  it('by a literal', async () => {
    const guard = new EndpointGuard({ allowPrivate: false });
    const calls = await callsOf(async (url) => {
      expect(await client({ guard }).send(message(url))).toMatchObject({ kind: 'unreachable', code: 'forbidden_url' });
    });
    expect(calls).toBe(0);
  });

  it('by a name that has come to lead inside since it was given', async () => {
    const addresses = ['93.184.216.34', '127.0.0.1'];
    const guard = new EndpointGuard({
      allowPrivate: false,
      lookup: async () => [{ address: addresses.shift() ?? '127.0.0.1', family: 4 }],
    });
    const url = 'https://hooks.example.com/hook';
    expect((await guard.resolve(new URL(url))).ok).toBe(true);
    expect(await client({ guard }).send(message(url))).toMatchObject({ kind: 'unreachable', code: 'forbidden_url' });
  });

  it('by a name without an address', async () => {
    const guard = new EndpointGuard({ allowPrivate: true, lookup: async () => [] });
    const sent = client({ guard }).send(message('http://nowhere.example.com/'));
    expect(await sent).toMatchObject({ kind: 'unreachable', code: 'unresolvable' });
  });

  it('and connects to what was checked: the name is looked up once', async () => {
    let lookups = 0;
    const calls = await callsOf(async (url) => {
      const guard = new EndpointGuard({
        allowPrivate: true,
        lookup: async () => {
          lookups += 1;
          return [{ address: '127.0.0.1', family: 4 }];
        },
      });
      const sent = client({ guard }).send(message(url.replace('127.0.0.1', 'hooks.example.com')));
      expect(await sent).toMatchObject({ kind: 'answered', status: 200 });
    });
    expect(calls).toBe(1);
    expect(lookups).toBe(1);
  });
});

it('reads Retry-After as seconds or as a date', async () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  expect(retryAfterMs('120', now)).toBe(120_000);
  expect(retryAfterMs('Thu, 01 Jan 2026 00:01:00 GMT', now)).toBe(60_000);
  expect(retryAfterMs('Wed, 31 Dec 2025 00:00:00 GMT', now)).toBe(0);
  for (const nonsense of [undefined, '', 'soon', '-5', ['1', '2']]) expect(retryAfterMs(nonsense, now)).toBeNull();
  const url = await receiver((_, response) => response.writeHead(429, { 'retry-after': '7' }).end());
  expect(await client().send(message(url))).toMatchObject({ status: 429, retryAfterMs: 7_000 });
});
