/**
 * The life of an envelope in a worker: its rows go to the batcher one by one, come back as outcomes in any order, and
 * what did not succeed leaves for retry jobs before the envelope is settled.
 */
import { type Envelope, rowCount } from '#contract/envelope';
import type { NewOutcome } from '#domain/outcome';
import { formatPredictionId } from '#domain/prediction-id';
import type { Lane } from '#inference/dynamic-batcher';
import type { ExecutorPool } from '#inference/executor-pool';
import type { Settled, TakenEnvelope } from '#queue/taken-envelope';
import { modelCode } from '#queue/catalogue';
import type { Deadlines } from '#queue/deadlines';
import type { ModelQueues } from '#queue/model-queues';
import { addRetryJobs, findRetried } from '#queue/retry-job';
import type { StartNotices } from '#queue/start-notices';
import type { StartReporter } from '#queue/starts';
import { EnvelopeRun } from './envelope-run.js';
import type { InHand } from './in-hand.js';
import { markAsItsBatch } from './mark-as-batch.js';

/** An envelope that has cost this many workers is not run together again: each row gets its verdict alone. */
const STALLS_BEFORE_QUARANTINE = 2;

export interface ExecuteEnvelopeParts {
  readonly pool: ExecutorPool;
  readonly queues: ModelQueues;
  readonly starts: StartReporter;
  readonly notices: Pick<StartNotices, 'tell'>;
  readonly deadlines: Deadlines;
  readonly inHand: InHand;
  /** A prediction begins its first run, this long after it was accepted. */
  readonly onWaited: (envelope: Envelope, seconds: number) => void;
  /** Whether this worker has the version. */
  readonly serves: (versionId: string) => boolean;
}

export class ExecuteEnvelope {
  constructor(private readonly parts: ExecuteEnvelopeParts) {}

  async run(taken: TakenEnvelope, lane: Lane): Promise<Settled> {
    const { envelope, jobId, marks } = taken;
    if (!this.parts.serves(envelope.versionId)) return { kind: 'postponed' };
    // Held first, looked at then: a mark of the batch that is set in between is heard of.
    const held = this.parts.inHand.take(jobId, marks, envelope.batch?.id ?? null);
    try {
      const elsewhere = await this.#rowsElsewhere(taken);
      if (envelope.batch !== undefined) await markAsItsBatch(this.parts.queues, envelope, held);
      const run = new EnvelopeRun(taken, held, elsewhere, lane, (row, atMs) => this.#onStarted(taken, row, atMs));
      const outcomes = await Promise.race([this.#runRows(run), held.interrupted]);
      if (outcomes === undefined) return { kind: 'handed_back' };
      await this.#moveFailed(taken, outcomes, elsewhere);
      return { kind: 'outcomes', outcomes, stages: run.stages };
    } finally {
      this.parts.starts.ended(taken.jobKey);
      this.parts.inHand.settle(taken.jobId, held);
    }
  }

  /** Rows that must not run here: they have retry jobs, from an attempt that was not settled. */
  async #rowsElsewhere({ retaken, stalls, attempt, envelope, jobId }: TakenEnvelope): Promise<ReadonlySet<number>> {
    if (!retaken) return NOWHERE;
    const rows = rowCount(envelope);
    const retried = await findRetried(this.parts.queues, envelope.model, jobId, rows);
    if (stalls < STALLS_BEFORE_QUARANTINE) return retried;
    const others = Array.from({ length: rows }, (_, row) => row).filter((row) => !retried.has(row));
    await addRetryJobs(this.parts.queues, jobId, envelope, others, {
      reason: 'its worker died twice',
      attempts: attempt - 1,
    });
    return new Set([...retried, ...others]);
  }

  /** @returns one outcome a row, in the order of the rows */
  #runRows(run: EnvelopeRun): Promise<NewOutcome[]> {
    const { envelope, jobId } = run.taken;
    const stopWatching = this.parts.deadlines.watch({
      model: envelope.model,
      envelopeId: jobId,
      rows: envelope.rows,
      firstRow: 0,
      isOpen: (row) => run.isOpen(row),
    });
    const pending = run.pending();
    if (pending.length > 0) this.parts.pool.submit(pending);
    return run.ended.finally(stopWatching);
  }

  /** Nobody watches the rows of a batch one by one; the outcome of each says when it started. */
  #onStarted(taken: TakenEnvelope, row: number, atMs: number): void {
    const { envelope, jobKey, jobId, attempt } = taken;
    if (envelope.batch !== undefined) {
      const { id, tellsStart = false } = envelope.batch;
      if (tellsStart && row === 0) this.parts.notices.tell({ model: envelope.model, id, startedAtMs: atMs });
      return;
    }
    this.parts.starts.started(jobKey, row, atMs, attempt);
    if (attempt === 1) this.parts.onWaited(envelope, (atMs - (envelope.rows[row]?.createdAtMs ?? atMs)) / 1_000);
    if (envelope.rows[row]?.callback?.events.includes('start') !== true) return;
    const id = formatPredictionId(modelCode(envelope.model), jobId, row);
    this.parts.notices.tell({ model: envelope.model, id, startedAtMs: atMs });
  }

  /** Retry jobs first, settlement after: a crash in between repeats the first, and loses nothing. */
  async #moveFailed(
    taken: TakenEnvelope,
    outcomes: readonly NewOutcome[],
    elsewhere: ReadonlySet<number>,
  ): Promise<void> {
    const moved = outcomes.flatMap((outcome, row) => (outcome.kind === 'moved' && !elsewhere.has(row) ? [row] : []));
    if (moved.length === 0) return;
    const why = { reason: 'did not succeed among others', attempts: taken.attempt };
    await addRetryJobs(this.parts.queues, taken.jobId, taken.envelope, moved, why);
  }
}

const NOWHERE: ReadonlySet<number> = new Set();
