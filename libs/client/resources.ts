/**
 * What the API takes and answers, by the names that people use. Made from the generated types, so that a field which the
 * API gives up is an error wherever it was used. Fields are called as on the wire (snake_case).
 */
import type { components, paths } from './api-types.js';

type Schemas = components['schemas'];
/** What `POST` takes in its query. */
type BatchQuery = paths['/v1/batches']['post']['parameters']['query'];
type PredictionBody = paths['/v1/predictions']['post']['requestBody']['content']['application/json'];
type ListQuery = NonNullable<paths['/v1/predictions']['get']['parameters']['query']>;

export type Prediction = Schemas['Prediction'];
export type PredictionPage = Schemas['PredictionList'];
export type Batch = Schemas['Batch'];
/** A row that has ended: it has `output` or `error`. */
export type BatchResult = Schemas['BatchResult'];
export type WebhookSecret = Schemas['SecretResource'];
export type KeyPage = Schemas['KeyList'];
export type ApiKey = Schemas['KeyResource'];
/** A key that was made by this call: `key` is shown once. */
export type NewApiKey = Schemas['NewKeyResource'];
export type CreateApiKey = Schemas['KeyCreation'];

/** RFC 9457. What a proxy in between answers has no more than title and status. */
export type Problem = Pick<Schemas['Problem'], 'title' | 'status'> & Partial<Schemas['Problem']>;

export type PredictionRequest = Omit<PredictionBody, 'version' | 'input' | 'stream'> & {
  /** Model by name, `iris`; `version` pins one of its versions. */
  readonly model?: string;
  /** With `model` its label, `1.0.0`; alone anything the API takes: an id, `iris`, `iris:1.0.0`. */
  readonly version?: string;
  readonly input: unknown;
};

/** Which predictions; all of one's own unless given. */
export type PredictionFilter = Omit<ListQuery, 'limit' | 'cursor'>;

export type RowType = 'application/json' | 'application/x-ndjson' | 'text/csv';
/** The fields themselves, with a `custom_id` among them if you like, or `{custom_id, input}`. */
export type Row = Readonly<Record<string, unknown>>;

export type BatchRequest = Omit<BatchQuery, 'metadata' | 'webhook_events_filter'> & {
  readonly metadata?: Readonly<Record<string, string>>;
  readonly webhook_events_filter?: Batch['webhook_events_filter'];
} & (BatchRows | BatchBody);

interface BatchRows {
  /** Sent as they come; what is kept in an array can be sent again where sending failed. */
  readonly rows: Iterable<Row> | AsyncIterable<Row>;
  readonly body?: never;
}

/** Rows that have been written down already. */
interface BatchBody {
  readonly body: AsyncIterable<Uint8Array> | string;
  readonly type: RowType;
  /** The body is compressed. */
  readonly gzip?: boolean;
  readonly rows?: never;
}

export interface Readiness {
  /** False when it cannot serve now. */
  readonly ready: boolean;
  /** `ok`, `degraded` or `error`. */
  readonly status: string;
  /** What works less well, in words. */
  readonly degraded: readonly string[];
}

const ENDED: ReadonlySet<Prediction['status']> = new Set(['succeeded', 'failed', 'canceled', 'aborted']);

/** True when the status will never change again. */
export function hasEnded({ status }: Pick<Prediction, 'status'>): boolean {
  return ENDED.has(status);
}

/** True when each row of it has its result: a batch may be over while some of its rows still wait to be let go of. */
export function hasAllResults({ status, request_counts: counts }: Pick<Batch, 'status' | 'request_counts'>): boolean {
  if (status === 'validating' || status === 'in_progress') return false;
  return counts.completed + counts.failed + counts.not_run >= counts.total;
}
