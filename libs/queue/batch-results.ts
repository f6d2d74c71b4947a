/** The results of a batch, in the order of its rows. */
import type { Envelope } from '#contract/envelope';
import { batchEnvelopeId, type BatchPlan } from '#domain/batch';
import type { FieldProblem } from '#domain/field-problem';
import { formatPredictionId } from '#domain/prediction-id';
import { isTerminal, type Standing } from '#domain/prediction';
import { GONE, type JobRow, outcomesStand, project } from '#domain/project';
import type { BatchRecord } from './batches.js';
import { modelCode } from './catalogue.js';
import { withinBudget } from './connection.js';
import type { EnvelopeReader } from './envelope-reader.js';
import { rowsOfJobName } from './job-name.js';
import type { ModelQueues } from './model-queues.js';
import { blockOf, OutcomeBlock } from './outcomes.js';
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

export class BatchResults {
  constructor(
    private readonly queues: ModelQueues,
    private readonly predictions: EnvelopeReader,
  ) {}

  /**
   * Rows that have ended, in their order, up to the first that has not.
   * @param from number of the first row that is wanted
   * @throws QueueUnavailableError where Redis does not give the next envelope in time
   */
  async *read(
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
