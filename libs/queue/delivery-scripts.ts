/**
 * The steps of a delivery, each atomic: see `deliveries.ts` for the keys. KEYS[1] is what every key begins with; the
 * others are built from it and share its hash tag.
 */
import { Script } from './script.js';

const LUA_SHARED = `
local C = KEYS[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
-- When the endpoint can be served next, given what it is owed; it leaves the line where nothing is.
local function line(endpoint)
  local first = redis.call('ZRANGE', C .. 'owed:' .. endpoint, 0, 0, 'WITHSCORES')
  if not first[2] then return redis.call('ZREM', C .. 'endpoints', endpoint) end
  local untilMs = tonumber(redis.call('HGET', C .. 'endpoint:' .. endpoint, 'until') or '0')
  redis.call('ZADD', C .. 'endpoints', math.max(tonumber(first[2]), untilMs), endpoint)
end
local function bury(id, keptS)
  redis.call('HSET', C .. 'delivery:' .. id, 'status', 'failed')
  redis.call('EXPIRE', C .. 'delivery:' .. id, keptS)
  redis.call('EXPIRE', C .. 'body:' .. id, keptS)
  redis.call('ZADD', C .. 'dead', now, id)
  redis.call('ZREMRANGEBYSCORE', C .. 'dead', '-inf', now - keptS * 1000)
end
`;

/**
 * ARGV   1 id, 2 kind, 3 client, 4 subject, 5 url or empty, 6 endpoint, 7 body,
 *        8 seconds kept, 9 seconds kept while owed, 10 events of a client, 11 deliveries of a client, 12 most owed,
 *        13 seconds a dead letter is kept
 * Answer 1 made, 0 made before
 */
export const OWE = new Script(
  `${LUA_SHARED}
local id, endpoint = ARGV[1], ARGV[6]
if not redis.call('SET', C .. 'event:' .. id, '1', 'NX', 'EX', math.max(ARGV[8], 3600)) then return 0 end
local owed = ARGV[5] ~= ''
redis.call('SET', C .. 'body:' .. id, ARGV[7], 'EX', owed and ARGV[9] or ARGV[8])
redis.call('XADD', C .. 'events:' .. ARGV[3], 'MAXLEN', '~', ARGV[10], '*', 'id', id, 'kind', ARGV[2])
redis.call('EXPIRE', C .. 'events:' .. ARGV[3], ARGV[8])
if not owed then return 1 end
redis.call('HSET', C .. 'delivery:' .. id, 'client', ARGV[3], 'url', ARGV[5], 'endpoint', endpoint, 'kind', ARGV[2],
  'subject', ARGV[4], 'status', 'pending', 'created', now, 'next', now, 'tries', 0)
redis.call('EXPIRE', C .. 'delivery:' .. id, ARGV[9])
redis.call('ZADD', C .. 'of:' .. ARGV[3], now, id)
redis.call('ZREMRANGEBYRANK', C .. 'of:' .. ARGV[3], 0, -tonumber(ARGV[11]) - 1)
redis.call('ZADD', C .. 'owed:' .. endpoint, now, id)
if redis.call('ZCARD', C .. 'owed:' .. endpoint) > tonumber(ARGV[12]) then
  local oldest = redis.call('ZPOPMIN', C .. 'owed:' .. endpoint)
  bury(oldest[1], ARGV[13])
end
line(endpoint)
redis.call('PUBLISH', C .. 'due', '')
return 1
`,
  1,
);

/**
 * ARGV   1 most to take, 2 tries of an endpoint at once, 3 failures that break it, 4 lease in ms
 * Answer deliveries (id, client, url, tries, body), and ms until there may be more, or -1
 * Atomic because of several couriers one takes each delivery, and an endpoint's share is counted over all of them.
 */
