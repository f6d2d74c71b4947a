import { expect, it, onTestFinished } from 'vitest';
import { ClockWatch } from '#queue/clock-watch';
import { QueueCorner } from '#testing/queue-corner';
import { ownRedis } from '../stage.js';

/** A watch of a machine whose clock is off by so much, and what it said. */
async function watching(offMs: number) {
  const { redis } = await QueueCorner.open();
  // Redis's own clock is the one that is right, whatever this machine's says.
  const [seconds, micros] = (await redis.time()).map(Number);
  const aheadMs = Date.now() - (seconds! * 1_000 + micros! / 1_000);
  const said: string[] = [];
  return {
    said,
    clock: new ClockWatch(
      redis,
      (sentence) => said.push(sentence),
      () => Date.now() - aheadMs + offMs,
    ),
  };
}

it.each([
  [5_000, /^this machine's clock is (4\.[5-9]|5\.[0-4]) s ahead of Redis's$/],
  // Half a second is what answers of Redis may be late by where the machine has much to do.
  [-60_000, /^this machine's clock is (59\.[5-9]|60\.[0-4]) s behind Redis's$/],
])('says that a clock is off by %i ms', async (offMs, sentence) => {
  const { clock, said } = await watching(offMs);
  expect(clock.complaint).toBeNull();
  await clock.look();
  expect(clock.complaint).toMatch(sentence);
  expect(said).toEqual([clock.complaint]);
});

it.each([0, 1_000, -1_000])('says nothing of %i ms', async (offMs) => {
  const { clock, said } = await watching(offMs);
  await clock.look();
  expect(clock.complaint).toBeNull();
  expect(said).toEqual([]);
});

it('believes no answer that was long on its way, as from a Redis that was frozen', async () => {
  const server = await ownRedis();
  onTestFinished(() => server.remove());
  await server.start();
  const { redis } = await QueueCorner.open(server.url);
  const clock = new ClockWatch(redis, () => undefined);
  server.freeze();
  await expect(clock.look()).rejects.toThrow('The queue did not answer in time.');
  server.thaw();
  await clock.look();
  expect(clock.complaint).toBeNull();
});

it('takes the complaint back when the clock was set right', async () => {
  const { redis } = await QueueCorner.open();
  let offMs = 10_000;
  const clock = new ClockWatch(
    redis,
    () => undefined,
    () => Date.now() + offMs,
  );
  await clock.look();
  expect(clock.complaint).not.toBeNull();
  offMs = 0;
  await clock.look();
  expect(clock.complaint).toBeNull();
});
