import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { baseUrl, mustBeFree } from './own-address.js';

it('names an address that a client can use', () => {
  expect(baseUrl('127.0.0.1', 3000)).toBe('http://127.0.0.1:3000');
  expect(baseUrl('0.0.0.0', 3000)).toBe('http://127.0.0.1:3000');
  expect(baseUrl('::', 3000)).toBe('http://[::1]:3000');
  expect(baseUrl('localhost', 80)).toBe('http://localhost:80');
});

it('says which command helps when the port is taken, and leaves a free one free', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await expect(mustBeFree('127.0.0.1', port)).rejects.toThrow(
    `Port ${port} is taken: choose another with "PORT=${port + 1} npm start".`,
  );
  server.close();
  await once(server, 'close');
  await mustBeFree('127.0.0.1', port);
  await mustBeFree('127.0.0.1', port);
});
