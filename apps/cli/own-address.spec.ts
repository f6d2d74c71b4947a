import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { readSettings } from '#config/settings';
import { addressesMustBeFree, baseUrl } from './own-address.js';

it('names an address that a client can use', () => {
  expect(baseUrl('127.0.0.1', 3000)).toBe('http://127.0.0.1:3000');
  expect(baseUrl('0.0.0.0', 3000)).toBe('http://127.0.0.1:3000');
  expect(baseUrl('::', 3000)).toBe('http://[::1]:3000');
  expect(baseUrl('localhost', 80)).toBe('http://localhost:80');
});

it('says which command helps when a port is taken, and leaves a free one free', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const settings = readSettings({});
  const fixed = { ...settings, PORT: port };
  await expect(addressesMustBeFree(fixed)).rejects.toThrow(
    `Port ${port} is taken: choose another with "PORT=${port + 1} npm start".`,
  );
  await expect(addressesMustBeFree({ ...settings, PORT: 0, OPS_PORT: port })).rejects.toThrow(
    `Port ${port} is taken: choose another with "OPS_PORT=${port + 1} npm start".`,
  );
  server.close();
  await once(server, 'close');
  await addressesMustBeFree(fixed);
  await addressesMustBeFree(fixed);
});

it('says where nobody can listen', async () => {
  const elsewhere = '192.0.2.1';
  const attempt = addressesMustBeFree({ ...readSettings({}), PORT: 0, OPS_HOST: elsewhere });
  await expect(attempt).rejects.toThrow(/^Cannot listen on OPS_HOST 192\.0\.2\.1, port 0 \(EADDRNOTAVAIL\)\.$/);
});
