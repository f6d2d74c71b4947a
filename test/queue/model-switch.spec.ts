/** Models that operators switch: the hash is the truth, and the queues follow it, whoever died or switched meanwhile. */
import { expect, it } from 'vitest';
import { ModelSwitch } from '#queue/model-switch';
import { MODEL, QueueCorner, succeeded } from '#testing/queue-corner';
import { signal } from '#testing/signal';

function switchOf(corner: QueueCorner): ModelSwitch {
  return new ModelSwitch(corner.queues, [MODEL], corner.onError);
}

async function paused(corner: QueueCorner): Promise<boolean[]> {
  const { interactive, bulk, retry, announcements } = corner.queues.of(MODEL);
  return Promise.all([interactive, bulk, retry, announcements].map((queue) => queue.isPaused()));
}

it('pauses all queues that workers take from, and no other; another process sees who did it', async () => {
  const corner = await QueueCorner.open();
  const [one, other] = [switchOf(corner), switchOf(corner)];
  expect(await one.set(MODEL, 'paused', 'night-shift')).toBe('running');
  expect(await paused(corner)).toEqual([true, true, true, false]);
  expect(other.stateOf(MODEL)).toBe('running');
  await other.look();
  expect(other.of(MODEL)).toEqual({ state: 'paused', sinceMs: one.of(MODEL).sinceMs, by: 'night-shift' });

  // The first time is kept.
  expect(await other.set(MODEL, 'paused', 'day-shift')).toBe('paused');
  expect(other.of(MODEL).by).toBe('night-shift');
  expect(await other.set(MODEL, 'draining', 'day-shift')).toBe('paused');
  expect([await paused(corner), other.of(MODEL).by]).toEqual([[false, false, false, false], 'day-shift']);
  expect(await one.set(MODEL, 'running', 'day-shift')).toBe('draining');
  expect(one.of(MODEL)).toEqual({ state: 'running', sinceMs: null, by: null });
});

it('a job that waits in a paused queue is not taken, one in hand ends, and a resume lets the others go', async () => {
  const corner = await QueueCorner.open();
  const switches = switchOf(corner);
  const [held, release] = [signal(), signal()];
  const intake = corner.intake(
    async () => {
      held.send();
      await release.seen;
      return { kind: 'outcomes', outcomes: [succeeded(1)] };
    },
    { slots: 1 },
  );
  const [running] = await corner.submit();
  await held.seen;
  await switches.set(MODEL, 'paused', 'x');
  const [waiting] = await corner.submit();
  release.send();
  // The worker has had its chance: BullMQ hands out the next job with the end of the one before.
  await intake.settled(running!);
  expect(await corner.queues.of(MODEL).interactive.getJobCounts('waiting', 'active')).toEqual({
    waiting: 1,
    active: 0,
  });
  await switches.set(MODEL, 'running', 'x');
  expect(await intake.settled(waiting!)).toMatchObject({ succeeded: 1 });
});

it('mends what a process that died has left half done', async () => {
  const corner = await QueueCorner.open();
  const switches = switchOf(corner);
  await switches.set(MODEL, 'paused', 'x');
  await corner.queues.of(MODEL).bulk.resume();
  await switches.look();
  expect(await paused(corner)).toEqual([true, true, true, false]);
  await corner.redis.hdel(corner.catalogue.modelSwitchesKey(), MODEL);
  await switches.look();
  expect(await paused(corner)).toEqual([false, false, false, false]);
});

it('of operators who switch at once one has the last word, and the queues have heard it', async () => {
  const corner = await QueueCorner.open();
  for (let round = 0; round < 20; round += 1) {
    const both = [switchOf(corner), switchOf(corner), switchOf(corner)];
    const words = ['paused', 'running', 'draining'] as const;
    await Promise.all(both.map((one, i) => one.set(MODEL, words[(i + round) % 3]!, 'x')));
    const seen = switchOf(corner);
    await seen.look();
    const isPaused = seen.stateOf(MODEL) === 'paused';
    expect(await paused(corner)).toEqual([isPaused, isPaused, isPaused, false]);
  }
});

it('what it does not know stops nothing', async () => {
  const corner = await QueueCorner.open();
  const switches = switchOf(corner);
  for (const text of ['paused', '{}', '{"state":"asleep"}']) {
    await corner.redis.hset(corner.catalogue.modelSwitchesKey(), MODEL, text);
    await switches.look();
    expect(switches.stateOf(MODEL)).toBe('running');
  }
});
