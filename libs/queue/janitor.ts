/**
 * Ends what nobody ends.
 *
 * Most of it is work that somebody else should have done and could not: a deadline of a prediction that no worker took,
 * an upload that nobody repeats, an announcement that was not released. What it mended is counted; on a normal day that
 * is nothing. What it removes because its time is over is its plain duty, and is not counted.
 *
 * A reservation that is pending, and that nobody repeats, needs nobody: it runs out by itself, and leaves nothing without
 * an end. Either its prediction is in the queue, in one command with its announcement, or there is none; and a batch that
 * was begun under it has a record, which is found here as an abandoned upload.
 */
import { randomUUID } from 'node:crypto';
import { batchEnvelopeId } from '#domain/batch';
import { announcementId } from './announcements.js';
import type { BatchReader } from './batch-reader.js';
import { addGate, gateId, removeGate } from './batch-gate.js';
import type { BatchRecord } from './batches.js';
import { AT_ONCE, drain, inGroups, unlessBroken, unlessFull } from './draining.js';
import { setMark } from './marks.js';
import type { ModelQueues } from './model-queues.js';
import type { Settlement } from './outcomes.js';
import { OverdueResults } from './overdue-results.js';
import { OwnIds } from './own-ids.js';
import { Script } from './script.js';

export const MENDED = [
  // Predictions that no worker took before their deadline.
  'deadline',
  // Batches whose upload was cut off, and not continued.
  'upload',
  // Gates of batches all of whose rows had come.
  'gate',
  // Batches that expired while nobody looked.
  'batch',
  // Announcements that waited for jobs which had ended, or were gone.
  'announcement',
] as const;
/** How many of each were mended. */
export type Mended = Record<(typeof MENDED)[number], number>;

export interface JanitorOptions {
  readonly resultTtlSeconds: number;
  /** An upload that has sent nothing for so long is over. */
  readonly abandonedAfterMs: number;
  /** What has ended, and is not told yet, is given this long. */
  readonly stuckAfterMs: number;
  /** Who has swept is the janitor for so long. */
  readonly leaseMs: number;
}

export const JANITOR_DEFAULTS = { abandonedAfterMs: 15 * 60_000, stuckAfterMs: 60_000, leaseMs: 45_000 };

/** Announcements of a model that are looked at in a sweep; the next one goes on behind them. */
export const MOST_ANNOUNCEMENTS = 1_000;

/**
 * KEYS   1 the lease
 * ARGV   1 who asks, 2 its length in ms
 * Answer 1 it has the lease
 * Never refused for lack of memory (see `Script`): who frees it must be let in.
 */
const TAKE_LEASE = new Script(
  `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
`,
  1,
);

/**
 * KEYS   1 announcements that wait for their children, 2 the announcement's dependencies, 3 announcements to be taken,
 *        4 what wakes who takes them
 * ARGV   1 announcement id, then keys of dependencies that have ended
 * Answer 1 released
 * As BullMQ does when the last child ends. Atomic, since a child may end in the same moment.
 */
const RELEASE = new Script(
  `
for i = 2, #ARGV do redis.call('SREM', KEYS[2], ARGV[i]) end
if redis.call('SCARD', KEYS[2]) > 0 then return 0 end
if redis.call('ZREM', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('LPUSH', KEYS[3], ARGV[1])
redis.call('ZADD', KEYS[4], 0, '0')
return 1
`,
  4,
);

export class Janitor {
  readonly #id = randomUUID();
  readonly #results: OverdueResults;
  readonly #ownIds: OwnIds;
  /** By model, how many announcements that wait stand before the next one to be looked at. */
  readonly #places = new Map<string, number>();

  constructor(
    private readonly queues: ModelQueues,
    private readonly reader: BatchReader,
    private readonly options: JanitorOptions,
  ) {
    this.#results = new OverdueResults(queues, options.resultTtlSeconds);
    this.#ownIds = new OwnIds(queues, options.resultTtlSeconds);
  }

