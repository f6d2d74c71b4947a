/** When the jobs of a prediction were added, taken and ended: what BullMQ notes of them anyway. */
import { type Envelope, rowCount } from '#contract/envelope';
import type { PredictionAddress } from '#domain/prediction-id';
import { retryJobId } from './catalogue.js';
import { withinBudget } from './connection.js';
import type { ModelQueues } from './model-queues.js';

export interface JobTimes {
  readonly kind: 'envelope' | 'retry';
  readonly jobId: string;
  /** Predictions in it. */
  readonly rows: number;
  /** Milliseconds since the epoch; null for what has not happened. */
  readonly addedAtMs: number;
  readonly takenAtMs: number | null;
  readonly endedAtMs: number | null;
  /** Workers that died, or lost their lock, while they held it. */
  readonly stalls: number;
}

type Fields = [
  data: string | null,
  timestamp: string | null,
  processedOn: string | null,
  finishedOn: string | null,
  stalls: string | null,
];

/** @returns those that are there, the envelope first. @throws QueueUnavailableError */
export async function readJobTimes(
  { redis, catalogue }: ModelQueues,
  model: string,
  { envelopeId, row }: PredictionAddress,
): Promise<JobTimes[]> {
  const names = ['data', 'timestamp', 'processedOn', 'finishedOn', 'stc'] as const;
  const keys = [catalogue.envelopeKey(model, envelopeId), catalogue.retryKey(model, envelopeId, row)];
  const found = await withinBudget(redis, () => Promise.all(keys.map((key) => redis.hmget(key, ...names))));
  return found.flatMap((fields, i) => {
    const [data, added, taken, ended, stalls] = fields as Fields;
    if (data === null) return [];
    return [
      {
        kind: i === 0 ? ('envelope' as const) : ('retry' as const),
        jobId: i === 0 ? envelopeId : retryJobId(envelopeId, row),
        rows: rowCount(JSON.parse(data) as Envelope),
        addedAtMs: Number(added),
        takenAtMs: taken === null ? null : Number(taken),
        endedAtMs: ended === null ? null : Number(ended),
        stalls: Number(stalls ?? 0),
      },
    ];
  });
}
