/**
 * The record of a batch, from before its first row until its results have had their time.
 *
 * Redis decides what comes first: each change is one script that looks at the state it starts from. So a batch that was
 * canceled cannot complete, and one that completed cannot be canceled.
 */
import type { Redis } from 'ioredis';
import type { BatchCounts, BatchFailure, BatchPlan, BatchStatus } from '#domain/batch';
import type { Mark } from '#domain/mark';
import { parseBatchMark } from './batch-mark.js';
import type { Catalogue } from './catalogue.js';
import { batchMarkNotice } from './marks.js';
import { Script } from './script.js';

/** `open`: its rows arrive. `closed`: all are in the queue. `ended`: none of them is open any more. */
type State = 'open' | 'closed' | 'ended';

export interface BatchRecord {
  readonly plan: BatchPlan;
  readonly state: State;
  /** Rows and envelopes that have arrived; those of the whole batch once it is closed. */
  readonly rows: number;
  readonly envelopes: number;
  /** Some row has a name of the client's, or was not valid: their envelopes say more than their outcomes. */
  readonly hasNotes: boolean;
  /** When its last row arrived. */
  readonly touchedAtMs: number;
  readonly mark: Mark | null;
  readonly failure: BatchFailure | null;
  readonly endedAtMs: number | null;
  /** Final; null until it has ended. */
  readonly counts: BatchCounts | null;
}

export interface BatchSize {
  readonly rows: number;
  readonly envelopes: number;
  readonly hasNotes: boolean;
}

/**
 * KEYS   1 the record, 2 the model's batches
 * ARGV   1 plan, 2 now in ms, 3 batch id
 * Answer the plan that counts
 * Atomic because of two callers with one Idempotency-Key only one is the first.
 */
