/** The life of a retry job in a worker: its one prediction runs alone, in quarantine, and gets its verdict. */
import { batchOf, type RetryEnvelope } from '#contract/envelope';
import { formatFailure } from '#domain/failure';
import type { Quarantine, Verdict } from '#inference/quarantine';
import type { Settled, TakenEnvelope } from '#queue/taken-envelope';
import { type Deadlines, isPastDeadline } from '#queue/deadlines';
import { carryMark } from '#queue/marks';
import type { ModelQueues } from '#queue/model-queues';
import type { StartReporter } from '#queue/starts';
import type { HeldJob, InHand } from './in-hand.js';
import { markAsItsBatch } from './mark-as-batch.js';

/** Workers that one prediction may cost while it is alone. */
const WORKERS_ALLOWED = 3;
/** Tries alone that may fail for a passing reason: with the pauses between them about a quarter of a minute. */
const ATTEMPTS_ALLOWED = 5;

export interface ExecuteRetryParts {
  readonly quarantine: Quarantine;
  readonly queues: ModelQueues;
  readonly starts: StartReporter;
  readonly deadlines: Deadlines;
  readonly inHand: InHand;
  /** Whether this worker has the version. */
  readonly serves: (versionId: string) => boolean;
}

export class ExecuteRetry {
  constructor(private readonly parts: ExecuteRetryParts) {}

  async run(taken: TakenEnvelope): Promise<Settled> {
    const { envelope, jobId, jobKey, stalls, attempt } = taken;
    const { quarantine, queues, starts, inHand, serves } = this.parts;
    const [row] = envelope.rows;
    if (row === undefined || !serves(envelope.versionId)) return { kind: 'postponed' };
    if (stalls >= WORKERS_ALLOWED)
      return failed('worker_lost', `Running this prediction cost ${stalls} workers.`, null);
    const held = inHand.take(jobId, taken.marks, batchOf(envelope)?.id ?? null);
    const stopWatching = this.#watchDeadline(taken);
    try {
      await markAsItsBatch(queues, envelope, held);
      await this.#markAsInItsEnvelope(taken, held);
      let startedAtMs: number | null = null;
      const onStarted = (atMs: number): void => {
        startedAtMs = atMs;
        starts.started(jobKey, 0, atMs, attempt);
      };
      const isDropped = (): boolean => held.isMarked(0) || isPastDeadline(row);
      if (!isDropped()) await starts.tried(jobKey, attempt);
      const verdict = await Promise.race([
        quarantine.runAlone(envelope.versionId, row.input, onStarted, isDropped),
        held.interrupted,
      ]);
      return verdict === undefined ? { kind: 'handed_back' } : settledBy(verdict, held, attempt, startedAtMs);
    } finally {
      stopWatching();
      starts.ended(jobKey);
      inHand.settle(jobId, held);
    }
  }

  /** Repeated here: the worker that added the retry job may have died before it carried the mark over. */
  async #markAsInItsEnvelope({ envelope }: TakenEnvelope, held: HeldJob): Promise<void> {
    const { redis, catalogue } = this.parts.queues;
    const { model, retryOf } = envelope as RetryEnvelope;
    if (await carryMark(redis, catalogue, { model, ...retryOf })) held.mark(0);
  }

  #watchDeadline({ envelope }: TakenEnvelope): () => void {
    const { model, retryOf, rows } = envelope as RetryEnvelope;
    const { envelopeId, row } = retryOf;
    return this.parts.deadlines.watch({ model, envelopeId, rows, firstRow: row, isOpen: () => true });
  }
}

function settledBy(verdict: Verdict, { markOfAll }: HeldJob, attempt: number, startedAtMs: number | null): Settled {
  switch (verdict.kind) {
    case 'succeeded': {
      const { stages, ...outcome } = verdict;
      return { kind: 'outcomes', outcomes: [outcome], stages: [stages] };
    }
    case 'dropped': {
      const dropped = markOfAll === null ? verdict : { ...verdict, mark: markOfAll };
      return { kind: 'outcomes', outcomes: [dropped], stages: [] };
    }
    case 'failed':
      return { kind: 'failed', reason: formatFailure(verdict.failure), startedAtMs };
    case 'undecided': {
      if (attempt < ATTEMPTS_ALLOWED) return { kind: 'again', reason: verdict.reason };
      const message = `It could not be run in ${attempt} tries. The last time: ${verdict.reason}`;
      return failed('executor_unavailable', message, startedAtMs);
    }
  }
}

function failed(code: 'worker_lost' | 'executor_unavailable', message: string, startedAtMs: number | null): Settled {
  return { kind: 'failed', reason: formatFailure({ code, message }), startedAtMs };
}
