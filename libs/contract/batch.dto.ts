/** The batch on the wire. */
import { type Batch, rowsEnded, timeLeftMs } from '#domain/batch';
import { EVENT_KINDS, type EventKind } from '#domain/callback';
import { streamUrl } from './prediction-resource.js';
import { toTime, toTimeOrNull } from './time.js';

export interface BatchResource {
  readonly id: string;
  readonly model: string;
  readonly version: string;
  readonly version_label: string;
  readonly status: string;
  readonly request_counts: {
    readonly total: number;
    readonly completed: number;
    readonly failed: number;
    readonly not_run: number;
  };
  readonly progress: number;
  readonly estimated_time_left: number | null;
  readonly error: string | null;
  readonly error_code: string | null;
  readonly completion_window: number;
  readonly webhook: string | null;
  readonly webhook_events_filter: readonly EventKind[] | null;
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly created_at: string;
  readonly started_at: string | null;
  readonly expires_at: string;
  readonly completed_at: string | null;
  readonly urls: { readonly get: string; readonly results: string; readonly cancel: string; readonly stream: string };
}

const time = { type: ['string', 'null'], format: 'date-time' } as const;
const rows = { type: 'integer', minimum: 0 } as const;
const uri = { type: 'string', format: 'uri' } as const;

export const BATCH_SCHEMA = {
  type: 'object',
  description: 'Rows that were sent together, and their progress.',
  required: [
    'id',
    'model',
    'version',
    'version_label',
    'status',
    'request_counts',
    'progress',
    'estimated_time_left',
    'error',
    'error_code',
    'completion_window',
    'webhook',
    'webhook_events_filter',
    'metadata',
    'created_at',
    'started_at',
    'expires_at',
    'completed_at',
    'urls',
  ],
  properties: {
    id: { type: 'string' },
    model: { type: 'string', examples: ['millrace/iris'] },
    version: { type: 'string', description: 'Id of the version, 64 hex digits.' },
    version_label: { type: 'string', examples: ['1.0.0'] },
    status: {
      enum: ['validating', 'in_progress', 'completed', 'failed', 'canceled', 'expired'],
      description: '`validating`: its rows are still arriving.',
    },
    request_counts: {
      type: 'object',
      required: ['total', 'completed', 'failed', 'not_run'],
      properties: {
        total: { ...rows, description: 'Rows that have arrived.' },
        completed: { ...rows, description: 'Rows that have an output.' },
        failed: { ...rows, description: 'Rows that were not valid, or that failed.' },
        not_run: {
          ...rows,
          description: 'Rows that ended without running, because the batch was canceled or expired.',
        },
      },
    },
    progress: { type: 'number', minimum: 0, maximum: 1, description: 'Share of its rows that have ended.' },
    estimated_time_left: {
      type: ['number', 'null'],
      description: 'Seconds at the present pace; null while unknown.',
    },
    error: { type: ['string', 'null'], description: 'Why it failed as a whole, for people.' },
    error_code: { type: ['string', 'null'], description: 'Stable, for programs.' },
    completion_window: { type: 'number', description: 'Seconds; rows that have not run within this time never do.' },
    webhook: { type: ['string', 'null'] },
    webhook_events_filter: { type: ['array', 'null'], items: { enum: EVENT_KINDS } },
    metadata: { type: ['object', 'null'], additionalProperties: { type: 'string' } },
    created_at: { type: 'string', format: 'date-time' },
    started_at: time,
    expires_at: { type: 'string', format: 'date-time' },
    completed_at: { ...time, description: 'When it reached its final status.' },
    urls: {
      type: 'object',
      required: ['get', 'results', 'cancel', 'stream'],
      properties: { get: uri, results: uri, cancel: uri, stream: { ...uri, description: 'Server-sent events.' } },
    },
  },
} as const;

/** One line of the results. */
export const BATCH_RESULT_SCHEMA = {
  type: 'object',
  description: 'One row that has ended: it has `output` or `error`.',
  required: ['index', 'id', 'custom_id'],
  properties: {
    index: { ...rows, description: 'Number of the row in the batch, from 0.' },
    id: { type: 'string', description: 'Id of its prediction.' },
    custom_id: { type: ['string', 'null'], description: 'The name that the client gave it.' },
    output: { description: "The model's answer." },
    error: {
      type: 'object',
      required: ['code', 'message'],
      properties: {
        code: { type: 'string', description: 'Stable, for programs.' },
        message: { type: 'string' },
        errors: {
          type: 'array',
          description: 'What was wrong with a row that was not valid.',
          items: {
            type: 'object',
            required: ['pointer', 'code', 'detail'],
            properties: { pointer: { type: 'string' }, code: { type: 'string' }, detail: { type: 'string' } },
          },
        },
      },
    },
  },
} as const;

/**
 * The batch as clients see it.
 * @param owner of the model
 * @param baseUrl of this API, without a slash at its end
 * @param shown of this caller and this moment
 */
export function toBatchResource(
  batch: Batch,
  owner: string,
  baseUrl: string,
  { waitS = null, streamToken = null }: BatchShown = {},
): BatchResource {
  const { plan, status, counts, startedAtMs, endedAtMs, failure } = batch;
  const url = `${baseUrl}/v1/batches/${plan.id}`;
  const ended = rowsEnded(counts);
  const leftMs = timeLeftMs(batch, Date.now());
  return {
    id: plan.id,
    model: `${owner}/${plan.model}`,
    version: plan.versionId,
    version_label: plan.versionLabel,
    status,
    request_counts: {
      total: batch.rows,
      completed: counts.succeeded,
      failed: counts.failed,
      not_run: counts.dropped,
    },
    // Four digits, rounded down: 1 means all of it.
    progress: batch.rows === 0 ? 0 : Math.floor((ended / batch.rows) * 10_000) / 10_000,
    estimated_time_left: leftMs === null ? waitS : Math.round(leftMs / 100) / 10,
    error: failure?.message ?? null,
    error_code: failure?.code ?? null,
    completion_window: Math.round((plan.expiresAtMs - plan.createdAtMs) / 1_000),
    webhook: plan.callback?.url ?? null,
    webhook_events_filter: plan.callback?.events ?? null,
    metadata: plan.metadata,
    created_at: toTime(plan.createdAtMs),
    started_at: toTimeOrNull(startedAtMs),
    expires_at: toTime(plan.expiresAtMs),
    completed_at: toTimeOrNull(endedAtMs),
    urls: { get: url, results: `${url}/results`, cancel: `${url}/cancel`, stream: streamUrl(url, streamToken) },
  };
}

export interface BatchShown {
  /** Seconds until its first row is expected to run, where that is known. */
  readonly waitS?: number | null;
  /** Opens its stream; null where callers need none. */
  readonly streamToken?: string | null;
}
