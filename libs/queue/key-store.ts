/**
 * API keys as they stand in Redis: one hash of records, and a number that grows with every change, so that a process
 * that looks often reads little.
 */
import type { KeyRecord } from '#domain/key-record';
import type { Redis } from 'ioredis';
import type { Catalogue } from './catalogue.js';
import { withinBudget } from './connection.js';
import { Script } from './script.js';

/** One record's way from what it was to what it shall be. */
export interface KeyChange {
  /** What was read; null for a record that must not exist yet. */
  readonly from: KeyRecord | null;
  readonly to: KeyRecord;
}

/**
 * KEYS   1 records by id, 2 number of changes
 * ARGV   1 number of changes that no other may have been added to, empty where one may; then, for each change: id,
 *        expected JSON or empty, new JSON
 * Answer 1 written, 0 something had changed meanwhile and nothing was written
 * Atomic because a rotation is two records, and because of two that change the same key only one may win.
 */
const SWAP = new Script(
  `
if ARGV[1] ~= '' and (redis.call('GET', KEYS[2]) or '0') ~= ARGV[1] then return 0 end
for i = 2, #ARGV, 3 do
  if (redis.call('HGET', KEYS[1], ARGV[i]) or '') ~= ARGV[i + 1] then return 0 end
end
for i = 2, #ARGV, 3 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 2]) end
redis.call('INCR', KEYS[2])
return 1
`,
  2,
);

export class KeyStore {
  constructor(
    private readonly redis: Redis,
    private readonly catalogue: Catalogue,
  ) {}

  /** Grows with every change; `0` where there never was a key. */
  async version(): Promise<string> {
    return (await withinBudget(this.redis, () => this.redis.get(this.catalogue.keysVersionKey()))) ?? '0';
  }

  async list(): Promise<KeyRecord[]> {
    const texts = await withinBudget(this.redis, () => this.redis.hvals(this.catalogue.keysKey()));
    return texts.map((text) => JSON.parse(text) as KeyRecord);
  }

  /**
   * @param version read before the records were, where no other key may have changed since either
   * @returns false where a record is not what `from` says any more: read again, and decide again
   */
  async change(changes: readonly KeyChange[], version = ''): Promise<boolean> {
    const triples = changes.flatMap(({ from, to }) => [to.id, from === null ? '' : encode(from), encode(to)]);
    const { catalogue, redis } = this;
    const keys = [catalogue.keysKey(), catalogue.keysVersionKey()];
    return (await withinBudget(redis, () => SWAP.run(redis, [...keys, version, ...triples]))) === 1;
  }

  /** When a key was last used, to the hour; it says nothing of who may call. */
  async used(id: string, hourMs: number): Promise<void> {
    await withinBudget(this.redis, () => this.redis.hset(this.catalogue.keysUsedKey(), id, hourMs));
  }

  /** Milliseconds since the epoch, by id. */
  async lastUses(): Promise<ReadonlyMap<string, number>> {
    const uses = await withinBudget(this.redis, () => this.redis.hgetall(this.catalogue.keysUsedKey()));
    return new Map(Object.entries(uses).map(([id, atMs]) => [id, Number(atMs)]));
  }
}

/** In a fixed order of fields: a record is compared as text. */
function encode(record: KeyRecord): string {
  const { id, digest, client, name, scopes, createdBy, createdAtMs, expiresAtMs, revokedAtMs, replacedBy } = record;
  return JSON.stringify({
    id,
    digest,
    client,
    name,
    scopes,
    createdBy,
    createdAtMs,
    expiresAtMs,
    revokedAtMs,
    replacedBy,
  });
}
