/** Where a batch stands, and its results in the order of its rows. */
import type { Envelope } from '#contract/envelope';
import type { FieldProblem } from '#domain/field-problem';
import {
  type Batch,
  type BatchCounts,
  batchEnvelopeId,
  type BatchPlan,
  batchTimeMs,
  hasBatchEnded,
  rowsEnded,
} from '#domain/batch';
import { formatPredictionId } from '#domain/prediction-id';
import { isTerminal, type Standing } from '#domain/prediction';
import { GONE, type JobRow, outcomesStand, project } from '#domain/project';
import { announcementId, qualifiedAnnouncementQueue } from './announcements.js';
import { Batches, type BatchRecord, statusOf, toRecord } from './batches.js';
import { modelCode } from './catalogue.js';
import { withinBudget } from './connection.js';
import type { EnvelopeReader } from './envelope-reader.js';
import { rowsOfJobName } from './job-name.js';
import type { ModelQueues } from './model-queues.js';
import { blockOf, OutcomeBlock, type Settlement } from './outcomes.js';
import { parseProgress, type Progress } from './progress.js';
import { Script } from './script.js';

/** One row that has ended. */
export interface BatchResult {
  /** Number of the row in the batch, from 0. */
  readonly index: number;
  /** The id of its prediction. */
  readonly id: string;
  readonly customId: string | null;
  /** Its output, as the text that stands in Redis, or how it ended without one. */
  readonly answer: { readonly outputJson: string } | { readonly standing: Standing };
  /** What was wrong with a row that was not valid. */
  readonly problems: readonly FieldProblem[];
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

/** Rows of an envelope that have ended, up to the first that has not. */
interface EnvelopeResults {
  readonly results: readonly BatchResult[];
  /** All of them have. */
  readonly isWhole: boolean;
}

const NO_RESULTS: EnvelopeResults = { results: [], isWhole: false };
const NO_PROBLEMS: readonly FieldProblem[] = [];

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

  /**
   * May write: ends a batch that is complete, aborts one that is overdue.
   * @returns null for a batch that nobody knows, or whose time is over
   */
  async readUpToDate(model: string, id: string): Promise<Batch | null> {
    const found = await this.#look(model, id);
    if (found === null) return null;
    const { record, open } = found;
    if (record.state === 'closed' && open === 0) await this.batches.end(record.plan, found.counts);
    else if (this.#isOver(record)) return null;
    else if (isOverdue(record)) {
      await this.batches.mark(model, id, { kind: 'aborted', atMs: record.plan.expiresAtMs });
    } else return toBatch(found);
    const now = await this.#look(model, id);
    if (now === null || this.#isOver(now.record)) return null;
    return toBatch(now);
  }

  /**
   * What `results` needs and no more: where all of its envelopes stand is not counted.
   * @returns null as `readUpToDate`
   */
  async readRecord(model: string, id: string): Promise<BatchRecord | null> {
    const record = await this.batches.read(model, id);
    return record === null || this.#isOver(record) ? null : record;
  }

  /** Whether a batch that is not there may have ended, as far as its id can say: it was made longer ago than one is kept. */
  mayBeOver(id: string): boolean {
    return this.#isPastKeeping(batchTimeMs(id));
  }

  #isOver({ endedAtMs }: BatchRecord): boolean {
    return endedAtMs !== null && this.#isPastKeeping(endedAtMs);
  }

  #isPastKeeping(sinceMs: number): boolean {
    return Date.now() - sinceMs > this.resultTtlSeconds * 1_000;
  }

