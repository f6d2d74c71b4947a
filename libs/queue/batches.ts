/**
 * The record of a batch, from before its first row until its results have had their time.
 *
 * Redis decides what comes first: each change is one script that looks at the state it starts from. So a batch that was
 * canceled cannot complete, and one that completed cannot be canceled.
 */
import type { Redis } from 'ioredis';
import { type BatchCounts, type BatchFailure, type BatchPlan, type BatchStatus, rowsEnded } from '#domain/batch';
import type { Mark } from '#domain/mark';
import { formatBatchMark, parseBatchMark } from './batch-mark.js';
import { ARRIVED, CLOSE, CREATE, END, FAIL, MARK } from './batch-scripts.js';
import type { Catalogue } from './catalogue.js';
import { batchMarkNotice } from './marks.js';

/** `open`: its rows arrive. `closed`: no more come. `ended`: none of them is open any more. */
type State = 'open' | 'closed' | 'ended';

export interface BatchRecord {
  readonly plan: BatchPlan;
  readonly state: State;
  /** Rows and envelopes in the queue, as far as they are known; exact once it has ended. */
  readonly rows: number;
  readonly envelopes: number;
  /** Some row has a name of the client's, or was not valid: their envelopes say more than their outcomes. */
  readonly hasNotes: boolean;
  /** Its sender has sent all of it, and all of it is in the queue. */
  readonly isWhole: boolean;
  /** When its upload last showed that it lives. */
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
}

/** Why a batch takes no more rows. */
export interface BatchStop {
  readonly mark: Mark;
  /** Where it has failed. */
  readonly failure: BatchFailure | null;
}

export type Closed =
  | { readonly kind: 'whole' }
  /** More envelopes came under its key before than now. */
  | { readonly kind: 'more_before'; readonly envelopes: number }
  | { readonly kind: 'stopped'; readonly stop: BatchStop };

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

  /** So much of it is in the queue. @returns why it takes no more */
  async arrived(model: string, id: string, { rows, envelopes }: BatchSize): Promise<BatchStop | null> {
    const key = this.catalogue.batchKey(model, id);
    const [mark, failure] = (await ARRIVED.run(this.redis, [key, Date.now(), rows, envelopes])) as StopFields;
    return toStop(mark, failure);
  }

  /** Its upload lives. @returns why it takes no more */
  touch(model: string, id: string): Promise<BatchStop | null> {
    return this.arrived(model, id, { rows: 0, envelopes: 0 });
  }

  /** All of it is in the queue. */
  async close(model: string, id: string, size: BatchSize & { readonly hasNotes: boolean }): Promise<Closed> {
    const keys = [this.catalogue.batchKey(model, id), this.catalogue.batchDigestsKey(model, id)];
    const { rows, envelopes, hasNotes } = size;
    const [kind, ...more] = (await CLOSE.run(this.redis, [...keys, rows, envelopes, hasNotes ? 1 : 0])) as [
      Closed['kind'],
      ...unknown[],
    ];
    if (kind === 'more_before') return { kind, envelopes: Number(more[0]) };
    const stop = toStop(...(more as StopFields));
    return kind === 'stopped' && stop !== null ? { kind, stop } : { kind: 'whole' };
  }

  /**
   * It will never be complete: what has not run of it does not. One that was canceled or has expired stays what it is.
   * @returns whether it was open until now
   */
  async fail(model: string, id: string, failure: BatchFailure): Promise<boolean> {
    const mark: Mark = { kind: 'aborted', atMs: Date.now() };
    const done = await FAIL.run(this.redis, [
      this.catalogue.batchKey(model, id),
      JSON.stringify(failure),
      formatBatchMark(mark),
      mark.atMs,
      this.catalogue.marksChannel(model),
      batchMarkNotice(id, mark),
    ]);
    await this.#tell(model, id);
    return done === 1;
  }

  /** What has not run of it does not. @returns whether it was marked now */
  async mark(model: string, id: string, mark: Mark): Promise<boolean> {
    const done = await MARK.run(this.redis, [
      this.catalogue.batchKey(model, id),
      formatBatchMark(mark),
      mark.atMs,
      this.catalogue.marksChannel(model),
      batchMarkNotice(id, mark),
    ]);
    await this.#tell(model, id);
    return done === 1;
  }

  /**
   * None of its rows is open. Rows are dropped by a mark of their batch or by its deadline: so one that has dropped some,
   * and has no mark, has expired, however late it is looked at.
   * @returns whether it ends now
   */
  async end({ model, id, rowsPerEnvelope, expiresAtMs }: BatchPlan, counts: BatchCounts): Promise<boolean> {
    const key = this.catalogue.batchKey(model, id);
    const rows = rowsEnded(counts);
    const envelopes = Math.ceil(rows / rowsPerEnvelope);
    const abort = formatBatchMark({ kind: 'aborted', atMs: expiresAtMs });
    const expired = counts.dropped > 0 ? [abort, expiresAtMs] : ['', ''];
    const words = [key, JSON.stringify(counts), Date.now(), rows, envelopes, ...expired];
    const ended = (await END.run(this.redis, words)) === 1;
    if (ended) await this.#tell(model, id);
    return ended;
  }

  /** Who follows it looks; a message that is lost is made up for by looking now and then. */
  async #tell(model: string, id: string): Promise<void> {
    await this.redis.publish(this.catalogue.jobChannel(model, id), '');
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

type StopFields = [mark?: string | null, failure?: string | null];

function toStop(markText: string | null = null, failure: string | null = null): BatchStop | null {
  const mark = markText === null ? null : parseBatchMark(markText);
  return mark === null ? null : { mark, failure: toFailure(failure) };
}

function toFailure(text: string | null = null): BatchFailure | null {
  return text === null ? null : (JSON.parse(text) as BatchFailure);
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
    isWhole: fields['isWhole'] === '1',
    touchedAtMs: Number(fields['touchedAtMs']),
    mark: mark === undefined ? null : parseBatchMark(mark),
    failure: toFailure(failure),
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
