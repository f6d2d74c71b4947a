/**
 * What is owed to an endpoint, in a real Redis: made once, taken once, tried again, buried, and never at the cost of
 * another endpoint.
 */
import { describe, expect, it } from 'vitest';
import { Deliveries, ENDPOINT_CAP, FAILURES_TO_BREAK, MOST_OWED, type NewEvent } from '#queue/deliveries';
import { QueueCorner } from '#testing/queue-corner';

async function store(): Promise<{ deliveries: Deliveries; corner: QueueCorner }> {
  const corner = await QueueCorner.open();
  return { corner, deliveries: new Deliveries(corner.redis, corner.catalogue, 3_600) };
}

let made = 0;
function event(change: Partial<NewEvent> = {}): NewEvent {
  const subjectId = `p${String((made += 1)).padStart(24, '0')}`;
  return {
    id: `${subjectId}-completed`,
    kind: 'completed',
    client: 'shop',
    subjectId,
    url: 'https://a.example.com/',
    body: `{"id":"${subjectId}"}`,
    ...change,
  };
}

const attempt = (status: number | null = 500) => ({ atMs: Date.now(), status, error: null, durationMs: 5 });

it('makes an event once, however often it is told of', async () => {
  const { deliveries } = await store();
  const one = event();
  const told = await Promise.all(Array.from({ length: 10 }, () => deliveries.owe(one)));
  expect(told.filter(Boolean)).toHaveLength(1);
  const { deliveries: taken } = await deliveries.take(10);
  expect(taken).toEqual([{ id: one.id, client: 'shop', url: one.url, tries: 0, body: one.body }]);
  expect((await deliveries.take(10)).deliveries).toEqual([]);
  expect(await deliveries.events('shop', { limit: 10, after: null })).toMatchObject([{ id: one.id, body: one.body }]);
});

it('gives each delivery to one of several couriers', async () => {
  const { deliveries } = await store();
  const events = Array.from({ length: 40 }, (_, i) => event({ url: `https://h${i}.example.com/` }));
  for (const one of events) await deliveries.owe(one);
  const taken = await Promise.all(Array.from({ length: 8 }, () => deliveries.take(10)));
  const ids = taken.flatMap(({ deliveries: some }) => some.map(({ id }) => id));
  expect(ids.sort()).toEqual(events.map(({ id }) => id).sort());
});

it('keeps what was delivered with its tries, and what failed with the time of the next', async () => {
  const { deliveries } = await store();
  const one = event();
  await deliveries.owe(one);
  await deliveries.take(1);
  expect(await deliveries.finish(one.id, attempt(500), { kind: 'retry', pauseMs: 60_000 })).toBe(true);
  const waiting = await deliveries.read(one.id);
  expect(waiting).toMatchObject({ status: 'pending', attempts: [{ status: 500 }] });
  expect(waiting!.nextAtMs! - Date.now()).toBeGreaterThan(55_000);
  const { deliveries: none, nextInMs } = await deliveries.take(1);
  expect(none).toEqual([]);
  expect(nextInMs).toBeGreaterThan(55_000);
  expect(await deliveries.redeliver(one.id)).toBe(true);
  await deliveries.take(1);
  await deliveries.finish(one.id, attempt(204), { kind: 'delivered' });
  expect(await deliveries.read(one.id)).toMatchObject({
    status: 'delivered',
    nextAtMs: null,
    attempts: [{ status: 500 }, { status: 204 }],
  });
  expect((await deliveries.take(1)).nextInMs).toBeNull();
});

it('tries an endpoint a few times at once, and what is above that waits without a bounce', async () => {
  const { deliveries } = await store();
  const slow = Array.from({ length: 100 }, () => event({ url: 'https://slow.example.com/' }));
  for (const one of slow) await deliveries.owe(one);
  const quick = event({ url: 'https://quick.example.com/' });
  await deliveries.owe(quick);
  const { deliveries: taken } = await deliveries.take(64);
  expect(taken.filter(({ url }) => url.includes('slow'))).toHaveLength(ENDPOINT_CAP);
  expect(taken.map(({ id }) => id)).toContain(quick.id);
  expect((await deliveries.take(64)).deliveries).toEqual([]);
  await deliveries.finish(taken[0]!.id, attempt(200), { kind: 'delivered' });
  expect((await deliveries.take(64)).deliveries.map(({ id }) => id)).toEqual([slow[ENDPOINT_CAP]!.id]);
});

