import { expect, it } from 'vitest';
import { Fleet, HEARTBEAT_MS, type LiveWorker } from '#queue/fleet';
import { QueueCorner } from '#testing/queue-corner';

const worker = (id: string): LiveWorker => ({
  id,
  pid: 7,
  host: 'h',
  startedAtMs: 1,
  models: ['iris'],
  versions: [{ id: 'a'.repeat(64), model: 'iris', rowCostMs: 0.02 }],
  executors: { ready: 1, busy: 0 },
});

async function fleet() {
  const corner = await QueueCorner.open();
  return { corner, fleet: new Fleet(corner.redis, corner.catalogue) };
}

it('lists who has said that it lives, as it has said it last', async () => {
  const { fleet: workers } = await fleet();
  expect(await workers.list()).toEqual([]);
  await workers.announce(worker('a'));
  await workers.announce(worker('b'));
  const busy = { ...worker('a'), executors: { ready: 1, busy: 1 } };
  await workers.announce(busy);
  const list = await workers.list();
  expect(list.sort((a, b) => a.id.localeCompare(b.id))).toEqual([busy, worker('b')]);
});

it('forgets at once who says good-bye', async () => {
  const { fleet: workers } = await fleet();
  await workers.announce(worker('a'));
  await workers.leave('a');
  expect(await workers.list()).toEqual([]);
});

it('forgets who has said nothing for a while, and leaves nothing of it behind', async () => {
  const { corner, fleet: workers } = await fleet();
  await workers.announce(worker('a'));
  await workers.announce(worker('b'));
  const key = corner.catalogue.workerKey('a');
  const leftMs = await corner.redis.pttl(key);
  // One heartbeat may be lost, and who is gone is gone within ten seconds.
  expect(leftMs).toBeGreaterThan(2 * HEARTBEAT_MS);
  expect(leftMs).toBeLessThanOrEqual(10_000);
  // The end of that time, without the wait for it.
  await corner.redis.pexpire(key, 0);
  expect((await workers.list()).map(({ id }) => id)).toEqual(['b']);
  expect(await corner.redis.smembers(corner.catalogue.workersKey())).toEqual(['b']);
});
