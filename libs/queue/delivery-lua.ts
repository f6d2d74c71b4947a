/**
 * What the scripts of deliveries have in common: the line of endpoints, the hands that are under way, dead letters. It needs
 * KEYS[1], what every key begins with; see `deliveries.ts` for the keys.
 */
import { LUA_NOW_MS } from './script.js';

/** Dead letters that a client finds in its list; the others can still be asked for by id. */
const MOST_DEAD_SHOWN = 100_000;

export const LUA_DELIVERIES = `${LUA_NOW_MS}
local C = KEYS[1]
-- When the endpoint can be served next, given what it is owed; it leaves the line where nothing is.
local function line(endpoint)
  local first = redis.call('ZRANGE', C .. 'owed:' .. endpoint, 0, 0, 'WITHSCORES')
  if not first[2] then
    redis.call('ZREM', C .. 'endpoints', endpoint)
    return nil
  end
  local untilMs = tonumber(redis.call('HGET', C .. 'endpoint:' .. endpoint, 'until') or '0')
  local dueMs = math.max(tonumber(first[2]), untilMs)
  redis.call('ZADD', C .. 'endpoints', dueMs, endpoint)
  return dueMs
end
-- Who shares hands with an endpoint stands in its name: see endpointOf.
local function groupsOf(endpoint)
  local client, host = string.match(endpoint, '^(%w+)-(%w+)-')
  return {'client:' .. client, 'host:' .. host}
end
-- There is room in a group: one endpoint that waits for it comes back into the line.
local function wake(group)
  while true do
    local parked = redis.call('ZPOPMIN', C .. 'parked:' .. group)[1]
    if not parked then return end
    local dueMs = line(parked)
    if dueMs and dueMs <= now then return end
  end
end
local function count(endpoint, by)
  local client, host = unpack(groupsOf(endpoint))
  for _, group in ipairs({endpoint, client, host}) do
    if redis.call('HINCRBY', C .. 'busy', group, by) <= 0 then redis.call('HDEL', C .. 'busy', group) end
  end
end
local function hold(id, endpoint, leaseMs)
  redis.call('ZADD', C .. 'running', now + leaseMs, id)
  redis.call('HSET', C .. 'held', id, endpoint)
  count(endpoint, 1)
end
-- Gives a hand back, whatever has become of the record. Who calls it calls serve() then.
local function release(id)
  if redis.call('ZREM', C .. 'running', id) == 0 then return nil end
  local endpoint = redis.call('HGET', C .. 'held', id)
  redis.call('HDEL', C .. 'held', id)
  if endpoint then count(endpoint, -1) end
  return endpoint
end
local function serve(endpoint)
  line(endpoint)
  for _, group in ipairs(groupsOf(endpoint)) do wake(group) end
end
local function bury(id, keptS)
  redis.call('ZREM', C .. 'terms', id)
  local key = C .. 'delivery:' .. id
  local found = redis.call('HMGET', key, 'client', 'created')
  if not found[1] then return end
  redis.call('HSET', key, 'status', 'failed')
  redis.call('EXPIRE', key, keptS)
  redis.call('EXPIRE', C .. 'body:' .. id, keptS)
  redis.call('ZADD', C .. 'dead', now, id)
  redis.call('ZREMRANGEBYSCORE', C .. 'dead', '-inf', now - keptS * 1000)
  local dead = C .. 'dead:' .. found[1]
  redis.call('ZADD', dead, found[2], id)
  redis.call('ZREMRANGEBYRANK', dead, 0, -${MOST_DEAD_SHOWN + 1})
  redis.call('EXPIRE', dead, keptS)
end
`;
