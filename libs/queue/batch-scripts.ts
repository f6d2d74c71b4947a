/** Changes of a batch's record that must have nothing between look and write; see `batches`. */
import { Script } from './script.js';

/**
 * KEYS   1 the record, 2 the model's batches
 * ARGV   1 plan, 2 now in ms, 3 batch id
 * Answer the plan that counts
 * Atomic because of two callers with one Idempotency-Key only one is the first.
 */
export const CREATE = new Script(
  `
local plan = redis.call('HGET', KEYS[1], 'plan')
if plan then return plan end
redis.call('HSET', KEYS[1], 'plan', ARGV[1], 'state', 'open', 'rows', 0, 'envelopes', 0, 'touchedAtMs', ARGV[2])
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[3])
return ARGV[1]
`,
  2,
);

/**
 * KEYS   1 the record
 * ARGV   1 now in ms, 2 rows, 3 envelopes in the queue
 * Answer mark and failure, where there are any
 * Who repeats an upload begins at its first row: what is in the queue never becomes less.
 */
export const ARRIVED = new Script(
  `
local record = redis.call('HMGET', KEYS[1], 'state', 'rows', 'mark', 'failure')
if record[1] == 'open' then
  redis.call('HSET', KEYS[1], 'touchedAtMs', ARGV[1])
  if tonumber(ARGV[2]) > tonumber(record[2]) then
    redis.call('HSET', KEYS[1], 'rows', ARGV[2], 'envelopes', ARGV[3])
  end
end
return {record[3], record[4]}
`,
  1,
);

/**
 * KEYS   1 the record, 2 digests of its envelopes
 * ARGV   1 rows, 2 envelopes, 3 `1` where it has notes
 * Answer `whole`; or `more_before` and how many envelopes there were; or `stopped`, mark and failure
 * Atomic because a batch that has failed meanwhile must not become whole. To close it twice is to close it once.
 */
export const CLOSE = new Script(
  `
local record = redis.call('HMGET', KEYS[1], 'state', 'isWhole', 'mark', 'failure')
if record[1] ~= 'open' then
  if record[2] or not record[3] then return {'whole'} end
  return {'stopped', record[3], record[4]}
end
local before = redis.call('HLEN', KEYS[2])
if before > tonumber(ARGV[2]) then return {'more_before', before} end
redis.call('HSET', KEYS[1], 'state', 'closed', 'isWhole', '1', 'rows', ARGV[1], 'envelopes', ARGV[2], 'hasNotes', ARGV[3])
return {'whole'}
`,
  2,
);

/**
 * KEYS   1 the record
 * ARGV   1 failure as JSON, 2 mark, 3 its time in ms, 4 channel of marks, 5 what to tell there
 * Answer 1 it was open until now, 0 it was not
 * Atomic because one that was canceled, or has expired, must not fail any more: it is closed, and its status stays.
 */
export const FAIL = new Script(
  `
local record = redis.call('HMGET', KEYS[1], 'state', 'mark')
if record[1] ~= 'open' then return 0 end
redis.call('HSET', KEYS[1], 'state', 'closed', 'hasNotes', '1')
if record[2] then return 1 end
redis.call('HSET', KEYS[1], 'failure', ARGV[1], 'mark', ARGV[2], 'endedAtMs', ARGV[3])
redis.call('PUBLISH', ARGV[4], ARGV[5])
return 1
`,
  1,
);

/**
 * KEYS   1 the record
 * ARGV   1 counts as JSON, 2 now in ms, 3 rows, 4 envelopes that have ended, 5 the mark of a batch that has expired, 6 its
 *        time in ms; both empty where every row has run
 * Answer 1 it ends now, 0 it had ended, or is not closed
 * Atomic because rows that were not run belong to a mark: to the one that it has, or else its time was over. The time at
 * which it was canceled, expired or failed stays. Where its upload was cut, the last command may have been carried out
 * without an answer: what has ended is then all that there was of it. Never refused for lack of memory: it is removed only
 * after it has ended.
 */
export const END = new Script(
  `
if redis.call('HGET', KEYS[1], 'state') ~= 'closed' then return 0 end
redis.call('HDEL', KEYS[1], 'counts')
if ARGV[5] ~= '' and redis.call('HSETNX', KEYS[1], 'mark', ARGV[5]) == 1 then
  redis.call('HSET', KEYS[1], 'endedAtMs', ARGV[6])
end
redis.call('HSETNX', KEYS[1], 'endedAtMs', ARGV[2])
redis.call('HSET', KEYS[1], 'state', 'ended', 'counts', ARGV[1])
if redis.call('HEXISTS', KEYS[1], 'isWhole') == 0 then
  redis.call('HSET', KEYS[1], 'rows', ARGV[3], 'envelopes', ARGV[4])
end
return 1
`,
  1,
);

/**
 * KEYS   1 the record
 * ARGV   1 mark, 2 its time in ms, 3 channel of marks, 4 what to tell there
 * Answer 1 marked, 0 it has ended, or was marked before, or is gone
 * Never refused for lack of memory: that a batch is canceled may be what gives others room.
 */
export const MARK = new Script(
  `
local record = redis.call('HMGET', KEYS[1], 'state', 'mark')
if not record[1] or record[1] == 'ended' or record[2] then return 0 end
redis.call('HDEL', KEYS[1], 'mark')
redis.call('HSET', KEYS[1], 'mark', ARGV[1], 'endedAtMs', ARGV[2])
redis.call('PUBLISH', ARGV[3], ARGV[4])
return 1
`,
  1,
);
