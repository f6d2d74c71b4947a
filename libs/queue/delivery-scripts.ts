/**
 * The steps of a delivery, each atomic: see `deliveries.ts` for the keys. KEYS[1] is what every key begins with; the
 * others are built from it and share its hash tag.
 */
import { LUA_DELIVERIES } from './delivery-lua.js';
import { Script } from './script.js';

/** Leases that ran out, and deliveries whose term did, which one call looks after. */
const MOST_LET_GO = 100;
/** Endpoints whose turn one call sees, so many at a time. */
const MOST_VISITED = 200;
const VISITED_AT_ONCE = 20;
/** Deliveries that one script gives up, so that it does not keep Redis from others. */
const MOST_BURIED = 1_000;
/** An endpoint's failures count for so long after the last of them. */
const FAILURES_KEPT_S = 86_400;
/** Between the tries that an endpoint gets while it fails: 5 s, 10 s, ... 5 min. */
const SHORTEST_REST_MS = 5_000;
const LONGEST_REST_MS = 300_000;

/**
 * ARGV   1 id, 2 kind, 3 client, 4 subject, 5 url or empty, 6 endpoint, 7 body,
 *        8 seconds kept, 9 seconds owed, 10 events of a client, 11 deliveries of a client, 12 most owed,
 *        13 seconds a dead letter is kept, 14 trace as JSON or empty, 15 seconds for which it is known to be made
 * Answer 1 made, 0 made before
 * Whoever tells of the end says the start as well, and knows a shorter time: from then on nobody tells of it for long.
 */
export const OWE = new Script(
  `${LUA_DELIVERIES}
local id, endpoint = ARGV[1], ARGV[6]
local marker = C .. 'event:' .. id
if not redis.call('SET', marker, '1', 'NX', 'EX', ARGV[15]) then
  if redis.call('TTL', marker) > tonumber(ARGV[15]) then redis.call('EXPIRE', marker, ARGV[15]) end
  return 0
end
-- A dead letter, and what is owed, is kept for longer than that.
if redis.call('EXISTS', C .. 'delivery:' .. id) == 1 then return 0 end
local owed = ARGV[5] ~= ''
-- What is owed outlives its term by the time of a dead letter: it is buried, and never just gone.
local owedS = ARGV[9] + ARGV[13]
redis.call('SET', C .. 'body:' .. id, ARGV[7], 'EX', owed and owedS or ARGV[8])
redis.call('XADD', C .. 'events:' .. ARGV[3], 'MAXLEN', '~', ARGV[10], '*', 'id', id, 'kind', ARGV[2])
redis.call('EXPIRE', C .. 'events:' .. ARGV[3], ARGV[8])
if not owed then return 1 end
redis.call('HSET', C .. 'delivery:' .. id, 'client', ARGV[3], 'url', ARGV[5], 'endpoint', endpoint, 'kind', ARGV[2],
  'subject', ARGV[4], 'status', 'pending', 'created', now, 'next', now, 'tries', 0)
if ARGV[14] and ARGV[14] ~= '' then redis.call('HSET', C .. 'delivery:' .. id, 'trace', ARGV[14]) end
redis.call('EXPIRE', C .. 'delivery:' .. id, owedS)
redis.call('ZADD', C .. 'terms', now + ARGV[9] * 1000, id)
redis.call('ZADD', C .. 'of:' .. ARGV[3], now, id)
redis.call('ZREMRANGEBYRANK', C .. 'of:' .. ARGV[3], 0, -tonumber(ARGV[11]) - 1)
redis.call('EXPIRE', C .. 'of:' .. ARGV[3], owedS)
redis.call('ZADD', C .. 'owed:' .. endpoint, now, id)
if redis.call('ZCARD', C .. 'owed:' .. endpoint) > tonumber(ARGV[12]) then
  local oldest = redis.call('ZPOPMIN', C .. 'owed:' .. endpoint)
  bury(oldest[1], ARGV[13])
  -- It may have been what kept the endpoint in the line.
  serve(endpoint)
else
  line(endpoint)
end
redis.call('PUBLISH', C .. 'due', '')
return 1
`,
  1,
);

