import type { FastifyRequest } from 'fastify';
import { expect, it } from 'vitest';
import { ClientAddress } from './client-address.js';

const from = (host?: string): FastifyRequest => ({ headers: { host } }) as FastifyRequest;

it('is what operators say, whatever the request says', () => {
  const address = new ClientAddress('https://api.example.com/', '127.0.0.1:3000');
  expect(address.baseUrl(from('evil.example'))).toBe('https://api.example.com');
});

it.each([
  ['localhost:3000', 'http://localhost:3000'],
  ['10.0.0.5', 'http://10.0.0.5'],
  ['[::1]:3000', 'http://[::1]:3000'],
  // Nothing of a strange header gets into an answer.
  [undefined, 'http://127.0.0.1:3000'],
  ['', 'http://127.0.0.1:3000'],
  ['a b', 'http://127.0.0.1:3000'],
  ['x/../y', 'http://127.0.0.1:3000'],
  ['user@host', 'http://127.0.0.1:3000'],
  ['"><script>', 'http://127.0.0.1:3000'],
])('is without them the Host header, if it is one: %s', (host, url) => {
  expect(new ClientAddress(undefined, '127.0.0.1:3000').baseUrl(from(host))).toBe(url);
});

it("is each caller's own, in whatever order they come", () => {
  const address = new ClientAddress(undefined, '127.0.0.1:3000');
  const hosts = ['a.example', 'a.example', '', 'b.example', 'a b', undefined, 'b.example', 'a.example'];
  expect(hosts.map((host) => address.baseUrl(from(host)))).toEqual(
    hosts.map((host) => `http://${host?.endsWith('.example') === true ? host : '127.0.0.1:3000'}`),
  );
});