  async #look(model: string, id: string): Promise<Look | null> {
    const { redis, catalogue } = this.queues;
    const parent = `${qualifiedAnnouncementQueue(catalogue, model)}:${announcementId(id)}`;
    const answers = await redis
      .pipeline()
      .hgetall(catalogue.batchKey(model, id))
      // Before those that have ended: where none is open, all of them are counted.
      .scard(`${parent}:dependencies`)
      .hvals(`${parent}:processed`)
      .hkeys(`${parent}:failed`)
      .hget(catalogue.envelopeKey(model, batchEnvelopeId(id, 0)), 'processedOn')
      .exec();
    const [fields, open, processed, failed, started] = (answers ?? []).map(([error, answer]) => {
      if (error !== null) throw error;
      return answer;
    }) as [Record<string, string>, number, string[], string[], string | null];
    const record = toRecord(fields);
    if (record === null) return null;
    const counts = record.counts ?? count(processed, await this.#rowsFailed(record.plan, failed));
    return { record, counts, open, startedAtMs: started === null ? null : Number(started) };
  }

  /** @param keys of the jobs that failed: a retry job is one row, an envelope all of its rows */
  async #rowsFailed({ rowsPerEnvelope }: BatchPlan, keys: readonly string[]): Promise<number> {
    const envelopes = keys.filter((key) => !key.endsWith('-r')).sort();
    const retried = keys.length - envelopes.length;
    // Only the last of a batch may be a smaller one; their numbers are the ends of their keys.
    const last = envelopes.pop();
    if (last === undefined) return retried;
    const name = await this.queues.redis.hget(last, 'name');
    return (
      retried + envelopes.length * rowsPerEnvelope + (name === null ? rowsPerEnvelope : (rowsOfJobName(name) ?? 0))
    );
  }

  /**
   * Rows that have ended, in their order, up to the first that has not.
   * @param from number of the first row that is wanted
   * @throws QueueUnavailableError where Redis does not give the next envelope in time
   */
  async *results(
    { plan, envelopes, hasNotes: wantsData }: BatchRecord,
    from: number,
  ): AsyncGenerator<readonly BatchResult[], void, undefined> {
    let n = Math.floor(from / plan.rowsPerEnvelope);
    const ahead: Promise<EnvelopeResults>[] = [];
    for (; ; n += 1) {
      while (ahead.length < READ_AHEAD && n + ahead.length < envelopes) {
        const read = this.#resultsOf(plan, n + ahead.length, wantsData);
        // An error counts when its turn comes.
        read.catch(() => undefined);
        ahead.push(read);
      }
      const next = ahead.shift();
      if (next === undefined) return;
      const { results, isWhole } = await next;
      const wanted = results.filter(({ index }) => index >= from);
      if (wanted.length > 0) yield wanted;
      // What lies behind a gap is not shown before the gap is filled.
      if (!isWhole) return;
    }
  }

  async #resultsOf(plan: BatchPlan, n: number, wantsData: boolean): Promise<EnvelopeResults> {
    const { redis, catalogue } = this.queues;
    const envelopeId = batchEnvelopeId(plan.id, n);
    const raw = (await withinBudget(redis, () =>
      READ_ALL.run(redis, [
        catalogue.envelopeKey(plan.model, envelopeId),
        catalogue.outcomesPrefix(plan.model),
        envelopeId,
        wantsData ? '1' : '0',
      ]),
    )) as RawEnvelope | null;
    if (raw === null) return NO_RESULTS;
    const rows = new EnvelopeRows(raw, plan.expiresAtMs);
    if (!rows.mayHaveEnded) return NO_RESULTS;
    const part = wantsData ? (JSON.parse(raw[3]) as Envelope).batch : undefined;
    const count = part?.rowCount ?? rowsOfJobName(raw[3]) ?? 0;
    const code = modelCode(plan.model);
    const results: BatchResult[] = [];
    for (let row = 0; row < count; row += 1) {
      const outputJson = rows.outputJson(row);
      const standing = outputJson === null ? await this.#standing(plan, envelopeId, row, rows) : null;
      if (standing !== null && !isTerminal(standing.status)) break;
      results.push({
        index: n * plan.rowsPerEnvelope + row,
        id: formatPredictionId(code, envelopeId, row),
        customId: part?.customIds?.[row] ?? null,
        answer: standing === null ? { outputJson: outputJson ?? '' } : toAnswer(standing),
        problems: part?.invalid?.[row] ?? NO_PROBLEMS,
      });
    }
    return { results, isWhole: results.length === count };
  }

  /** The few that run again, alone, are asked for one by one. */
  async #standing(plan: BatchPlan, envelopeId: string, row: number, rows: EnvelopeRows): Promise<Standing> {
    const jobRow = rows.jobRow(row);
    const isMoved = jobRow.outcome?.kind === 'moved' && jobRow.mark === null;
    if (!isMoved) {
      const standing = project(jobRow, null);
      return standing === GONE ? LOST : standing;
    }
    const at = { modelCode: modelCode(plan.model), envelopeId, row };
    const found = await withinBudget(this.queues.redis, () => this.predictions.read(plan.model, at));
    return typeof found === 'string' ? LOST : found.standing;
  }
}

