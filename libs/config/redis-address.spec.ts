import { describe, expect, it } from 'vitest';
import { parseRedisAddress } from './redis-address.js';

const NOBODY = { username: undefined, password: undefined };

it('takes a plain URL as it is', () => {
  const url = 'rediss://me:se%40cret@redis.example:6380/2';
  expect(parseRedisAddress(url)).toEqual({ kind: 'single', url });
});

it('reads the nodes of a cluster', () => {
  expect(parseRedisAddress('redis+cluster://a:7000,b,[::1]:7002')).toEqual({
    kind: 'cluster',
    hosts: [
      { host: 'a', port: 7000 },
      { host: 'b', port: 6379 },
      { host: '::1', port: 7002 },
    ],
    ...NOBODY,
    tls: false,
  });
});

it('reads sentinels, their name and what they ask for', () => {
  const text = 'rediss+sentinel://me:p%3Aw@s1,s2:26380/main-1?sentinel_password=x%20y';
  expect(parseRedisAddress(text)).toEqual({
    kind: 'sentinel',
    hosts: [
      { host: 's1', port: 26379 },
      { host: 's2', port: 26380 },
    ],
    username: 'me',
    password: 'p:w',
    tls: true,
    name: 'main-1',
    sentinelPassword: 'x y',
  });
});

it('reads a password without a name', () => {
  expect(parseRedisAddress('redis+cluster://:pw@a')).toMatchObject({ username: undefined, password: 'pw' });
});

describe('is none', () => {
  it.each([
    'localhost:6379',
    'http://host',
    'redis://',
    'redis+cluster://',
    'redis+cluster://a:7000/name',
    'redis+cluster://a:port',
    'redis+cluster://a,,b',
    'redis+sentinel://s1:26379',
    'redis+sentinel://s1:26379/',
    'redis+cluster://%zz@a',
    'redis+ring://a',
  ])('%s', (text) => {
    expect(parseRedisAddress(text)).toBeNull();
  });
});
