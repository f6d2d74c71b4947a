import { expect, it } from 'vitest';
import { findOrStartRedis, RedisUnavailableError } from './redis-server.js';

const lines: string[] = [];
const ask = (redisUrl: string): Promise<unknown> =>
  findOrStartRedis({ redisUrl, dataDir: '/nonexistent', say: (line) => lines.push(line) });

it('never falls back from a REDIS_URL that does not answer, and keeps its password to itself', async () => {
  const error = await ask('redis://user:secret@127.0.0.1:1').catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(RedisUnavailableError);
  expect((error as Error).message).toBe(
    'REDIS_URL: redis://127.0.0.1:1 cannot be used, the connection is refused: start that Redis or correct the URL, ' +
      'or unset REDIS_URL and Millrace starts one of its own.',
  );
  expect(lines).toEqual([]);
});

it.each(['http://secret', 'secret', 'redis://', 'redis+cluster://secret/x'])(
  'refuses what is no URL of a Redis: %s',
  async (url) => {
    await expect(ask(url)).rejects.toThrow(
      'REDIS_URL must look like redis://[user:password@]host:6379 (rediss:// for TLS), ',
    );
  },
);
