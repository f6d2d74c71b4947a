/** A prediction as it is answered, told to webhooks and written to results. */
import type { Prediction, Standing } from '#domain/prediction';
import type { PredictionResource } from './prediction.dto.js';
import { toTime, toTimeOrNull } from './time.js';

/**
 * The prediction as clients see it.
 * @param owner of the model
 * @param baseUrl of this API, without a slash at its end
 * @param shown of this caller and this moment: `estimatedWaitS` is shown only while it has not started
 */
export function toResource(
  { submission, standing }: Prediction,
  owner: string,
  baseUrl: string,
  { estimatedWaitS = null, streamToken = null }: Shown = {},
): PredictionResource {
  const { createdAtMs, callback, deadlineAtMs } = submission;
  const { failure } = standing;
  const id = submission.ownId ?? submission.id;
  const url = predictionUrl(baseUrl, id);
  return {
    id,
    model: `${owner}/${submission.model}`,
    version: submission.versionId,
    version_label: submission.versionLabel,
    status: standing.status,
    input: submission.input,
    output: standing.output,
    error: failure?.message ?? null,
    error_code: failure?.code ?? null,
    attempts: standing.attempts,
    logs: '',
    metrics: metricsOf(standing, createdAtMs),
    webhook: callback?.url ?? null,
    webhook_events_filter: callback?.events ?? null,
    priority: submission.priority,
    deadline: toTimeOrNull(deadlineAtMs),
    estimated_wait: standing.status === 'starting' ? estimatedWaitS : null,
    metadata: submission.metadata,
    source: 'api',
    data_removed: false,
    created_at: toTime(createdAtMs),
    started_at: toTimeOrNull(standing.startedAtMs),
    completed_at: toTimeOrNull(standing.completedAtMs),
    urls: { get: url, cancel: `${url}/cancel`, stream: streamUrl(url, streamToken) },
  };
}

/** Where a prediction is read. */
export function predictionUrl(baseUrl: string, id: string): string {
  return `${baseUrl}/v1/predictions/${id}`;
}

export interface Shown {
  /** Seconds until it is expected to start. */
  readonly estimatedWaitS?: number | null;
  /** Opens its stream; null where callers need none. */
  readonly streamToken?: string | null;
}

/**
 * Its known times, set field by field: every answer has them, and spreading optional parts into an object is slower.
 */
export function metricsOf(
  { predictMs, startedAtMs, completedAtMs, batchSize }: Standing<unknown>,
  createdAtMs: number,
): PredictionResource['metrics'] {
  const metrics: { -readonly [Name in keyof PredictionResource['metrics']]: PredictionResource['metrics'][Name] } = {};
  if (predictMs !== null) metrics.predict_time = toSeconds(predictMs);
  if (startedAtMs !== null) metrics.queue_time = toSeconds(Math.max(0, startedAtMs - createdAtMs));
  if (completedAtMs !== null) metrics.total_time = toSeconds(Math.max(0, completedAtMs - createdAtMs));
  if (batchSize !== null) metrics.batch_size = batchSize;
  return metrics;
}

/** @param url of a prediction or a batch */
export function streamUrl(url: string, token: string | null): string {
  return `${url}/events${token === null ? '' : `?token=${token}`}`;
}

/** Milliseconds as seconds, to the microsecond. */
function toSeconds(ms: number): number {
  return Math.round(ms * 1_000) / 1_000_000;
}
