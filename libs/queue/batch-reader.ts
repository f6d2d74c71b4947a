/** Where a batch stands, and its results in the order of its rows. */
import type { Envelope, RowProblem } from '#contract/envelope';
import { type Batch, type BatchCounts, batchEnvelopeId, type BatchPlan, hasBatchEnded } from '#domain/batch';
import { formatPredictionId } from '#domain/prediction-id';
import { isTerminal, type Standing } from '#domain/prediction';
import { GONE, type JobRow, project } from '#domain/project';
import { announcementId, qualifiedAnnouncementQueue } from './announcements.js';
import { Batches, type BatchRecord, statusOf, toRecord } from './batches.js';
import { modelCode } from './catalogue.js';
import type { EnvelopeReader } from './envelope-reader.js';
import type { ModelQueues } from './model-queues.js';
import { blockOf, ROWS_PER_BLOCK, type Settlement } from './outcomes.js';
import { parseProgress } from './progress.js';
import { Script } from './script.js';

/** One row that has ended. */
export interface BatchResult {
  /** Number of the row in the batch, from 0. */
  readonly index: number;
  /** The id of its prediction. */
  readonly id: string;
  readonly customId: string | null;
  readonly standing: Standing;
  /** What was wrong with a row that was not valid. */
  readonly problems: readonly RowProblem[];
}

/**
 * KEYS   1 the envelope's job
 * ARGV   1 what an outcomes key begins with, 2 envelope id, 3 `1` where its data are wanted
 * Answer progress, finishedOn, failedReason, data, blocks of outcomes as pairs; nothing where there is no such job
 * Atomic so that the outcomes are those that its end names. The key of the outcomes has the hash tag of the job's.
 */
const READ_ALL = new Script(
  `
local job = redis.call('HMGET', KEYS[1], 'progress', 'finishedOn', 'failedReason', 'returnvalue', ARGV[3] == '1' and 'data' or 'name')
if not job[5] then return false end
local outcomes = {}
if job[2] and job[4] then
  local ok, value = pcall(cjson.decode, job[4])
  if ok and type(value) == 'table' and value.token then
    outcomes = redis.call('HGETALL', ARGV[1] .. ARGV[2] .. ':' .. value.token)
  end
end
return {job[1], job[2], not job[4] and job[3], job[5], outcomes}
`,
  1,
);

type RawEnvelope = [
  progress: string | null,
  endedAt: string | null,
  failed: string | null,
  data: string,
  outcomes: string[],
];

/** Envelopes that are read while the one before them is written out. */
const READ_AHEAD = 4;
const NO_COUNTS: BatchCounts = { succeeded: 0, failed: 0, dropped: 0 };

export class BatchReader {
  readonly batches: Batches;

  constructor(
    private readonly queues: ModelQueues,
    private readonly predictions: EnvelopeReader,
    private readonly resultTtlSeconds: number,
  ) {
    this.batches = new Batches(queues.redis, queues.catalogue);
  }

  /** @returns null for a batch that nobody knows, or whose time is over; what has become true meanwhile is made so */
  async read(model: string, id: string): Promise<Batch | null> {
    const found = await this.#look(model, id);
    if (found === null) return null;
    const { record, open } = found;
    if (record.state === 'closed' && open === 0) await this.batches.end(model, id, found.counts);
    else if (record.endedAtMs !== null && this.#isOver(record.endedAtMs)) return null;
    else if (isOverdue(record)) {
      await this.batches.mark(model, id, { kind: 'aborted', atMs: record.plan.expiresAtMs });
    } else return toBatch(found);
    const now = await this.#look(model, id);
    if (now === null || (now.record.endedAtMs !== null && this.#isOver(now.record.endedAtMs))) return null;
    return toBatch(now);
  }

  #isOver(endedAtMs: number): boolean {
    return Date.now() - endedAtMs > this.resultTtlSeconds * 1_000;
  }

  async #look(model: string, id: string): Promise<Look | null> {
    const { redis, catalogue } = this.queues;
    const parent = `${qualifiedAnnouncementQueue(catalogue, model)}:${announcementId(id)}`;
    const answers = await redis
      .pipeline()
      .hgetall(catalogue.batchKey(model, id))
      .hvals(`${parent}:processed`)
      .hkeys(`${parent}:failed`)
      .scard(`${parent}:dependencies`)
      .hget(catalogue.envelopeKey(model, batchEnvelopeId(id, 0)), 'processedOn')
      .exec();
    const [fields, processed, failed, open, started] = (answers ?? []).map(([error, answer]) => {
      if (error !== null) throw error;
      return answer;
    }) as [Record<string, string>, string[], string[], number, string | null];
    const record = toRecord(fields);
    if (record === null) return null;
    const counts = record.counts ?? count(processed, failed, record.plan.rowsPerEnvelope);
    return { record, counts, open, startedAtMs: started === null ? null : Number(started) };
  }

  /**
   * Rows that have ended, in their order, up to the first that has not.
   * @param from number of the first row that is wanted
   */
  async *results({ plan, envelopes }: Batch, from: number): AsyncGenerator<BatchResult[], void, undefined> {
    const record = await this.batches.read(plan.model, plan.id);
    const wantsData = record?.hasNotes ?? true;
    let n = Math.floor(from / plan.rowsPerEnvelope);
    const ahead: Promise<BatchResult[]>[] = [];
    for (; ; n += 1) {
      while (ahead.length < READ_AHEAD && n + ahead.length < envelopes) {
        const read = this.#resultsOf(plan, n + ahead.length, wantsData);
        // An error counts when its turn comes.
        read.catch(() => undefined);
        ahead.push(read);
      }
      const next = ahead.shift();
      if (next === undefined) return;
      const all = await next;
      const ended = all.findIndex(({ standing }) => !isTerminal(standing.status));
      const results = (ended === -1 ? all : all.slice(0, ended)).filter(({ index }) => index >= from);
      if (results.length > 0) yield results;
      if (ended !== -1 || all.length === 0) return;
    }
  }

  async #resultsOf(plan: BatchPlan, n: number, wantsData: boolean): Promise<BatchResult[]> {
    const { redis, catalogue } = this.queues;
    const envelopeId = batchEnvelopeId(plan.id, n);
    const raw = (await READ_ALL.run(redis, [
      catalogue.envelopeKey(plan.model, envelopeId),
      catalogue.outcomesPrefix(plan.model),
      envelopeId,
      wantsData ? '1' : '0',
    ])) as RawEnvelope | null;
    if (raw === null) return [];
    const part = wantsData ? (JSON.parse(raw[3]) as Envelope).batch : undefined;
    const rows = part?.inputs.length ?? Number(/ x(\d+)$/.exec(raw[3])?.[1] ?? 0);
    const code = modelCode(plan.model);
    const standings = toJobRows(raw, rows, plan.expiresAtMs).map(standingOf);
    // The few that run again, alone, are asked for one by one.
    const moved = standings.flatMap((standing, row) => (standing === MOVED ? [row] : []));
    await Promise.all(
      moved.map(async (row) => {
        const found = await this.predictions.read(plan.model, { modelCode: code, envelopeId, row });
        standings[row] = typeof found === 'string' ? LOST : found.standing;
      }),
    );
    return standings.map((standing, row) => ({
      index: n * plan.rowsPerEnvelope + row,
      id: formatPredictionId(code, envelopeId, row),
      customId: part?.customIds?.[row] ?? null,
      standing: standing as Standing,
      problems: part?.invalid?.[row] ?? NO_PROBLEMS,
    }));
  }
}

