/**
 * What is owed to an endpoint, in a real Redis: made once, taken once, tried again, buried, and never at the cost of
 * another endpoint.
 */
import { describe, expect, it } from 'vitest';
import {
  CLIENT_CAP,
  Deliveries,
  ENDPOINT_CAP,
  FAILURES_TO_BREAK,
  HOST_CAP,
  MOST_OWED,
  type NewEvent,
} from '#queue/deliveries';
import { until } from '#testing/patience';
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
    trace: null,
    hasEnded: true,
    ...change,
  };
}

const attempt = (status: number | null = 500) => ({ atMs: Date.now(), status, error: null, durationMs: 5 });

it('makes an event once, however often it is told of', async () => {
  const { deliveries } = await store();
  const trace = { requestId: 'order-4711' };
  const one = event({ trace });
  const told = await Promise.all(Array.from({ length: 10 }, () => deliveries.owe(one)));
  expect(told.filter(Boolean)).toHaveLength(1);
  const before = Date.now() - 60_000;
  const { deliveries: taken } = await deliveries.take(10);
  const createdAtMs = expect.any(Number) as number;
  expect(taken).toEqual([{ id: one.id, client: 'shop', url: one.url, tries: 0, body: one.body, trace, createdAtMs }]);
  expect(taken[0]!.createdAtMs).toBeGreaterThan(before);
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

describe('of a host and of a client', () => {
  const THREE = ['a', 'b', 'c'];

  async function owePaths(deliveries: Deliveries, count: number, change: (i: number) => Partial<NewEvent>) {
    for (let i = 0; i < count; i += 1) await deliveries.owe(event(change(i)));
  }

  /** Takes until nothing more can be taken. */
  async function takeAll(deliveries: Deliveries) {
    const all = [];
    for (;;) {
      const { deliveries: some, nextInMs } = await deliveries.take(64);
      if (some.length === 0 && nextInMs !== 0) return all;
      all.push(...some);
    }
  }

  it('as many are under way at once as it may have, under however many addresses; the others are served', async () => {
    const { deliveries } = await store();
    await owePaths(deliveries, HOST_CAP + 30, (i) => ({ url: `https://slow.example.com/?n=${i}` }));
    const quick = event({ url: 'https://quick.example.com/' });
    await deliveries.owe(quick);
    const first = await takeAll(deliveries);
    expect(first.filter(({ url }) => url.includes('slow'))).toHaveLength(HOST_CAP);
    expect(first.map(({ id }) => id)).toContain(quick.id);
    expect((await deliveries.take(64)).nextInMs).toBeGreaterThan(1_000);
    // Each end lets the next one in, whose address it is.
    for (const { id } of first.slice(0, 30)) await deliveries.finish(id, attempt(200), { kind: 'delivered' });
    expect(await takeAll(deliveries)).toHaveLength(30);
  });

  it('nobody waits for a client whose receivers are all slow', async () => {
    const { deliveries } = await store();
    await owePaths(deliveries, CLIENT_CAP + 30, (i) => ({ url: `https://h${i}.example.com/` }));
    const other = event({ client: 'other', url: 'https://h0.example.com/' });
    await deliveries.owe(other);
    const first = await takeAll(deliveries);
    expect(first).toHaveLength(CLIENT_CAP + 1);
    expect(first.map(({ id }) => id)).toContain(other.id);
    for (const { id } of first) await deliveries.finish(id, attempt(200), { kind: 'delivered' });
    expect(await takeAll(deliveries)).toHaveLength(30);
  });

  it('a hand that one address cannot use, since its host is busy, goes to the next', async () => {
    const { deliveries } = await store();
    await owePaths(deliveries, CLIENT_CAP, (i) => ({ url: `https://h${i}.example.com/` }));
    const underway = await takeAll(deliveries);
    await owePaths(deliveries, 20, (i) => ({ url: `https://busy.example.com/?n=${i}` }));
    expect(await takeAll(deliveries)).toEqual([]);
    const next = event({ url: 'https://idle.example.com/' });
    await deliveries.owe(next);
    await owePaths(deliveries, HOST_CAP, (i) => ({ client: 'other', url: `https://busy.example.com/?other=${i}` }));
    expect(await takeAll(deliveries)).toHaveLength(HOST_CAP);
    await deliveries.finish(underway[0]!.id, attempt(200), { kind: 'delivered' });
    expect((await takeAll(deliveries)).map(({ id }) => id)).toEqual([next.id]);
  });

  it('all are sent in the end, whichever share they waited for', async () => {
    const { deliveries } = await store();
    const hosts = THREE.map((name) => `https://${name}.example.com`);
    for (const client of THREE) {
      await owePaths(deliveries, 300, (i) => ({ client, url: `${hosts[i % 3]!}/${i % 100}` }));
    }
    const sent = new Set<string>();
    for (;;) {
      const some = await takeAll(deliveries);
      if (some.length === 0) break;
      for (const { id } of some) sent.add(id);
      for (const { id } of some) await deliveries.finish(id, attempt(200), { kind: 'delivered' });
    }
    expect(sent.size).toBe(900);
    expect((await deliveries.take(1)).nextInMs).toBeNull();
  });

  it('a hand comes back also where the record ran out on its way', async () => {
    const { deliveries, corner } = await store();
    const all = Array.from({ length: ENDPOINT_CAP + 1 }, () => event());
    for (const one of all) await deliveries.owe(one);
    const { deliveries: taken } = await deliveries.take(64);
    const record = (id: string): string => corner.catalogue.courierKey(`delivery:${id}`);
    await corner.redis.del(record(taken[0]!.id));
    expect(await deliveries.finish(taken[0]!.id, attempt(200), { kind: 'delivered' })).toBe(true);
    expect(await corner.redis.exists(record(taken[0]!.id))).toBe(0);
    expect((await deliveries.take(64)).deliveries.map(({ id }) => id)).toEqual([all[ENDPOINT_CAP]!.id]);
    // And where it ran out with the courier that held it.
    await corner.redis.del(...taken.map(({ id }) => record(id)));
    for (const { id } of taken.slice(1)) await corner.redis.zadd(corner.catalogue.courierKey('running'), 1, id);
    await deliveries.take(64);
    expect(await corner.redis.hvals(corner.catalogue.courierKey('busy'))).toEqual(['1', '1', '1']);
  });
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

  it('takes many with it in a few steps, so that nobody waits for that', async () => {
    const { deliveries } = await store();
    const all = Array.from({ length: 2_500 }, () => event());
    await Promise.all(all.map((one) => deliveries.owe(one)));
    let tries = 0;
    for (;;) {
      const [next] = (await deliveries.take(1)).deliveries;
      if (next === undefined) break;
      await deliveries.finish(next.id, attempt(410), { kind: 'gone' });
      tries += 1;
    }
    expect(tries).toBe(3);
    expect((await deliveries.summary()).dead).toBe(2_500);
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

  it('is what an endpoint that fails was owed for too long, each of it, and can be sent again', async () => {
    const { deliveries, corner } = await store();
    const all = Array.from({ length: 250 }, () => event());
    for (const one of all) await deliveries.owe(one);
    const { deliveries: underway } = await deliveries.take(1);
    // Their time comes: the clock is Redis's, so the test moves the mark and not the clock.
    const terms = corner.catalogue.courierKey('terms');
    await corner.redis.zadd(terms, ...all.flatMap(({ id }) => [1, id]));
    let givenUp = 0;
    for (let last = 1; last > 0;) {
      last = (await deliveries.take(0)).givenUp;
      givenUp += last;
    }
    expect(givenUp).toBe(249);
    // Somebody tried it just then: it may still arrive, and where it fails it is given up as well.
    expect(await deliveries.read(underway[0]!.id)).toMatchObject({ status: 'pending' });
    await deliveries.finish(underway[0]!.id, attempt(500), { kind: 'retry', pauseMs: 60_000 });
    expect((await deliveries.take(0)).givenUp).toBe(1);
    expect((await deliveries.summary()).dead).toBe(250);
    const { deliveries: failed } = await deliveries.list('shop', { limit: 500, before: null, status: 'failed' });
    expect(failed).toHaveLength(250);
    expect(await deliveries.redeliver(all[7]!.id)).toBe(true);
    expect((await deliveries.take(10)).deliveries).toMatchObject([{ id: all[7]!.id, tries: 0, body: all[7]!.body }]);
    expect(await corner.redis.zcard(terms)).toBe(1);
  });

  it('outlives the time for which it is owed', async () => {
    const { deliveries, corner } = await store();
    const one = event();
    await deliveries.owe(one);
    const [term = 0] = await corner.redis.zmscore(corner.catalogue.courierKey('terms'), one.id);
    for (const what of ['delivery', 'body']) {
      const leftMs = await corner.redis.pttl(corner.catalogue.courierKey(`${what}:${one.id}`));
      expect(Date.now() + leftMs - Number(term)).toBeGreaterThan(6 * 86_400_000);
    }
  });

  it('stays in the list however much was delivered since', async () => {
    const { deliveries, corner } = await store();
    const one = event();
    await deliveries.owe(one);
    await deliveries.take(1);
    await deliveries.finish(one.id, attempt(500), { kind: 'dead' });
    await corner.redis.zrem(corner.catalogue.courierKey('of:shop'), one.id);
    const page = await deliveries.list('shop', { limit: 10, before: null, status: 'failed' });
    expect(page.deliveries.map(({ id }) => id)).toEqual([one.id]);
  });

  it('has its tries anew when it is sent again, behind those that it had', async () => {
    const { deliveries } = await store();
    const one = event();
    await deliveries.owe(one);
    for (let round = 0; round < 2; round += 1) {
      const { deliveries: taken } = await deliveries.take(1);
      expect(taken).toMatchObject([{ id: one.id, tries: 0 }]);
      await deliveries.finish(one.id, attempt(500), { kind: 'dead' });
      expect(await deliveries.read(one.id)).toMatchObject({ status: 'failed' });
      expect(await deliveries.redeliver(one.id)).toBe(true);
      expect(await deliveries.list('shop', { limit: 10, before: null, status: 'failed' })).toMatchObject({
        deliveries: [],
      });
    }
    await deliveries.take(1);
    await deliveries.finish(one.id, attempt(204), { kind: 'delivered' });
    expect(await deliveries.read(one.id)).toMatchObject({
      status: 'delivered',
      attempts: [{ status: 500 }, { status: 500 }, { status: 204 }],
    });
    expect(await deliveries.summary()).toMatchObject({ dead: 0, endpoints: 0 });
  });
});

describe('what is owed, for metrics', () => {
  it('is counted until it is delivered or given up, also while it is under way', async () => {
    const { deliveries } = await store();
    const [one, other] = [event(), event({ url: 'https://b.example.com/' })];
    expect(await deliveries.summary()).toMatchObject({ deliveries: 0, endpoints: 0, oldestOwedMs: 0, oldestDueMs: 0 });
    await deliveries.owe(one);
    await until(async () => (await deliveries.summary()).oldestOwedMs >= 5, { deadlineMs: 20_000, what: 'some age' });
    await deliveries.owe(other);
    await deliveries.take(10);
    expect(await deliveries.summary()).toMatchObject({ deliveries: 2, endpoints: 2, oldestDueMs: 0 });
    await deliveries.finish(one.id, attempt(500), { kind: 'retry', pauseMs: 60_000 });
    await deliveries.finish(other.id, attempt(500), { kind: 'dead' });
    const waiting = await deliveries.summary();
    expect(waiting).toMatchObject({ deliveries: 1, endpoints: 1, dead: 1, oldestDueMs: 0 });
    expect(waiting.oldestOwedMs).toBeGreaterThanOrEqual(5);
    await deliveries.redeliver(one.id);
    await deliveries.take(10);
    await deliveries.finish(one.id, attempt(204), { kind: 'delivered' });
    expect(await deliveries.summary()).toMatchObject({ deliveries: 0, endpoints: 0, oldestOwedMs: 0 });
  });

  it('counts endpoints that wait for the share of their host, each once', async () => {
    const { deliveries } = await store();
    const endpoints = HOST_CAP / ENDPOINT_CAP + 10;
    for (let i = 0; i < endpoints; i += 1) {
      const url = `https://a.example.com/${i}`;
      for (let n = 0; n < ENDPOINT_CAP + 1; n += 1) await deliveries.owe(event({ url }));
    }
    let taken = 0;
    for (let some = -1; some !== 0; taken += some) some = (await deliveries.take(64)).deliveries.length;
    expect(taken).toBe(HOST_CAP);
    // One that waits is owed something more: it is in the line again, and still waits.
    await deliveries.owe(event({ url: `https://a.example.com/${endpoints - 1}` }));
    const owed = endpoints * (ENDPOINT_CAP + 1) + 1;
    expect(await deliveries.summary()).toMatchObject({ deliveries: owed, endpoints });
  });
});

it('keeps clients apart: endpoints, lists and events', async () => {
  const { deliveries } = await store();
  const [mine, theirs] = [event(), event({ client: 'other' })];
  await deliveries.owe(mine);
  await deliveries.owe(theirs);
  const { deliveries: listed } = await deliveries.list('shop', { limit: 10, before: null });
  expect(listed.map(({ id }) => id)).toEqual([mine.id]);
  expect((await deliveries.events('other', { limit: 10, after: null })).map(({ id }) => id)).toEqual([theirs.id]);
});

it('reads events on behind a cursor', async () => {
  const { deliveries } = await store();
  const all = Array.from({ length: 5 }, () => event({ url: null }));
  for (const one of all) await deliveries.owe(one);
  const first = await deliveries.events('shop', { limit: 2, after: null });
  const rest = await deliveries.events('shop', { limit: 10, after: first[1]!.cursor });
  expect([...first, ...rest].map(({ id }) => id)).toEqual(all.map(({ id }) => id));
  expect(await deliveries.list('shop', { limit: 10, before: null })).toEqual({ deliveries: [], next: null });
});

describe('pages of deliveries', () => {
  const LIMIT = 2;

  async function walk(deliveries: Deliveries, status?: 'failed' | 'delivered'): Promise<string[][]> {
    const pages: string[][] = [];
    let before: string | null = null;
    do {
      const wish = { limit: LIMIT, before, ...(status === undefined ? {} : { status }) };
      const page = await deliveries.list('shop', wish);
      pages.push(page.deliveries.map(({ id }) => id));
      before = page.next;
    } while (before !== null && pages.length < 20);
    return pages;
  }

  it('go on to the last, and then end', async () => {
    const { deliveries } = await store();
    const all = Array.from({ length: 6 }, () => event());
    for (const one of all) await deliveries.owe(one);
    const newestFirst = all.map(({ id }) => id).reverse();
    const pages = await walk(deliveries);
    expect(pages.flat()).toEqual(newestFirst);
    expect(pages).toHaveLength(3);
    const behind = await deliveries.list('shop', { limit: 10, before: newestFirst[0]! });
    expect(behind.deliveries.map(({ id }) => id)).toEqual(newestFirst.slice(1));
  });

  it('go on past records that are no longer kept, wherever they stand', async () => {
    const { deliveries, corner } = await store();
    const all = Array.from({ length: 8 }, () => event());
    for (const one of all) await deliveries.owe(one);
    const newestFirst = all.map(({ id }) => id).reverse();
    // The first of a page, and the last of one: the place at which the next page begins.
    for (const i of [0, 3, 4, 5]) await corner.redis.del(corner.catalogue.courierKey(`delivery:${newestFirst[i]!}`));
    expect((await walk(deliveries)).flat()).toEqual([1, 2, 6, 7].map((i) => newestFirst[i]));
  });

  it('with a status are as full as there is something to show', async () => {
    const { deliveries } = await store();
    const all = Array.from({ length: 30 }, (_, i) => event({ url: `https://h${i}.example.com/` }));
    for (const one of all) await deliveries.owe(one);
    await deliveries.take(30);
    const of = (rest: number): string[] => all.filter((_, i) => i % 10 === rest).map(({ id }) => id);
    for (const id of of(3)) await deliveries.finish(id, attempt(200), { kind: 'delivered' });
    for (const id of of(7)) await deliveries.finish(id, attempt(500), { kind: 'dead' });
    for (const [status, rest] of [
      ['delivered', 3],
      ['failed', 7],
    ] as const) {
      const pages = await walk(deliveries, status);
      expect(pages.map(({ length }) => length)).toEqual([2, 1]);
      expect(pages.flat()).toEqual(of(rest).reverse());
    }
  });
});