interface Look {
  readonly record: BatchRecord;
  readonly counts: BatchCounts;
  /** Envelopes and retry jobs that have not ended, and the gate. */
  readonly open: number;
  readonly startedAtMs: number | null;
}

function toBatch({ record, counts, startedAtMs }: Look): Batch {
  const { plan, envelopes, endedAtMs, failure } = record;
  const status = statusOf(record);
  // Some may have ended before their record says that they are there.
  const rows = Math.max(record.rows, rowsEnded(counts));
  return { plan, status, rows, envelopes, counts, startedAtMs, endedAtMs, failure };
}

function isOverdue(record: BatchRecord): boolean {
  return !hasBatchEnded(statusOf(record)) && Date.now() >= record.plan.expiresAtMs;
}

/** @param processed what each job that ended was completed with */
function count(processed: readonly string[], rowsFailed: number): BatchCounts {
  const total = { ...NO_COUNTS, failed: rowsFailed };
  for (const value of processed) {
    const { counts } = JSON.parse(value) as Settlement;
    total.succeeded += counts.succeeded;
    total.failed += counts.failed;
    total.dropped += counts.dropped;
  }
  return total;
}

function toAnswer(standing: Standing): BatchResult['answer'] {
  return standing.status === 'succeeded' ? { outputJson: JSON.stringify(standing.output) } : { standing };
}

/** The rows of one envelope, read one by one: most of them are successes, whose text is all that is wanted. */
class EnvelopeRows {
  readonly #job: Pick<JobRow, 'endedAtMs' | 'failedReason' | 'deadlineAtMs'>;
  readonly #progress: Progress;
  readonly #stand: boolean;
  readonly #blocks = new Map<number, OutcomeBlock>();

  constructor([progress, endedAt, failed, , pairs]: RawEnvelope, deadlineAtMs: number) {
    const endedAtMs = endedAt === null ? null : Number(endedAt);
    this.#job = { endedAtMs, failedReason: endedAtMs === null ? null : failed, deadlineAtMs };
    this.#progress = parseProgress(progress);
    this.#stand = outcomesStand(this.#job, this.#progress.marks.size);
    for (let i = 0; i < pairs.length; i += 2)
      this.#blocks.set(Number(pairs[i]), new OutcomeBlock(pairs[i + 1] ?? '[]'));
  }

  get mayHaveEnded(): boolean {
    return this.#job.endedAtMs !== null || this.#progress.marks.size > 0;
  }

  /** @returns the output of a row that is known to have succeeded, as JSON */
  outputJson(row: number): string | null {
    return this.#stand ? (this.#blocks.get(blockOf(row))?.outputJson(row) ?? null) : null;
  }

  jobRow(row: number): JobRow {
    const { marks, starts } = this.#progress;
    return {
      ...this.#job,
      startedAtMs: starts.get(row) ?? null,
      mark: marks.get(row) ?? null,
      // Results of a batch do not show them.
      attempts: 0,
      stalls: 0,
      outcome: this.#blocks.get(blockOf(row))?.outcome(row) ?? null,
    };
  }
}

/** What should not happen: the row has ended, and its outcome is no longer there. */
const LOST: Standing = {
  status: 'failed',
  output: null,
  failure: { code: 'internal', message: 'The outcome of this row is no longer kept.' },
  startedAtMs: null,
  attempts: 0,
  completedAtMs: null,
  predictMs: null,
  batchSize: null,
};