const NO_PROBLEMS: readonly RowProblem[] = [];
/** It runs again, alone: its retry job knows more. */
const MOVED = 'moved';

function standingOf(jobRow: JobRow): Standing | typeof MOVED {
  if (jobRow.outcome?.kind === 'moved' && jobRow.mark === null) return MOVED;
  const standing = project(jobRow, null);
  return standing === GONE ? LOST : standing;
}

interface Look {
  readonly record: BatchRecord;
  readonly counts: BatchCounts;
  /** Envelopes and retry jobs that have not ended, and the gate. */
  readonly open: number;
  readonly startedAtMs: number | null;
}

function toBatch({ record, counts, startedAtMs }: Look): Batch {
  const { plan, rows, envelopes, endedAtMs, failure } = record;
  const status = statusOf(record);
  return { plan, status, rows, envelopes, counts, startedAtMs, endedAtMs, failure };
}

function isOverdue(record: BatchRecord): boolean {
  return !hasBatchEnded(statusOf(record)) && Date.now() >= record.plan.expiresAtMs;
}

/**
 * @param processed what each job that ended was completed with
 * @param failed keys of the jobs that failed: a retry job is one row, an envelope all of its rows
 */
function count(processed: readonly string[], failed: readonly string[], rowsPerEnvelope: number): BatchCounts {
  const total = { ...NO_COUNTS };
  for (const value of processed) {
    const { counts } = JSON.parse(value) as Settlement;
    total.succeeded += counts.succeeded;
    total.failed += counts.failed;
    total.dropped += counts.dropped;
  }
  for (const key of failed) total.failed += key.endsWith('-r') ? 1 : rowsPerEnvelope;
  return total;
}

function toJobRows([progress, endedAt, failed, , pairs]: RawEnvelope, rows: number, deadlineAtMs: number): JobRow[] {
  const { marks, starts } = parseProgress(progress);
  const endedAtMs = endedAt === null ? null : Number(endedAt);
  const outcomes = decodeAll(pairs);
  return Array.from({ length: rows }, (_, row) => ({
    startedAtMs: starts.get(row) ?? null,
    endedAtMs,
    failedReason: endedAtMs === null ? null : failed,
    mark: marks.get(row) ?? null,
    outcome: outcomes(row),
    deadlineAtMs,
  }));
}

/** @param pairs of block number and block */
function decodeAll(pairs: readonly string[]): (row: number) => JobRow['outcome'] {
  const blocks = new Map<number, unknown[]>();
  for (let i = 0; i < pairs.length; i += 2) blocks.set(Number(pairs[i]), JSON.parse(pairs[i + 1] ?? '[]') as unknown[]);
  return (row) => (blocks.get(blockOf(row))?.[row % ROWS_PER_BLOCK] ?? null) as JobRow['outcome'];
}

/** What should not happen: the row has ended, and its outcome is no longer there. */
const LOST: Standing = {
  status: 'failed',
  output: null,
  failure: { code: 'internal', message: 'The outcome of this row is no longer kept.' },
  startedAtMs: null,
  completedAtMs: null,
  predictMs: null,
  batchSize: null,
};
