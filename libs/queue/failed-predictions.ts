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

/** Where a failed prediction stands among all: by the time of its end, and of one time by its job. */
export interface FailedPlace {
  readonly atMs: number;
  readonly jobId: string;
}

export interface FailedWish {
  readonly limit: number;
  /** The `next` of the page before; null for the first page. */
  readonly before: FailedPlace | null;
}

export interface FailedPage {
  readonly predictions: readonly FailedPrediction[];
  /** Where to read on; null behind the last one. */
  readonly next: FailedPlace | null;
}

interface Entry extends FailedPlace {
  readonly model: string;
}

/** Those of all clients and of the given models, newest first. */
export async function listFailed(
  queues: ModelQueues,
  models: readonly string[],
  { limit, before }: FailedWish,
): Promise<FailedPage> {
  const found = await Promise.all(models.map((model) => entriesBehind(queues, model, before, limit + 1)));
  const entries = found.flat().sort(newestFirst);
  const page = entries.slice(0, limit);
  const read = await Promise.all(page.map((entry) => readFailed(queues, entry)));
  return {
    predictions: read.flatMap((prediction) => prediction ?? []),
    next: entries.length > limit ? (page.at(-1) ?? null) : null,
  };
}

async function entriesBehind(
  queues: ModelQueues,
  model: string,
  before: FailedPlace | null,
  most: number,
): Promise<Entry[]> {
  const { redis } = queues;
  const key = queues.of(model).retry.toKey('failed');
  // Of one time some stand before the place and some behind it.
  const twins = before === null ? 0 : await redis.zcount(key, before.atMs, before.atMs);
  const from = before?.atMs ?? '+inf';
  const flat = await redis.zrevrangebyscore(key, from, '-inf', 'WITHSCORES', 'LIMIT', 0, most + twins);
  return Array.from({ length: flat.length / 2 }, (_, i) => ({
    model,
    jobId: flat[2 * i] ?? '',
    atMs: Number(flat[2 * i + 1]),
  })).filter((entry) => before === null || newestFirst(before, entry) < 0);
}

function newestFirst(a: FailedPlace, b: FailedPlace): number {
  if (a.atMs !== b.atMs) return b.atMs - a.atMs;
  return a.jobId === b.jobId ? 0 : a.jobId > b.jobId ? -1 : 1;
}

/** @returns null for one that was removed meanwhile */
async function readFailed(queues: ModelQueues, { model, jobId, atMs }: Entry): Promise<FailedPrediction | null> {
  const [data, reason] = await queues.redis.hmget(queues.of(model).retry.toKey(jobId), 'data', 'failedReason');
  if (typeof data !== 'string') return null;
  const { retryOf, rows, versionLabel } = JSON.parse(data) as RetryEnvelope;
  const [row] = rows;
  if (row === undefined) return null;
  return {
    id: formatPredictionId(modelCode(model), retryOf.envelopeId, retryOf.row),
    model,
    versionLabel,
    client: row.client,
    failure: parseFailure(reason ?? ''),
    createdAtMs: row.createdAtMs,
    failedAtMs: atMs,
  };
}
