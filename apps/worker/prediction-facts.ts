/** What is known of one prediction when its job has ended: for its line, and for its spans. */
import { type EnvelopeRow, type RetryEnvelope, rowAt } from '#contract/envelope';
import type { Stages } from '#contract/executor-protocol';
import { type Failure, parseFailure } from '#domain/failure';
import type { Outcome } from '#domain/outcome';
import { formatPredictionId } from '#domain/prediction-id';
import { modelCode } from '#queue/catalogue';
import type { JobEnd, TakenEnvelope } from '#queue/taken-envelope';

export interface PredictionFacts {
  readonly id: string;
  readonly content: EnvelopeRow;
  readonly outcome: Outcome['kind'];
  readonly failure: Failure | null;
  /** When its last run began, or null where it did not run here; milliseconds since the epoch, as below. */
  readonly startedAtMs: number | null;
  /** How long that run took, where it came to its end. */
  readonly predictMs: number | null;
  readonly batchSize: number | null;
  readonly stages: Stages | null;
}

/** @returns null for a row that is not there */
export function factsOf({ envelope, jobId }: TakenEnvelope, end: JobEnd, row: number): PredictionFacts | null {
  const content = rowAt(envelope, row);
  if (content === undefined) return null;
  const id = idOf(envelope, jobId, row);
  if (end.kind === 'failed') {
    const { reason, startedAtMs = null } = end;
    const failure = parseFailure(reason);
    return { id, content, outcome: 'failed', failure, startedAtMs, predictMs: null, batchSize: null, stages: null };
  }
  const outcome = end.outcomes[row];
  if (outcome === undefined) return null;
  const run = outcome.kind === 'dropped' ? null : outcome.run;
  return {
    id,
    content,
    outcome: outcome.kind,
    failure: outcome.kind === 'failed' ? outcome.failure : null,
    startedAtMs: run?.startedAtMs ?? null,
    predictMs: run?.predictMs ?? null,
    batchSize: run?.batchSize ?? null,
    stages: end.stages?.[row] ?? null,
  };
}

/** The one row of a retry job is a row of another envelope. */
function idOf({ model, retryOf }: Pick<RetryEnvelope, 'model'> & Partial<RetryEnvelope>, jobId: string, row: number) {
  const place = retryOf ?? { envelopeId: jobId, row };
  return formatPredictionId(modelCode(model), place.envelopeId, place.row);
}
