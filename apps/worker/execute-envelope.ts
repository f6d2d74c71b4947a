/**
 * The life of an envelope in a worker: its rows go to the batcher one by one, come back as outcomes in any order, and
 * what did not succeed leaves for retry jobs before the envelope is settled.
 */
import type { Outcome } from '#domain/outcome';
import { formatPredictionId } from '#domain/prediction-id';
import type { PendingPrediction } from '#inference/dynamic-batcher';
import type { ExecutorPool } from '#inference/executor-pool';
import type { Settled, TakenEnvelope } from '#queue/envelope-intake';
import { modelCode } from '#queue/catalogue';
import { type Deadlines, isPastDeadline } from '#queue/deadlines';
import type { ModelQueues } from '#queue/model-queues';
import { addRetryJobs, findRetried } from '#queue/retry-job';
import type { StartNotices } from '#queue/start-notices';
import type { StartReporter } from '#queue/starts';
import type { HeldJob, InHand } from './in-hand.js';

/** An envelope that has cost this many workers is not run together again: each row gets its verdict alone. */
const STALLS_BEFORE_QUARANTINE = 2;
/** Also what becomes of a row that runs elsewhere. */
const NOT_YET: Outcome = { kind: 'moved', run: null };

export interface ExecuteEnvelopeParts {
  readonly pool: ExecutorPool;
  readonly queues: ModelQueues;
  readonly starts: StartReporter;
  readonly notices: Pick<StartNotices, 'tell'>;
  readonly deadlines: Deadlines;
  readonly inHand: InHand;
  /** Whether this worker has the version. */
  readonly serves: (versionId: string) => boolean;
}

export class ExecuteEnvelope {
  constructor(private readonly parts: ExecuteEnvelopeParts) {}

  async run(taken: TakenEnvelope): Promise<Settled> {
    if (!this.parts.serves(taken.envelope.versionId)) return { kind: 'postponed' };
    const held = this.parts.inHand.take(taken.jobId, taken.marks);
    try {
      const elsewhere = await this.#rowsElsewhere(taken);
      const outcomes = await Promise.race([this.#runRows(taken, held, elsewhere), held.interrupted]);
      if (outcomes === undefined) return { kind: 'handed_back' };
      await this.#moveFailed(taken, outcomes, elsewhere);
      return { kind: 'outcomes', outcomes };
    } finally {
      this.parts.starts.ended(taken.jobKey);
      this.parts.inHand.settle(taken.jobId, held);
    }
  }

  /** Rows that must not run here: they have retry jobs, from an attempt that was not settled. */
  async #rowsElsewhere({ retaken, stalls, envelope, jobId }: TakenEnvelope): Promise<ReadonlySet<number>> {
    if (!retaken) return NOWHERE;
    const rows = envelope.rows.length;
    const retried = await findRetried(this.parts.queues, envelope.model, jobId, rows);
    if (stalls < STALLS_BEFORE_QUARANTINE) return retried;
    const others = Array.from({ length: rows }, (_, row) => row).filter((row) => !retried.has(row));
    await addRetryJobs(this.parts.queues, jobId, envelope, others, 'its worker died twice');
    return new Set([...retried, ...others]);
  }

  /** @returns one outcome a row, in the order of the rows */
  #runRows(taken: TakenEnvelope, held: HeldJob, elsewhere: ReadonlySet<number>): Promise<Outcome[]> {
    const { rows, versionId } = taken.envelope;
    const outcomes: Outcome[] = rows.map(() => NOT_YET);
    let open = rows.length - elsewhere.size;
    const stopWatching = this.parts.deadlines.watch({
      model: taken.envelope.model,
      envelopeId: taken.jobId,
      rows,
      firstRow: 0,
      isOpen: (row) => outcomes[row] === NOT_YET && !elsewhere.has(row),
    });
    const ran = new Promise<Outcome[]>((resolve) => {
      if (open === 0) return resolve(outcomes);
      const pending = rows.flatMap((content, row): PendingPrediction[] => {
        if (elsewhere.has(row)) return [];
        return [
          {
            versionId,
            input: content.input,
            isDropped: () => held.isMarked(row) || isPastDeadline(content),
            onStarted: (atMs) => {
              this.parts.starts.started(taken.jobKey, row, atMs);
              if (content.callback?.events.includes('start')) this.#tellStart(taken, row, atMs);
            },
            settle: (outcome) => {
              outcomes[row] = outcome;
              open -= 1;
              if (open === 0) resolve(outcomes);
            },
          },
        ];
      });
      this.parts.pool.submit(pending);
    });
    return ran.finally(stopWatching);
  }

  #tellStart({ jobId, envelope: { model } }: TakenEnvelope, row: number, startedAtMs: number): void {
    this.parts.notices.tell({ model, id: formatPredictionId(modelCode(model), jobId, row), startedAtMs });
  }

  /** Retry jobs first, settlement after: a crash in between repeats the first, and loses nothing. */
  async #moveFailed(taken: TakenEnvelope, outcomes: readonly Outcome[], elsewhere: ReadonlySet<number>): Promise<void> {
    const moved = outcomes.flatMap((outcome, row) => (outcome.kind === 'moved' && !elsewhere.has(row) ? [row] : []));
    if (moved.length === 0) return;
    await addRetryJobs(this.parts.queues, taken.jobId, taken.envelope, moved, 'did not succeed among others');
  }
}

const NOWHERE: ReadonlySet<number> = new Set();