const CREATE = new Script(
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
 * ARGV   1 the state it must be in, 2 a field that must not be there yet, then fields and their values
 * Answer 1 done, 0 not in that state, or the field was there
 * Atomic because between the look and the change another process may have changed it.
 */
const CHANGE = new Script(
  `
if redis.call('HGET', KEYS[1], 'state') ~= ARGV[1] then return 0 end
if redis.call('HEXISTS', KEYS[1], ARGV[2]) == 1 then return 0 end
return redis.call('HSET', KEYS[1], unpack(ARGV, 3)) and 1
`,
  1,
);

/**
 * KEYS   1 the record
 * ARGV   1 counts as JSON, 2 now in ms
 * Answer 1 it ends now, 0 it had ended, or is not closed
 * The time at which it was canceled, expired or failed stays.
 */
const END = new Script(
  `
if redis.call('HGET', KEYS[1], 'state') ~= 'closed' then return 0 end
redis.call('HSETNX', KEYS[1], 'endedAtMs', ARGV[2])
redis.call('HSET', KEYS[1], 'state', 'ended', 'counts', ARGV[1])
return 1
`,
  1,
);

/**
 * KEYS   1 the record
 * ARGV   1 mark, 2 its time in ms, 3 channel of marks, 4 what to tell there
 * Answer 1 marked, 0 it has ended, or was marked before, or is gone
 */
const MARK = new Script(
  `
local record = redis.call('HMGET', KEYS[1], 'state', 'mark')
if not record[1] or record[1] == 'ended' or record[2] then return 0 end
redis.call('HSET', KEYS[1], 'mark', ARGV[1], 'endedAtMs', ARGV[2])
redis.call('PUBLISH', ARGV[3], ARGV[4])
return 1
`,
  1,
);

/** Ids a client may have in its list; more are found by their ids alone. */
const MOST_LISTED = 1_000;

export class Batches {
  constructor(
    private readonly redis: Redis,
    private readonly catalogue: Catalogue,
  ) {}

  /** @returns the plan that counts: an earlier one, where the batch exists */
  async create(plan: BatchPlan): Promise<BatchPlan> {
    const { model, id, createdAtMs } = plan;
    const list = this.catalogue.clientBatchesKey(plan.client);
    // First, and harmless: what is listed and does not exist is passed over.
    await this.redis.zadd(list, createdAtMs, id);
    await this.redis.zremrangebyrank(list, 0, -MOST_LISTED - 1);
    const keys = [this.catalogue.batchKey(model, id), this.catalogue.batchesKey(model)];
    const kept = (await CREATE.run(this.redis, [...keys, JSON.stringify(plan), createdAtMs, id])) as string;
    return JSON.parse(kept) as BatchPlan;
  }

  async read(model: string, id: string): Promise<BatchRecord | null> {
    return toRecord(await this.redis.hgetall(this.catalogue.batchKey(model, id)));
  }

  /** More of it has arrived. @returns its mark: what comes later is not wanted any more */
  async arrived(model: string, id: string, { rows, envelopes }: BatchSize): Promise<Mark | null> {
    const key = this.catalogue.batchKey(model, id);
    const change = { rows: String(rows), envelopes: String(envelopes), touchedAtMs: String(Date.now()) };
    await CHANGE.run(this.redis, [key, 'open', 'failure', ...Object.entries(change).flat()]);
    const mark = await this.redis.hget(key, 'mark');
    return mark === null ? null : parseBatchMark(mark);
  }

  /** All of it is in the queue. */
  async close(model: string, id: string, { rows, envelopes, hasNotes }: BatchSize): Promise<void> {
    const change = { state: 'closed', rows, envelopes, hasNotes: hasNotes ? 1 : 0 };
    await CHANGE.run(this.redis, [
      this.catalogue.batchKey(model, id),
      'open',
      'failure',
      ...Object.entries(change).flat(),
    ]);
    await this.redis.del(this.catalogue.batchDigestsKey(model, id));
  }

  /** It will never be complete: what has not run of it does not. @returns whether it was open until now */
  async fail(model: string, id: string, failure: BatchFailure): Promise<boolean> {
    const atMs = Date.now();
    const mark: Mark = { kind: 'aborted', atMs };
    const change = {
      state: 'closed',
      hasNotes: 1,
      failure: JSON.stringify(failure),
      mark: `${mark.kind} ${atMs}`,
      endedAtMs: atMs,
    };
    const done = await CHANGE.run(this.redis, [
      this.catalogue.batchKey(model, id),
      'open',
      'failure',
      ...Object.entries(change).flat(),
    ]);
    await this.redis.publish(this.catalogue.marksChannel(model), batchMarkNotice(id, mark));
    return done === 1;
  }

  /** What has not run of it does not. @returns whether it was marked now */
  async mark(model: string, id: string, mark: Mark): Promise<boolean> {
    const done = await MARK.run(this.redis, [
      this.catalogue.batchKey(model, id),
      `${mark.kind} ${mark.atMs}`,
      mark.atMs,
      this.catalogue.marksChannel(model),
      batchMarkNotice(id, mark),
    ]);
    return done === 1;
  }

  /** None of its rows is open. @returns whether it ends now */
  async end(model: string, id: string, counts: BatchCounts): Promise<boolean> {
    const key = this.catalogue.batchKey(model, id);
    return (await END.run(this.redis, [key, JSON.stringify(counts), Date.now()])) === 1;
  }

  /** A client's batches, newest first. @param before continue behind this one */
  async idsOf(client: string, limit: number, before: string | null): Promise<string[]> {
    const key = this.catalogue.clientBatchesKey(client);
    const rank = before === null ? -1 : await this.redis.zrevrank(key, before);
    // An id that nobody knows any more has nothing behind it.
    if (rank === null) return [];
    return this.redis.zrevrange(key, rank + 1, rank + limit);
  }

  /** Every batch of a model, oldest first. */
  async idsOfModel(model: string): Promise<string[]> {
    return this.redis.zrangebyscore(this.catalogue.batchesKey(model), '-inf', '+inf');
  }
}

export function toRecord(fields: Readonly<Record<string, string>>): BatchRecord | null {
  const { plan, state, mark, failure, endedAtMs, counts } = fields;
  if (plan === undefined || state === undefined) return null;
  return {
    plan: JSON.parse(plan) as BatchPlan,
    state: state as State,
    rows: Number(fields['rows']),
    envelopes: Number(fields['envelopes']),
    // While it is open nobody knows.
    hasNotes: fields['hasNotes'] !== '0',
    touchedAtMs: Number(fields['touchedAtMs']),
    mark: mark === undefined ? null : parseBatchMark(mark),
    failure: failure === undefined ? null : (JSON.parse(failure) as BatchFailure),
    endedAtMs: endedAtMs === undefined ? null : Number(endedAtMs),
    counts: counts === undefined ? null : (JSON.parse(counts) as BatchCounts),
  };
}

/** What a client is told; a mark is the answer at once, though some rows may still run. */
export function statusOf({ failure, mark, state }: BatchRecord): BatchStatus {
  if (failure !== null) return 'failed';
  if (mark !== null) return mark.kind === 'canceled' ? 'canceled' : 'expired';
  if (state === 'open') return 'validating';
  return state === 'closed' ? 'in_progress' : 'completed';
}
