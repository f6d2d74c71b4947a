/**
 * Reads one prediction by its id, in one round trip: the envelope's job, its settled outcome, and the retry job.
 */
import { batchOf, type Envelope, type RetryEnvelope, rowAt } from '#contract/envelope';
import { envelopeTimeMs, formatPredictionId, type PredictionAddress } from '#domain/prediction-id';
import { isTerminal, type Prediction, type Submission } from '#domain/prediction';
import { GONE, type JobRow, project } from '#domain/project';
import { modelCode, retryJobId } from './catalogue.js';
import { withinBudget } from './connection.js';
import { setMark } from './marks.js';
import type { ModelQueues } from './model-queues.js';
import { blockOf, decodeOutcome } from './outcomes.js';
import { attemptsOf, parseProgress } from './progress.js';
import { Script } from './script.js';

/**
 * KEYS   1 the envelope's job, 2 the row's retry job
 * ARGV   1 block of the row, 2 what an outcomes key begins with, 3 envelope id, 4 retry job id
 * Answer a list a job: data, progress, finishedOn, failedReason, block of outcomes, stalls
 * Atomic so that a job is not seen ended with the outcomes of a moment before. The key of the outcomes is built here,
 * from the token in the job's value; it carries the hash tag of the other keys.
 */
const READ = new Script(
  `
local function read(key, id, block)
  local job = redis.call('HMGET', key, 'data', 'progress', 'finishedOn', 'failedReason', 'returnvalue', 'stc')
  if not job[1] then return false end
  local outcomes = false
  if job[5] then
    local ok, value = pcall(cjson.decode, job[5])
    if ok and type(value) == 'table' and value.token then
      outcomes = redis.call('HGET', ARGV[2] .. id .. ':' .. value.token, block)
    end
  end
  -- A completed job still holds the reason for which an earlier attempt failed.
  return {job[1], job[2], job[3], not job[5] and job[4], outcomes, job[6]}
end
return {read(KEYS[1], ARGV[3], ARGV[1]), read(KEYS[2], ARGV[4], '0')}
`,
  2,
);

type RawJob = [
  data: string,
  progress: string | null,
  endedAt: string | null,
  failed: string | null,
  block: string | null,
  stalls: string | null,
];

/** `expired`: it ended and its time is over. `unknown`: nobody has ever had this id. */
export type Found = Prediction | 'expired' | 'unknown';

export class EnvelopeReader {
  constructor(
    private readonly queues: ModelQueues,
    private readonly resultTtlSeconds: number,
  ) {}

  /** @throws QueueUnavailableError when Redis does not answer in time */
  async read(model: string, address: PredictionAddress): Promise<Found> {
    const { redis, catalogue } = this.queues;
    const { envelopeId, row } = address;
    const [envelopeJob, retryJob] = (await withinBudget(redis, () =>
      READ.run(redis, [
        catalogue.envelopeKey(model, envelopeId),
        catalogue.retryKey(model, envelopeId, row),
        blockOf(row),
        catalogue.outcomesPrefix(model),
        envelopeId,
        retryJobId(envelopeId, row),
      ]),
    )) as [RawJob | null, RawJob | null];
    return this.#interpret(model, address, envelopeJob, retryJob);
  }

  /**
   * May write: marks a prediction whose deadline has passed, which no worker does where none lives.
   * @throws QueueUnavailableError when Redis does not answer in time
   */
  async readUpToDate(model: string, address: PredictionAddress): Promise<Found> {
    const found = await this.read(model, address);
    if (typeof found === 'string' || isTerminal(found.standing.status)) return found;
    const { deadlineAtMs } = found.submission;
    if (deadlineAtMs === null || Date.now() < deadlineAtMs) return found;
    const { redis, catalogue } = this.queues;
    const mark = { kind: 'deadline', atMs: deadlineAtMs } as const;
    await withinBudget(redis, () => setMark(redis, catalogue, { model, ...address }, mark));
    return this.read(model, address);
  }

  #interpret(model: string, address: PredictionAddress, job: RawJob | null, retryJob: RawJob | null): Found {
    const { envelopeId, row } = address;
    const source = job ?? retryJob;
    if (source === null) return this.#isOverdue(envelopeTimeMs(envelopeId)) ? 'expired' : 'unknown';
    const envelope = JSON.parse(source[0]) as Envelope;
    const submission = toSubmission(model, address, envelope, job === null ? 0 : row);
    if (submission === null) return 'unknown';
    const { deadlineAtMs } = submission;
    const retry = retryJob === null ? null : toRetryRow(retryJob, deadlineAtMs);
    // The envelope's record may end before its retry job's: the retry job holds all that is needed.
    const standing = project(job === null ? MOVED : toJobRow(job, row, deadlineAtMs), retry);
    if (standing === GONE) return 'expired';
    // A row of a batch is kept as long as its batch, which is removed as a whole.
    const isKept = batchOf(envelope) !== undefined;
    if (!isKept && standing.completedAtMs !== null && this.#isOverdue(standing.completedAtMs)) return 'expired';
    return { submission, standing };
  }

  /** BullMQ removes ended jobs only when another one ends, so in a quiet queue the clock decides here. */
  #isOverdue(sinceMs: number): boolean {
    return Date.now() - sinceMs > this.resultTtlSeconds * 1_000;
  }
}

const MOVED: JobRow = {
  startedAtMs: null,
  endedAtMs: 0,
  failedReason: null,
  mark: null,
  outcome: { kind: 'moved', run: null },
  attempts: 0,
  stalls: 0,
  deadlineAtMs: null,
};

/** A retry job knows how often its prediction was tried before: its envelope's record may be gone. */
function toRetryRow(job: RawJob, deadlineAtMs: number | null): JobRow {
  const { attempts = 1 } = (JSON.parse(job[0]) as RetryEnvelope).retryOf;
  const row = toJobRow(job, 0, deadlineAtMs);
  return { ...row, attempts: attempts + row.attempts };
}

function toJobRow(
  [, progressField, endedAt, failedReason, block, stalls]: RawJob,
  row: number,
  deadlineAtMs: number | null,
): JobRow {
  const progress = parseProgress(progressField);
  const ended = endedAt !== null;
  return {
    startedAtMs: progress.starts.get(row) ?? null,
    endedAtMs: ended ? Number(endedAt) : null,
    // BullMQ keeps the reason of an earlier attempt while a job waits for the next.
    failedReason: ended ? failedReason : null,
    mark: progress.marks.get(row) ?? null,
    outcome: decodeOutcome(block, row),
    attempts: attemptsOf(progress, row),
    stalls: Number(stalls ?? 0),
    deadlineAtMs,
  };
}

function toSubmission(model: string, address: PredictionAddress, envelope: Envelope, row: number): Submission | null {
  const content = rowAt(envelope, row);
  if (content === undefined) return null;
  const { versionId, versionLabel, priority = 'normal' } = envelope;
  const { deadlineAtMs = null, callback = null, trace = null, ownId = null } = content;
  const id = formatPredictionId(modelCode(model), address.envelopeId, address.row);
  const batchId = batchOf(envelope)?.id ?? null;
  const where = { id, ownId, model, batchId };
  return { ...content, ...where, versionId, versionLabel, priority, deadlineAtMs, callback, trace };
}