export const TAKE = new Script(
  `${LUA_SHARED}
-- Whoever held these has died with them.
for _, id in ipairs(redis.call('ZRANGEBYSCORE', C .. 'running', '-inf', now, 'LIMIT', 0, 100)) do
  redis.call('ZREM', C .. 'running', id)
  local endpoint = redis.call('HGET', C .. 'delivery:' .. id, 'endpoint')
  if endpoint then
    redis.call('HINCRBY', C .. 'endpoint:' .. endpoint, 'running', -1)
    redis.call('ZADD', C .. 'owed:' .. endpoint, now, id)
    line(endpoint)
  end
end
local taken = {}
local function takeOf(endpoint)
  local state = redis.call('HMGET', C .. 'endpoint:' .. endpoint, 'running', 'failures')
  local cap = tonumber(state[2] or '0') >= tonumber(ARGV[3]) and 1 or tonumber(ARGV[2])
  local room = math.min(cap - tonumber(state[1] or '0'), tonumber(ARGV[1]) - #taken)
  if room <= 0 then return false end
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', C .. 'owed:' .. endpoint, '-inf', now, 'LIMIT', 0, room)) do
    redis.call('ZREM', C .. 'owed:' .. endpoint, id)
    local row = redis.call('HMGET', C .. 'delivery:' .. id, 'client', 'url', 'tries')
    local body = redis.call('GET', C .. 'body:' .. id)
    if row[1] and body then
      redis.call('ZADD', C .. 'running', now + ARGV[4], id)
      redis.call('HINCRBY', C .. 'endpoint:' .. endpoint, 'running', 1)
      redis.call('EXPIRE', C .. 'endpoint:' .. endpoint, 86400)
      taken[#taken + 1] = {id, row[1], row[2], row[3], body}
      room = room - 1
    end
  end
  return room > 0
end
for _, endpoint in ipairs(redis.call('ZRANGEBYSCORE', C .. 'endpoints', '-inf', now, 'LIMIT', 0, 200)) do
  if #taken >= tonumber(ARGV[1]) then break end
  if takeOf(endpoint) then
    line(endpoint)
  elseif #taken < tonumber(ARGV[1]) then
    -- Its share is under way: the end of one of those brings it back into the line.
    redis.call('ZREM', C .. 'endpoints', endpoint)
  end
end
local next = redis.call('ZRANGE', C .. 'endpoints', 0, 0, 'WITHSCORES')[2]
local lease = redis.call('ZRANGE', C .. 'running', 0, 0, 'WITHSCORES')[2]
if not next and not lease then return {taken, -1} end
local soonest = math.min(tonumber(next or lease), tonumber(lease or next))
return {taken, math.max(0, math.ceil(soonest - now))}
`,
  1,
);

/**
 * ARGV   1 id, 2 how it ended: delivered, retry, dead, gone, 3 pause in ms, 4 the try as JSON, 5 failures that break an
 *        endpoint, 6 seconds kept, 7 seconds a dead letter is kept
 * Answer 1, or 0 where the lease had run out
 */
export const FINISH = new Script(
  `${LUA_SHARED}
local id, kind = ARGV[1], ARGV[2]
if redis.call('ZREM', C .. 'running', id) == 0 then return 0 end
local key = C .. 'delivery:' .. id
local endpoint = redis.call('HGET', key, 'endpoint')
if not endpoint then return 1 end
local state = C .. 'endpoint:' .. endpoint
redis.call('HINCRBY', state, 'running', -1)
redis.call('HINCRBY', key, 'tries', 1)
local attempts = redis.call('HGET', key, 'attempts')
redis.call('HSET', key, 'attempts', attempts and attempts .. ',' .. ARGV[4] or ARGV[4])
if kind == 'delivered' then
  redis.call('HSET', key, 'status', 'delivered')
  redis.call('EXPIRE', key, ARGV[6])
  redis.call('EXPIRE', C .. 'body:' .. id, ARGV[6])
  redis.call('HDEL', state, 'failures', 'until')
else
  local failures = redis.call('HINCRBY', state, 'failures', 1)
  local beyond = failures - tonumber(ARGV[5])
  -- 5 s, 10 s, ... 5 min between the tries that an endpoint gets while it fails.
  if beyond >= 0 then redis.call('HSET', state, 'until', now + math.min(5000 * 2 ^ math.min(beyond, 10), 300000)) end
  if kind == 'retry' then
    redis.call('HSET', key, 'next', now + ARGV[3])
    redis.call('ZADD', C .. 'owed:' .. endpoint, now + ARGV[3], id)
  else
    bury(id, ARGV[7])
  end
  if kind == 'gone' then
    for _, other in ipairs(redis.call('ZRANGE', C .. 'owed:' .. endpoint, 0, -1)) do bury(other, ARGV[7]) end
    redis.call('DEL', C .. 'owed:' .. endpoint)
    redis.call('HDEL', state, 'failures', 'until')
  end
end
line(endpoint)
return 1
`,
  1,
);

/**
 * ARGV   1 id, 2 seconds kept while owed
 * Answer 1, or 0 where the message is no longer kept
 */
export const REDELIVER = new Script(
  `${LUA_SHARED}
local id = ARGV[1]
local key = C .. 'delivery:' .. id
local endpoint = redis.call('HGET', key, 'endpoint')
if not endpoint or redis.call('EXISTS', C .. 'body:' .. id) == 0 then return 0 end
if redis.call('ZSCORE', C .. 'running', id) then return 1 end
redis.call('HSET', key, 'status', 'pending', 'next', now, 'tries', 0)
redis.call('EXPIRE', key, ARGV[2])
redis.call('EXPIRE', C .. 'body:' .. id, ARGV[2])
redis.call('ZREM', C .. 'dead', id)
redis.call('HDEL', C .. 'endpoint:' .. endpoint, 'until')
redis.call('ZADD', C .. 'owed:' .. endpoint, now, id)
line(endpoint)
redis.call('PUBLISH', C .. 'due', '')
return 1
`,
  1,
);
