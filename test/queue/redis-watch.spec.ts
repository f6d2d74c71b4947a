import { expect, it, onTestFinished } from 'vitest';
import { connectProducer, connectWorker } from '#queue/connection';
import { RedisWatch } from '#queue/redis-watch';
import { until } from '#testing/patience';
import { ownRedis } from '../stage.js';

it('does not take a connection to a frozen Redis for an answer', async () => {
  const server = await ownRedis();
  onTestFinished(() => server.remove());
  await server.start();
  // A worker's connection, which waits as long as it has to.
  const redis = connectWorker(server.url, () => undefined);
  onTestFinished(() => redis.disconnect());
  await until(() => redis.status === 'ready', { deadlineMs: 20_000, what: 'a connection' });
  const watch = new RedisWatch(redis, () => undefined);
  expect(watch.isUp).toBe(false);
  expect(await watch.isAnswering()).toBe(true);
  server.freeze();
  expect(await Promise.all([watch.isAnswering(), watch.isAnswering()])).toEqual([false, false]);
  expect([watch.isUp, redis.status]).toEqual([false, 'ready']);
  server.thaw();
  await until(() => watch.isAnswering(), { deadlineMs: 20_000, what: 'an answer in time' });
  expect(watch.isUp).toBe(true);
});

it('sees how full Redis is, whether it may evict, and whether it appends', async () => {
  const server = await ownRedis();
  onTestFinished(() => server.remove());
  await server.start();
  const errors: Error[] = [];
  const redis = connectProducer(server.url, (error) => errors.push(error));
  onTestFinished(() => redis.disconnect());
  await until(() => redis.status === 'ready', { deadlineMs: 20_000, what: 'a connection' });
  const watch = new RedisWatch(redis, (error) => errors.push(error));
  expect([watch.keepsAll, watch.complaint]).toEqual([true, null]);
  watch.start();
  onTestFinished(() => watch.stop());
  const seen = (what: string, holds: () => boolean): Promise<unknown> => until(holds, { deadlineMs: 20_000, what });

  await seen('a round trip', () => watch.facts.roundTripMs > 0);
  expect(watch.share).toBeGreaterThan(0);
  expect(watch.share).toBeLessThan(0.5);

  const limit = 4 * Number(/^used_memory:(\d+)/m.exec(await redis.info('memory'))?.[1]);
  await redis.config('SET', 'maxmemory', limit, 'maxmemory-policy', 'allkeys-lru', 'appendonly', 'no');
  await seen('the new policy', () => !watch.keepsAll);
  expect(watch.complaint).toMatch(/maxmemory-policy is allkeys-lru/);
  expect(watch.share).toBeGreaterThan(0.1);
  expect(watch.facts.appends).toBe(false);

  await redis.config('SET', 'maxmemory-policy', 'noeviction', 'appendonly', 'yes');
  await seen('the safe policy', () => watch.keepsAll && watch.facts.appends);
  expect(watch.complaint).toBeNull();
  expect(errors).toEqual([]);
});