  /** @returns what it mended, or null where another process is the janitor */
  async sweep(models: readonly string[]): Promise<Mended | null> {
    if (!(await this.#takeLease())) return null;
    const { onError } = this.queues;
    // However long it takes, it is one janitor's.
    const renewal = setInterval(() => void this.#takeLease().catch(onError), this.options.leaseMs / 3);
    const mended: Mended = { deadline: 0, upload: 0, gate: 0, batch: 0, announcement: 0 };
    try {
      // What frees memory comes first: the rest may have been refused for the lack of it.
      for (const model of models) await unlessFull(this.#results.sweep(model), onError);
      for (const model of models) {
        for (const work of this.#duties(model, mended)) await unlessFull(work(), onError);
      }
    } finally {
      clearInterval(renewal);
    }
    return mended;
  }

  #duties(model: string, mended: Mended): readonly (() => Promise<void>)[] {
    return [
      () => this.#lookAfterBatches(model, mended),
      () => this.#passDeadlines(model, mended),
      () => this.#releaseAnnouncements(model, mended),
      () => this.#ownIds.sweep(model),
    ];
  }

  async #takeLease(): Promise<boolean> {
    const { redis, catalogue } = this.queues;
    return (await TAKE_LEASE.run(redis, [catalogue.janitorKey(), this.#id, this.options.leaseMs])) === 1;
  }

  /** Predictions past their deadline that nobody has taken: nobody else says that they are aborted. */
  async #passDeadlines(model: string, mended: Mended): Promise<void> {
    const { redis, catalogue } = this.queues;
    const key = catalogue.deadlinesKey(model);
    const nowMs = Date.now();
    await drain(await redis.zcount(key, '-inf', nowMs), AT_ONCE, async (most) => {
      const due = await redis.zrangebyscore(key, '-inf', nowMs, 'WITHSCORES', 'LIMIT', 0, most);
      const notes = due.filter((_, i) => i % 2 === 0);
      const marked = await Promise.all(notes.map((note, i) => this.#passDeadline(model, note, Number(due[2 * i + 1]))));
      mended.deadline += marked.filter(Boolean).length;
      // Also removes notes that could not be marked; they would be retried for ever.
      if (notes.length > 0) await redis.zrem(key, ...notes);
      return notes.length;
    });
  }

  async #passDeadline(model: string, note: string, atMs: number): Promise<boolean> {
    const { redis, catalogue, onError } = this.queues;
    const [envelopeId = '', row = ''] = note.split(' ');
    const marking = setMark(redis, catalogue, { model, envelopeId, row: Number(row) }, { kind: 'deadline', atMs });
    return (await unlessBroken(marking, onError)) === true;
  }

  async #lookAfterBatches(model: string, mended: Mended): Promise<void> {
    for (const id of await this.reader.batches.idsOfModel(model)) {
      await unlessFull(this.#lookAfter(model, id, mended), this.queues.onError);
    }
  }

  async #lookAfter(model: string, id: string, mended: Mended): Promise<void> {
    const record = await this.reader.batches.read(model, id);
    if (record === null) await this.queues.redis.zrem(this.queues.catalogue.batchesKey(model), id);
    else if (record.state === 'open') mended.upload += await this.#endAbandoned(model, record);
    else if (record.state === 'closed') await this.#endStuck(model, record, mended);
    else if (this.#isOver(record.endedAtMs)) await this.#remove(model, record);
  }

  async #endAbandoned(model: string, { plan, touchedAtMs, mark }: BatchRecord): Promise<number> {
    const quietMs = Date.now() - touchedAtMs;
    if (mark === null && Date.now() >= plan.expiresAtMs) await this.reader.readUpToDate(model, plan.id);
    if (quietMs < this.options.abandonedAfterMs) return 0;
    const minutes = Math.round(this.options.abandonedAfterMs / 60_000);
    const message = `The upload was cut off, and nobody went on with it for ${minutes} minutes.`;
    // Whoever died between the record and the gate has left no announcement: its end is told as well.
    await addGate(this.queues, plan);
    const wasOpen = await this.reader.batches.fail(model, plan.id, { code: 'upload_abandoned', message });
    await removeGate(this.queues, model, plan.id);
    return wasOpen ? 1 : 0;
  }

  /** A process died between closing it and letting go of its gate; its end was not told; its time is over. */
  async #endStuck(model: string, { plan, touchedAtMs, mark }: BatchRecord, mended: Mended): Promise<void> {
    const gate = await this.queues.of(model).gates.getJob(gateId(plan.id));
    if (gate !== undefined && Date.now() - touchedAtMs > this.options.stuckAfterMs) {
      await removeGate(this.queues, model, plan.id);
      mended.gate += 1;
    }
    const batch = await this.reader.readUpToDate(model, plan.id);
    if (mark === null && batch?.status === 'expired') mended.batch += 1;
  }

  /** Announcements all of whose jobs have ended, or are gone. */
  async #releaseAnnouncements(model: string, mended: Mended): Promise<void> {
    const { redis } = this.queues;
    const waiting = this.queues.of(model).announcements.toKey('waiting-children');
    const beforeMs = Date.now() - this.options.stuckAfterMs;
    const place = this.#places.get(model) ?? 0;
    const old = await redis.zrangebyscore(waiting, '-inf', beforeMs, 'LIMIT', place, MOST_ANNOUNCEMENTS);
    let released = 0;
    for (const id of old) if (await this.#release(model, id)) released += 1;
    mended.announcement += released;
    // Those in front may wait for days, as they should, and must not hide what is stuck behind them.
    this.#places.set(model, old.length < MOST_ANNOUNCEMENTS ? 0 : place + old.length - released);
  }

  async #release(model: string, id: string): Promise<boolean> {
    const { redis } = this.queues;
    const { announcements } = this.queues.of(model);
    const dependencies = `${announcements.toKey(id)}:dependencies`;
    const [, some] = await redis.sscan(dependencies, 0, 'COUNT', AT_ONCE);
    const ended = await Promise.all(
      some.map(async (key) => {
        const [name, finishedOn] = await redis.hmget(key, 'name', 'finishedOn');
        return name === null || finishedOn !== null;
      }),
    );
    // Most wait for what has not ended, as they should.
    if (!ended.every(Boolean)) return false;
    const [waiting, wait, marker] = [
      announcements.toKey('waiting-children'),
      announcements.toKey('wait'),
      announcements.toKey('marker'),
    ];
    return (await RELEASE.run(redis, [waiting, dependencies, wait, marker, id, ...some])) === 1;
  }

  #isOver(endedAtMs: number | null): boolean {
    return endedAtMs !== null && Date.now() - endedAtMs > this.options.resultTtlSeconds * 1_000;
  }

  /** Envelopes, outcomes, announcement; the record last, so that what was cut off is done again. */
  async #remove(model: string, { plan, envelopes }: BatchRecord): Promise<void> {
    const { redis, catalogue } = this.queues;
    const { bulk, announcements } = this.queues.of(model);
    const ids = Array.from({ length: envelopes }, (_, n) => batchEnvelopeId(plan.id, n));
    await inGroups(ids, async (id) => {
      const value = await redis.hget(catalogue.envelopeKey(model, id), 'returnvalue');
      if (value !== null) await redis.unlink(catalogue.outcomesKey(model, id, (JSON.parse(value) as Settlement).token));
      await bulk.remove(id);
    });
    await announcements.remove(announcementId(plan.id), { removeChildren: false });
    await redis.unlink(catalogue.batchKey(model, plan.id), catalogue.batchDigestsKey(model, plan.id));
    await redis.zrem(catalogue.batchesKey(model), plan.id);
    await redis.zrem(catalogue.clientBatchesKey(plan.client), plan.id);
  }
}
