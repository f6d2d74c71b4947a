import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect, it, onTestFinished } from 'vitest';
import { answerUnreadableRequest } from './early-errors.js';

/** Sends bytes to a real server and reads until it closes. */
async function answerTo(bytes: string): Promise<{ head: string; body: Record<string, unknown> }> {
  const server = createServer((_, response) => response.end());
  server.on('clientError', answerUnreadableRequest);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.write(bytes);
  const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n');
  return { head, body: JSON.parse(body) as Record<string, unknown> };
}

it('answers what is no HTTP with a problem', async () => {
  const { head, body } = await answerTo('HELLO THERE\r\n\r\n');
  expect(head).toMatch(/^HTTP\/1\.1 400 Bad request\r\n/);
  expect(head).toContain('Content-Type: application/problem+json');
  expect(body).toMatchObject({ type: 'about:blank', status: 400, code: 'invalid_http' });
  expect(body['request_id']).toMatch(/^[0-9a-f-]{36}$/);
});

it('answers headers without end with 431', async () => {
  const { head, body } = await answerTo(`GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`);
  expect(head).toMatch(/^HTTP\/1\.1 431 /);
  expect(body).toMatchObject({ status: 431, code: 'headers_too_large' });
});
