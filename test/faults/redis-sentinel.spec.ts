/**
 * The same fleet on a Redis that sentinels watch: the primary dies, its replica is promoted, and every process follows
 * without a restart. What the replica had is there; replication is asynchronous, so no more than that is promised.
 */
import { expect, inject, it, onTestFinished } from 'vitest';
import { connectWorker } from '#queue/connection';
import { FarAway } from '#testing/far-away';
import { until, within } from '#testing/patience';
import { ended, forEach, IRIS, post, predict, submit } from '#testing/predictions';
import { WatchedRedis } from '#testing/redis-cluster';
import { fleetOfTest } from '../stage.js';

it('follows the promoted replica, with what it had', async () => {
  const redis = await WatchedRedis.start(inject('redisCommand'));
  onTestFinished(() => redis.remove());
  const fleet = fleetOfTest({ REDIS_URL: redis.url });
  const { api, worker } = await fleet.pair();
  expect((await predict(api, IRIS)).status).toBe('succeeded');

  // They wait in the queue while the primary dies.
  worker.signal('SIGSTOP');
  const ids = await forEach(Array.from({ length: 30 }), 10, () => submit(api, IRIS));
  await redis.primary.with(async (client) => {
    // It waits for what its own connection has written, and so for all that was written before that.
    await client.set('after', 'them');
    expect(await client.call('WAIT', '1', '30000')).toBe(1);
  });
  await redis.primary.kill();
  worker.signal('SIGCONT');
  const refused = await post(api, IRIS);
  expect([refused.status, refused.json.code]).toEqual([503, 'queue_unavailable']);

  await until(async () => (await post(api, IRIS)).status === 201, {
    // A failover that did not succeed is tried again after twenty seconds.
    deadlineMs: 90_000,
    what: 'a submit to pass again',
  });
  const finals = await forEach(ids, 10, (id) => ended(api, id));
  expect(finals.filter(({ status }) => status !== 'succeeded')).toEqual([]);
  expect(await redis.replica.with((client) => client.call('ROLE'))).toContain('master');
});

it('is found by every connection, also where the news come while it asks', async () => {
  const redis = await WatchedRedis.start(inject('redisCommand'));
  onTestFinished(() => redis.remove());
  // Each question to the sentinel is open for a second.
  const sentinel = await FarAway.from(redis.port, 500);
  onTestFinished(() => sentinel.remove());
  const connections = Array.from({ length: 12 }, () => connectWorker(redis.urlBy(sentinel.port), () => undefined));
  onTestFinished(() => connections.forEach((connection) => connection.disconnect()));
  await Promise.all(connections.map((connection) => connection.ping()));

  await redis.primary.kill();
  const moved = connections.map((connection) => connection.set('moved', 'yes'));
  expect(await within(Promise.all(moved), { deadlineMs: 60_000, what: 'all connections to write again' })).toEqual(
    connections.map(() => 'OK'),
  );
});
