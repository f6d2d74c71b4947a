/** Pages of a client's deliveries, newest first, out of an index of ids by age. */
import type { Delivery, DeliveryStatus } from '#domain/delivery';
import type { Redis } from 'ioredis';

export interface DeliveryWish {
  readonly limit: number;
  /** The `next` of the page before, or the id of a delivery; null for the first page. */
  readonly before: string | null;
  /** Only those; all of them unless given. */
  readonly status?: DeliveryStatus | null;
}

export interface DeliveryPage {
  readonly deliveries: readonly Delivery[];
  /** Where to read on; null behind the last one. A page may be short, or empty, and have one. */
  readonly next: string | null;
}

export interface DeliverySource {
  readonly redis: Redis;
  readonly index: string;
  readonly read: (id: string) => Promise<Delivery | null>;
}

/** Records that one page looks at for those that are wanted. */
const MOST_READ = 2_000;
/** Of a filtered page: its limit says little about how many have to be read. */
const LEAST_AT_ONCE = 100;
/** The age stands in it, since the delivery itself may be gone when the next page is asked for. */
const CURSOR = /^(?:(\d+)-)?([^-]+-[^-]+)$/;

interface Entry {
  readonly id: string;
  readonly cursor: string;
}

export async function readPage(source: DeliverySource, wish: DeliveryWish): Promise<DeliveryPage> {
  const { limit, status = null } = wish;
  const atOnce = status === null ? limit : Math.max(limit, LEAST_AT_ONCE);
  const deliveries: Delivery[] = [];
  let next = wish.before;
  for (let read = 0; read < MOST_READ; read += atOnce) {
    const entries = await entriesBehind(source, next, atOnce + 1);
    const page = entries.slice(0, atOnce);
    for (const [i, delivery] of (await readAll(source, page)).entries()) {
      next = page[i]?.cursor ?? null;
      if (delivery === null || (status !== null && delivery.status !== status)) continue;
      deliveries.push(delivery);
      if (deliveries.length === limit) return { deliveries, next: i + 1 < entries.length ? next : null };
    }
    if (entries.length <= atOnce) return { deliveries, next: null };
  }
  return { deliveries, next };
}

async function readAll({ redis, index, read }: DeliverySource, page: readonly Entry[]): Promise<(Delivery | null)[]> {
  const found = await Promise.all(page.map(({ id }) => read(id)));
  const gone = page.filter((_, i) => found[i] === null).map(({ id }) => id);
  if (gone.length > 0) await redis.zrem(index, ...gone);
  return found;
}

async function entriesBehind({ redis, index }: DeliverySource, before: string | null, most: number): Promise<Entry[]> {
  const start = before === null ? 0 : await placeBehind(redis, index, before);
  if (start === null) return [];
  const flat = await redis.zrevrange(index, start, start + most - 1, 'WITHSCORES');
  return Array.from({ length: flat.length / 2 }, (_, i) => {
    const id = flat[2 * i] ?? '';
    return { id, cursor: `${flat[2 * i + 1] ?? ''}-${id}` };
  });
}

/** @returns null where nobody can say, since the id is not in the index and came without its age */
async function placeBehind(redis: Redis, index: string, before: string): Promise<number | null> {
  const [, age, id = before] = CURSOR.exec(before) ?? [];
  const rank = await redis.zrevrank(index, id);
  if (rank !== null) return rank + 1;
  if (age === undefined) return null;
  const [newer, twins] = await Promise.all([
    redis.zcount(index, `(${age}`, '+inf'),
    redis.zrangebyscore(index, age, age),
  ]);
  // Of one age they stand by their names.
  return newer + twins.filter((twin) => twin > id).length;
}
