/** Predictions that failed for good after they had run: each is a failed retry job of its own. */
import type { RetryEnvelope } from '#contract/envelope';
import { type Failure, parseFailure } from '#domain/failure';
import { formatPredictionId } from '#domain/prediction-id';
import { modelCode } from './catalogue.js';
import type { ModelQueues } from './model-queues.js';

export interface FailedPrediction {
  readonly id: string;
  readonly model: string;
  readonly versionLabel: string;
  readonly client: string;
  readonly failure: Failure;
  /** Milliseconds since the epoch. */
  readonly createdAtMs: number;
  readonly failedAtMs: number;
}

export interface FailedPage {
  readonly predictions: readonly FailedPrediction[];
  /** How many of the model are kept. */
  readonly total: number;
}

/** Newest first. @param from how many of the newest to leave out */
export async function listFailed(queues: ModelQueues, model: string, from: number, limit: number): Promise<FailedPage> {
  const { retry } = queues.of(model);
  const [jobs, total] = await Promise.all([retry.getFailed(from, from + limit - 1), retry.getFailedCount()]);
  const code = modelCode(model);
  const predictions = jobs.flatMap((job) => {
    const { retryOf, rows, versionLabel } = job.data as RetryEnvelope;
    const [row] = rows;
    if (row === undefined) return [];
    return [
      {
        id: formatPredictionId(code, retryOf.envelopeId, retryOf.row),
        model,
        versionLabel,
        client: row.client,
        failure: parseFailure(job.failedReason),
        createdAtMs: row.createdAtMs,
        failedAtMs: job.finishedOn ?? job.timestamp,
      },
    ];
  });
  return { predictions, total };
}