/**
 * ARGV   1 most to take, 2 tries of an endpoint at once, 3 of a host, 4 of a client, 5 failures that break an endpoint,
 *        6 lease in ms, 7 seconds a dead letter is kept
 * Answer deliveries (id, client, url, tries, body, created, trace), ms until there may be more or -1, and how many were given up
 * Atomic because of several couriers one takes each delivery, and shares are counted over all of them. An endpoint whose
 * share, or its host's, or its client's, is under way leaves the line; the end of one of those brings it back. So what
 * nobody can send now costs nothing, however much of it there is.
 */
export const TAKE = new Script(
  `${LUA_DELIVERIES}
local most = tonumber(ARGV[1])
-- Whoever held these has died with them.
for _, id in ipairs(redis.call('ZRANGEBYSCORE', C .. 'running', '-inf', now, 'LIMIT', 0, ${MOST_LET_GO})) do
  local endpoint = release(id)
  if endpoint then
    redis.call('ZADD', C .. 'owed:' .. endpoint, now, id)
    serve(endpoint)
  end
end
-- Nobody got them to their last try in time, since their endpoint is rarely tried while it fails.
local overdue = redis.call('ZRANGEBYSCORE', C .. 'terms', '-inf', now, 'LIMIT', 0, ${MOST_LET_GO})
local givenUp = 0
for _, id in ipairs(overdue) do
  local endpoint = redis.call('HGET', C .. 'delivery:' .. id, 'endpoint')
  if not endpoint then
    redis.call('ZREM', C .. 'terms', id)
  elseif redis.call('ZREM', C .. 'owed:' .. endpoint, id) == 1 then
    bury(id, ARGV[7])
    serve(endpoint)
    givenUp = givenUp + 1
  end
end
local taken = {}
local function takeOf(endpoint)
  local client, host = unpack(groupsOf(endpoint))
  local failures = redis.call('HGET', C .. 'endpoint:' .. endpoint, 'failures')
  local broken = tonumber(failures or '0') >= tonumber(ARGV[5])
  local busy = redis.call('HMGET', C .. 'busy', endpoint, host, client)
  local own = (broken and 1 or tonumber(ARGV[2])) - tonumber(busy[1] or '0')
  local ofHost = tonumber(ARGV[3]) - tonumber(busy[2] or '0')
  local ofClient = tonumber(ARGV[4]) - tonumber(busy[3] or '0')
  local room = math.max(0, math.min(own, ofHost, ofClient, most - #taken))
  local begun = 0
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', C .. 'owed:' .. endpoint, '-inf', now, 'LIMIT', 0, room)) do
    redis.call('ZREM', C .. 'owed:' .. endpoint, id)
    local row = redis.call('HMGET', C .. 'delivery:' .. id, 'client', 'url', 'tries', 'created', 'trace')
    local body = redis.call('GET', C .. 'body:' .. id)
    if row[1] and body then
      hold(id, endpoint, ARGV[6])
      taken[#taken + 1] = {id, row[1], row[2], row[3], body, row[4], row[5] or ''}
      begun = begun + 1
    else
      bury(id, ARGV[7])
    end
  end
  if own > begun and ofHost > begun and ofClient > begun then
    line(endpoint)
  else
    redis.call('ZREM', C .. 'endpoints', endpoint)
    -- One list is enough: where it comes back and finds the other group full, it waits there.
    local full = own > begun and (ofHost > begun and client or host)
    if full then redis.call('ZADD', C .. 'parked:' .. full, 'NX', now, endpoint) end
  end
  -- It was let in for the room of both, and may have left it unused.
  if ofHost > begun then wake(host) end
  if ofClient > begun then wake(client) end
end
-- Again and again, since a visit may bring others into the line.
local visited = 0
while visited < ${MOST_VISITED} do
  local due = redis.call('ZRANGEBYSCORE', C .. 'endpoints', '-inf', now, 'LIMIT', 0, ${VISITED_AT_ONCE})
  if #due == 0 or #taken >= most then break end
  for _, endpoint in ipairs(due) do
    if #taken < most then takeOf(endpoint) end
  end
  visited = visited + #due
end
local next = redis.call('ZRANGE', C .. 'endpoints', 0, 0, 'WITHSCORES')[2]
local lease = redis.call('ZRANGE', C .. 'running', 0, 0, 'WITHSCORES')[2]
if givenUp == ${MOST_LET_GO} then next = now end
if not next and not lease then return {taken, -1, givenUp} end
local soonest = math.min(tonumber(next or lease), tonumber(lease or next))
return {taken, math.max(0, math.ceil(soonest - now)), givenUp}
`,
  1,
);