it('leaves one probe to an endpoint that keeps failing, and serves it again when one succeeds', async () => {
  const { deliveries, corner } = await store();
  const all = Array.from({ length: 30 }, () => event());
  for (const one of all) await deliveries.owe(one);
  for (let failures = 0; failures < FAILURES_TO_BREAK;) {
    for (const { id } of (await deliveries.take(1)).deliveries) {
      await deliveries.finish(id, attempt(503), { kind: 'retry', pauseMs: 300_000 });
      failures += 1;
    }
  }
  const closed = await deliveries.take(64);
  expect(closed.deliveries).toEqual([]);
  expect(closed.nextInMs).toBeGreaterThan(3_000);
  expect(closed.nextInMs).toBeLessThanOrEqual(5_000);
  // Its time comes: the clock is Redis's, so the test moves the mark and not the clock.
  const [endpoint = ''] = await corner.redis.zrangebyscore(corner.catalogue.courierKey('endpoints'), '-inf', '+inf');
  await corner.redis.zadd(corner.catalogue.courierKey('endpoints'), 0, endpoint);
  const { deliveries: probe } = await deliveries.take(64);
  expect(probe).toHaveLength(1);
  await deliveries.finish(probe[0]!.id, attempt(200), { kind: 'delivered' });
  expect((await deliveries.take(64)).deliveries).toHaveLength(ENDPOINT_CAP);
});

it('gives back what a courier took and died with, and a try that comes after that does not count', async () => {
  const { deliveries, corner } = await store();
  const one = event();
  await deliveries.owe(one);
  await deliveries.take(1);
  await corner.redis.zadd(corner.catalogue.courierKey('running'), 1, one.id);
  const again = await deliveries.take(1);
  expect(again.deliveries).toMatchObject([{ id: one.id, tries: 0 }]);
  await deliveries.finish(one.id, attempt(200), { kind: 'delivered' });
  expect(await deliveries.finish(one.id, attempt(500), { kind: 'retry', pauseMs: 1 })).toBe(false);
  expect(await deliveries.read(one.id)).toMatchObject({ status: 'delivered', attempts: [{ status: 200 }] });
});

describe('what failed for good', () => {
  it('is a dead letter, which can be sent again', async () => {
    const { deliveries } = await store();
    const one = event();
    await deliveries.owe(one);
    await deliveries.take(1);
    await deliveries.finish(one.id, attempt(500), { kind: 'dead' });
    expect(await deliveries.read(one.id)).toMatchObject({ status: 'failed', nextAtMs: null });
    expect((await deliveries.summary()).dead).toBe(1);
    expect(await deliveries.redeliver(one.id)).toBe(true);
    expect((await deliveries.take(1)).deliveries).toMatchObject([{ id: one.id, tries: 0, body: one.body }]);
    expect((await deliveries.summary()).dead).toBe(0);
  });

  it('takes all that its endpoint was owed with it, when the endpoint says that it is gone', async () => {
    const { deliveries } = await store();
    const [first, second] = [event(), event()];
    await deliveries.owe(first);
    await deliveries.owe(second);
    await deliveries.take(1);
    await deliveries.finish(first.id, attempt(410), { kind: 'gone' });
    expect(await deliveries.read(second.id)).toMatchObject({ status: 'failed' });
    expect((await deliveries.take(10)).deliveries).toEqual([]);
  });

  it('is the oldest of an endpoint that is owed too much', async () => {
    const { deliveries, corner } = await store();
    const key = corner.catalogue.courierKey('owed');
    const first = event();
    await deliveries.owe(first);
    const [owed = ''] = await corner.redis.keys(`${key}:*`);
    const fill = Array.from({ length: MOST_OWED - 1 }, (_, i) => [Date.now() + i, `x${i}`]).flat();
    await corner.redis.zadd(owed, ...fill);
    await deliveries.owe(event());
    expect(await corner.redis.zcard(owed)).toBe(MOST_OWED);
    expect(await deliveries.read(first.id)).toMatchObject({ status: 'failed' });
  });
});

it('keeps clients apart: endpoints, lists and events', async () => {
  const { deliveries } = await store();
  const [mine, theirs] = [event(), event({ client: 'other' })];
  await deliveries.owe(mine);
  await deliveries.owe(theirs);
  expect((await deliveries.list('shop', { limit: 10, before: null })).map(({ id }) => id)).toEqual([mine.id]);
  expect((await deliveries.events('other', { limit: 10, after: null })).map(({ id }) => id)).toEqual([theirs.id]);
});

it('reads on behind a cursor, and behind a delivery', async () => {
  const { deliveries } = await store();
  const all = Array.from({ length: 5 }, () => event({ url: null }));
  for (const one of all) await deliveries.owe(one);
  const first = await deliveries.events('shop', { limit: 2, after: null });
  const rest = await deliveries.events('shop', { limit: 10, after: first[1]!.cursor });
  expect([...first, ...rest].map(({ id }) => id)).toEqual(all.map(({ id }) => id));
  expect(await deliveries.list('shop', { limit: 10, before: null })).toEqual([]);
  const owed = Array.from({ length: 3 }, () => event());
  for (const one of owed) await deliveries.owe(one);
  const [newest] = await deliveries.list('shop', { limit: 1, before: null });
  expect(await deliveries.list('shop', { limit: 10, before: newest!.id })).toHaveLength(2);
});
