/** Each client's signing secret; for a day after a rotation the one before it signs as well. */
import type { Redis } from 'ioredis';
import type { Catalogue } from './catalogue.js';
import { withinBudget } from './connection.js';
import { LUA_NOW_MS, Script } from './script.js';

const OVERLAP_MS = 24 * 3_600_000;

/**
 * KEYS   1 the client's secrets
 * ARGV   1 a fresh secret, 2 `1` to rotate, 3 overlap in ms
 * Answer the secrets that sign now, newest first
 * Atomic because two first readers, or two rotations at once, must agree on what counts.
 */
const SECRETS = new Script(
  `${LUA_NOW_MS}
local found = redis.call('HMGET', KEYS[1], 'current', 'previous', 'until')
if not found[1] then
  redis.call('HSET', KEYS[1], 'current', ARGV[1])
  return {ARGV[1]}
end
if ARGV[2] == '1' then
  redis.call('HSET', KEYS[1], 'current', ARGV[1], 'previous', found[1], 'until', now + ARGV[3])
  return {ARGV[1], found[1]}
end
if found[2] and tonumber(found[3]) > now then return {found[1], found[2]} end
return {found[1]}
`,
  1,
);

export class WebhookSecrets {
  /** @param fresh makes a secret */
  constructor(
    private readonly redis: Redis,
    private readonly catalogue: Catalogue,
    private readonly fresh: () => string,
  ) {}

  /** The secrets that sign now, newest first; the first call for a client makes one. */
  async of(client: string): Promise<readonly string[]> {
    return this.#run(client, 0);
  }

  /** Makes a new one; the one before it signs for another day. @returns both, newest first */
  async rotate(client: string): Promise<readonly string[]> {
    return this.#run(client, 1);
  }

  async #run(client: string, rotate: 0 | 1): Promise<readonly string[]> {
    const key = this.catalogue.courierKey('secret', client);
    const work = (): Promise<unknown> => SECRETS.run(this.redis, [key, this.fresh(), rotate, OVERLAP_MS]);
    return (await withinBudget(this.redis, work)) as string[];
  }
}