/**
 * ARGV   1 id, 2 how it ended: delivered, retry, dead, gone, 3 pause in ms, 4 the try as JSON, 5 failures that break an
 *        endpoint, 6 seconds kept, 7 seconds a dead letter is kept
 * Answer 1, or 0 where the lease had run out
 */
export const FINISH = new Script(
  `${LUA_DELIVERIES}
local id, kind = ARGV[1], ARGV[2]
if not redis.call('ZSCORE', C .. 'running', id) then return 0 end
local endpoint = release(id)
if not endpoint then return 1 end
local key = C .. 'delivery:' .. id
local state = C .. 'endpoint:' .. endpoint
-- Its record ran out while it was on its way: only the hand is given back.
if redis.call('EXISTS', key) == 0 then
  serve(endpoint)
  return 1
end
redis.call('HINCRBY', key, 'tries', 1)
local attempts = redis.call('HGET', key, 'attempts')
redis.call('HSET', key, 'attempts', attempts and attempts .. ',' .. ARGV[4] or ARGV[4])
if kind == 'delivered' then
  redis.call('HSET', key, 'status', 'delivered')
  redis.call('EXPIRE', key, ARGV[6])
  redis.call('EXPIRE', C .. 'body:' .. id, ARGV[6])
  redis.call('ZREM', C .. 'terms', id)
  redis.call('HDEL', state, 'failures', 'until')
  redis.call('ZREM', C .. 'broken', endpoint)
else
  local failures = redis.call('HINCRBY', state, 'failures', 1)
  redis.call('EXPIRE', state, ${FAILURES_KEPT_S})
  local beyond = failures - tonumber(ARGV[5])
  if beyond >= 0 then
    redis.call('HSET', state, 'until', now + math.min(${SHORTEST_REST_MS} * 2 ^ math.min(beyond, 10), ${LONGEST_REST_MS}))
    redis.call('ZADD', C .. 'broken', now, endpoint)
    -- What is owed nothing any more is not tried again, and would stay for ever.
    redis.call('ZREMRANGEBYSCORE', C .. 'broken', '-inf', now - ${FAILURES_KEPT_S * 1_000})
  end
  if kind == 'retry' then
    redis.call('HSET', key, 'next', now + ARGV[3])
    redis.call('ZADD', C .. 'owed:' .. endpoint, now + ARGV[3], id)
  else
    bury(id, ARGV[7])
  end
  if kind == 'gone' then
    -- What is above that has the same fate at its next try: all at once would keep Redis from everybody else.
    for _, other in ipairs(redis.call('ZRANGE', C .. 'owed:' .. endpoint, 0, ${MOST_BURIED - 1})) do bury(other, ARGV[7]) end
    redis.call('ZREMRANGEBYRANK', C .. 'owed:' .. endpoint, 0, ${MOST_BURIED - 1})
    redis.call('HDEL', state, 'failures', 'until')
    redis.call('ZREM', C .. 'broken', endpoint)
  end
end
serve(endpoint)
return 1
`,
  1,
);

/**
 * ARGV   1 id, 2 seconds owed, 3 seconds a dead letter is kept
 * Answer 1, or 0 where the message is no longer kept
 */
export const REDELIVER = new Script(
  `${LUA_DELIVERIES}
local id = ARGV[1]
local key = C .. 'delivery:' .. id
local endpoint, client = unpack(redis.call('HMGET', key, 'endpoint', 'client'))
if not endpoint or redis.call('EXISTS', C .. 'body:' .. id) == 0 then return 0 end
if redis.call('ZSCORE', C .. 'running', id) then return 1 end
redis.call('HSET', key, 'status', 'pending', 'next', now, 'tries', 0)
redis.call('EXPIRE', key, ARGV[2] + ARGV[3])
redis.call('EXPIRE', C .. 'body:' .. id, ARGV[2] + ARGV[3])
redis.call('ZADD', C .. 'terms', now + ARGV[2] * 1000, id)
redis.call('ZREM', C .. 'dead', id)
redis.call('ZREM', C .. 'dead:' .. client, id)
redis.call('HDEL', C .. 'endpoint:' .. endpoint, 'until')
redis.call('ZADD', C .. 'owed:' .. endpoint, now, id)
line(endpoint)
redis.call('PUBLISH', C .. 'due', '')
return 1
`,
  1,
);
