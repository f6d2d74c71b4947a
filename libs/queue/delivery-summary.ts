/** What is owed, all in all, for metrics: see `deliveries.ts` for the keys. */
import type { Redis } from 'ioredis';
import { inTime } from './connection.js';
import { LUA_NOW_MS, Script } from './script.js';

export interface OwedSummary {
  /** Deliveries that are neither delivered nor given up. */
  readonly deliveries: number;
  /** Endpoints that they are owed to. */
  readonly endpoints: number;
  /** Endpoints that have failed so often that they get one try at a time. */
  readonly broken: number;
  readonly dead: number;
  /** Age of the oldest delivery that is owed; 0 where none is. */
  readonly oldestOwedMs: number;
  /** How long the delivery that could be sent now, and is not, has been due. */
  readonly oldestDueMs: number;
}

/**
 * KEYS   1 what every key begins with
 * ARGV   1 seconds that a delivery is owed
 * Answer deliveries, endpoints, broken ones, dead letters, age of the oldest in ms, how long one has been due in ms
 * Atomic because an endpoint that is owed something stands in one of three places, and moves between them: in the line; in
 * `busy`, where its share is under way; parked, where the share of its host or its client is, which is in `busy` then.
 */
const SUMMARY = new Script(
  `${LUA_NOW_MS}
local C = KEYS[1]
local seen, endpoints = {}, 0
local function see(endpoint)
  if not seen[endpoint] then endpoints = endpoints + 1 end
  seen[endpoint] = true
end
for _, endpoint in ipairs(redis.call('ZRANGE', C .. 'endpoints', 0, -1)) do see(endpoint) end
for _, group in ipairs(redis.call('HKEYS', C .. 'busy')) do
  if not string.find(group, ':', 1, true) then see(group) end
  for _, endpoint in ipairs(redis.call('ZRANGE', C .. 'parked:' .. group, 0, -1)) do see(endpoint) end
end
local function firstOf(name)
  local score = redis.call('ZRANGE', C .. name, 0, 0, 'WITHSCORES')[2]
  return score and tonumber(score)
end
local oldest, due = firstOf('terms'), firstOf('endpoints')
return {
  redis.call('ZCARD', C .. 'terms'),
  endpoints,
  redis.call('ZCARD', C .. 'broken'),
  redis.call('ZCARD', C .. 'dead'),
  oldest and math.max(0, math.floor(now - oldest + ARGV[1] * 1000)) or 0,
  due and math.max(0, math.floor(now - due)) or 0,
}
`,
  1,
);

/** @throws QueueUnavailableError where Redis does not answer soon */
export async function readSummary(redis: Redis, keyStart: string, owedSeconds: number): Promise<OwedSummary> {
  const answer = await inTime(SUMMARY.run(redis, [keyStart, owedSeconds]));
  const [deliveries = 0, endpoints = 0, broken = 0, dead = 0, oldestOwedMs = 0, oldestDueMs = 0] = answer as number[];
  return { deliveries, endpoints, broken, dead, oldestOwedMs, oldestDueMs };
}
