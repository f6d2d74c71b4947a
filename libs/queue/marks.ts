/**
 * Marks: the cancel of a row, or its deadline, before its envelope has ended.
 *
 * Setting one and ending a job are both atomic in Redis, so one of them is first: a mark that was set before the end
 * wins over any outcome, a mark that comes later is refused and the outcome stands.
 */
import type { Mark } from '#domain/mark';
import type { Redis } from 'ioredis';
import { formatBatchMark } from './batch-mark.js';
import { type Catalogue, retryJobId } from './catalogue.js';
import { LUA_READ_PROGRESS } from './progress.js';
import { Script } from './script.js';

/**
 * KEYS   1 the envelope's job, 2 the row's retry job (which may not exist)
 * ARGV   1 row, 2 kind of mark, or `deadline`, 3 now in ms, 4 channel of marks, 5 envelope id, 6 retry job id,
 *        7 the envelope's own channel
 * Answer 1 marked, 0 nothing left to mark (ended, marked before, or gone)
 * Atomic because the questions "has it ended?" and "has it begun?" and the mark must have nothing between them. A
 * deadline aborts what has not begun, and cancels what has, in whichever of the two jobs. Never refused for lack of memory.
 */
const SET_MARK = new Script(
  `${LUA_READ_PROGRESS}
local kind = ARGV[2]
if kind == 'deadline' then
  local begun = readProgress(KEYS[1]).s[ARGV[1]] or readProgress(KEYS[2]).s['0']
  kind = begun and 'canceled' or 'aborted'
end
-- Not decoded: what a client wrote may be what this Redis's JSON refuses. It stands behind the origin.
local function originOf(data)
  return string.match(data, '"origin":"([^"]*)"') or ''
end
local function mark(key, row)
  local job = redis.call('HMGET', key, 'data', 'finishedOn')
  if not job[1] or job[2] then return nil end
  local progress = readProgress(key)
  if progress.x[row] then return nil end
  progress.x[row] = {kind, tonumber(ARGV[3])}
  redis.call('HDEL', key, 'progress')
  redis.call('HSET', key, 'progress', cjson.encode(progress))
  return originOf(job[1])
end
local done = 0
for index, job in ipairs({{KEYS[1], ARGV[1], ARGV[5]}, {KEYS[2], '0', ARGV[6]}}) do
  local origin = mark(job[1], job[2])
  if origin then
    done = 1
    redis.call('PUBLISH', ARGV[4], job[3] .. ' ' .. job[2] .. ' ' .. kind .. ' ' .. ARGV[3])
    redis.call('PUBLISH', origin, cjson.encode({job = ARGV[5], row = tonumber(ARGV[1]), mark = kind, at = tonumber(ARGV[3])}))
  end
end
if done == 1 then redis.call('PUBLISH', ARGV[7], '') end
return done
`,
  2,
);

/** @returns whether the mark was set; false where the prediction had ended, or was marked before, or is unknown */
export async function setMark(
  redis: Redis,
  catalogue: Catalogue,
  at: { readonly model: string; readonly envelopeId: string; readonly row: number },
  mark: { readonly kind: 'canceled' | 'deadline'; readonly atMs: number },
): Promise<boolean> {
  const done = await SET_MARK.run(redis, [
    catalogue.envelopeKey(at.model, at.envelopeId),
    catalogue.retryKey(at.model, at.envelopeId, at.row),
    at.row,
    mark.kind,
    mark.atMs,
    catalogue.marksChannel(at.model),
    at.envelopeId,
    retryJobId(at.envelopeId, at.row),
    catalogue.jobChannel(at.model, at.envelopeId),
  ]);
  return done === 1;
}

/**
 * KEYS   1 the envelope's job, 2 the row's retry job
 * ARGV   1 row
 * Answer 1 carried, nothing where the row has no mark, or its retry job has ended or is gone
 * What the envelope says was said first, and stands while the envelope does: the retry job, which may be kept for longer, must
 * never say anything else.
 */
const CARRY_MARK = new Script(
  `${LUA_READ_PROGRESS}
local mark = readProgress(KEYS[1]).x[ARGV[1]]
if not mark then return false end
local job = redis.call('HMGET', KEYS[2], 'data', 'finishedOn')
if not job[1] or job[2] then return false end
local progress = readProgress(KEYS[2])
progress.x['0'] = mark
redis.call('HSET', KEYS[2], 'progress', cjson.encode(progress))
return 1
`,
  2,
);

/**
 * A row may be marked in its envelope while its retry job does not exist yet; a mark that comes later is set in both.
 * @returns whether the row has a mark, and its retry job has it now
 */
export async function carryMark(
  redis: Redis,
  catalogue: Catalogue,
  { model, envelopeId, row }: { readonly model: string; readonly envelopeId: string; readonly row: number },
): Promise<boolean> {
  const keys = [catalogue.envelopeKey(model, envelopeId), catalogue.retryKey(model, envelopeId, row)];
  return (await CARRY_MARK.run(redis, [...keys, row])) === 1;
}

/** A mark that a worker hears of while it holds the job. */
export type MarkNotice =
  | { readonly kind: 'row'; readonly jobId: string; readonly row: number }
  | { readonly kind: 'batch'; readonly batchId: string; readonly mark: Mark };

/** On the channel of marks: the batch, an asterisk for all its rows, the mark. */
export function batchMarkNotice(batchId: string, mark: Mark): string {
  return `${batchId} * ${formatBatchMark(mark)}`;
}

/** Tells a worker of marks on its models' jobs; a notice that is lost costs a needless run, not a wrong answer. */
export class MarkFeed {
  constructor(
    private readonly subscriber: Redis,
    private readonly catalogue: Catalogue,
    private readonly onMark: (notice: MarkNotice) => void,
  ) {}

  /** Resolves when Redis has confirmed; until then, and after a reconnect, ioredis keeps trying by itself. */
  async start(models: readonly string[]): Promise<void> {
    this.subscriber.on('message', (_channel, message: string) => {
      const [jobId = '', row = '', kind = '', atMs = ''] = message.split(' ');
      if (kind !== 'canceled' && kind !== 'aborted') return;
      if (row === '*') this.onMark({ kind: 'batch', batchId: jobId, mark: { kind, atMs: Number(atMs) } });
      else this.onMark({ kind: 'row', jobId, row: Number(row) });
    });
    await this.subscriber.subscribe(...models.map((model) => this.catalogue.marksChannel(model)));
  }
}
