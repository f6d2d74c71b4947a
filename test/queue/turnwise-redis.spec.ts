import { describe, expect, it, onTestFinished } from 'vitest';
import { connectWorker } from '#queue/connection';
import { ownRedis } from '../stage.js';

/** A connection to a Redis that nobody else talks to. */
async function alone() {
  const server = await ownRedis();
  onTestFinished(() => server.remove());
  await server.start();
  const redis = connectWorker(server.url, () => undefined);
  onTestFinished(() => redis.disconnect());
  await redis.ping();
  return redis;
}

type Connection = Awaited<ReturnType<typeof alone>>;

/** How often Redis has read something; the question is one of them. */
async function reads(redis: Connection): Promise<number> {
  const stats = await redis.info('stats');
  return Number(/total_reads_processed:(\d+)/.exec(stats)?.[1]);
}

describe('a connection to Redis', () => {
  it('says in one write what a turn of the event loop has to say, its promises and ticks included', async () => {
    const redis = await alone();
    const before = await reads(redis);
    const later = Promise.resolve().then(() => redis.incr('n'));
    const last = new Promise<number>((resolve) => process.nextTick(() => resolve(redis.incr('n'))));
    expect(await Promise.all([redis.incr('n'), redis.incr('n'), later, last])).toHaveLength(4);
    expect((await reads(redis)) - before).toBe(2);
    expect(await redis.get('n')).toBe('4');
  });

  it('keeps the order of commands, pipelines among them', async () => {
    const redis = await alone();
    const pipeline = redis.pipeline().append('text', 'b').append('text', 'c').exec();
    await Promise.all([redis.append('text', 'a'), pipeline, redis.append('text', 'd')]);
    const text = (await redis.get('text')) ?? '';
    expect(text).toHaveLength(4);
    expect(text.indexOf('a')).toBeLessThan(text.indexOf('d'));
    expect(text).toContain('bc');
  });

  it('goes on after it was cut in the middle of a turn', async () => {
    const redis = await alone();
    const ready = new Promise((resolve) => redis.once('ready', resolve));
    const cut = redis.incr('n').catch(() => null);
    redis.disconnect(true);
    await ready;
    await cut;
    expect(await redis.incr('m')).toBe(1);
    expect(await redis.incr('m')).toBe(2);
  });
});
