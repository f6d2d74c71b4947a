/**
 * The prediction on the wire. The schemas here are the one description of it: requests are validated with them and
 * OpenAPI shows them.
 */
import { EVENT_KINDS, type EventKind } from '#domain/callback';
import { METADATA_LIMITS } from '#domain/limits';
import type { Priority } from '#domain/prediction';

export interface PredictionRequest {
  /** A version's id, `name`, `name:label`, or `owner/name:id`. */
  readonly version: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly webhook?: string;
  readonly webhook_events_filter?: readonly EventKind[];
  readonly priority?: Priority;
  /** Every prediction can be streamed: taken and without effect, as in the API that it comes from. */
  readonly stream?: boolean;
}

const metadata = {
  type: 'object',
  description: `Up to ${METADATA_LIMITS.texts} short strings of your own, returned with the prediction.`,
  maxProperties: METADATA_LIMITS.texts,
  propertyNames: { minLength: 1, maxLength: METADATA_LIMITS.nameLength },
  additionalProperties: { type: 'string', maxLength: METADATA_LIMITS.textLength },
} as const;

const webhook = {
  type: 'string',
  minLength: 1,
  maxLength: 2_048,
  description: 'An https URL to which each event is sent, signed (Standard Webhooks 1.0).',
  examples: ['https://example.com/hooks/millrace'],
} as const;

const webhookEvents = {
  type: 'array',
  description: 'Events to send; by default `completed`. Without `webhook` they are kept for `GET /v1/events`.',
  items: { enum: EVENT_KINDS },
  minItems: 1,
  uniqueItems: true,
} as const;

const priority = {
  enum: ['normal', 'low'],
  description: '`low` runs among the rows of batches, so that it does not delay other predictions.',
} as const;

const stream = {
  type: 'boolean',
  deprecated: true,
  description: 'Without effect: every prediction has `urls.stream`.',
} as const;

/** Body of `POST /v1/predictions`; `input` is checked against its version afterwards. */
export const PREDICTION_REQUEST_SCHEMA = {
  type: 'object',
  additionalProperties: false,
  required: ['version', 'input'],
  properties: {
    version: {
      type: 'string',
      minLength: 1,
      maxLength: 200,
      description: 'A version id (64 hex), `name`, `name:label`, or `owner/name:id`.',
    },
    input: { type: 'object', description: "The version's fields; see the schema of each model." },
    metadata,
    webhook,
    webhook_events_filter: webhookEvents,
    priority,
    stream,
  },
} as const;

/** Body of `POST /v1/models/{owner}/{name}/predictions`: the model is in the path. */
export const MODEL_PREDICTION_REQUEST_SCHEMA = {
  type: 'object',
  additionalProperties: false,
  required: ['input'],
  properties: {
    input: PREDICTION_REQUEST_SCHEMA.properties.input,
    metadata,
    webhook,
    webhook_events_filter: webhookEvents,
    priority,
    stream,
  },
} as const;

export interface PredictionResource {
  readonly id: string;
  readonly model: string;
  readonly version: string;
  readonly version_label: string;
  readonly status: string;
  readonly input: unknown;
  readonly output: unknown;
  readonly error: string | null;
  readonly error_code: string | null;
  /** Tries that have begun. */
  readonly attempts: number;
  readonly logs: string;
  readonly metrics: {
    readonly predict_time?: number;
    readonly queue_time?: number;
    readonly total_time?: number;
    readonly batch_size?: number;
  };
  readonly webhook: string | null;
  readonly webhook_events_filter: readonly EventKind[] | null;
  readonly priority: Priority;
  readonly deadline: string | null;
  /** Seconds; null once it has started, and while nothing is known. */
  readonly estimated_wait: number | null;
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly source: 'api';
  readonly data_removed: boolean;
  readonly created_at: string;
  readonly started_at: string | null;
  readonly completed_at: string | null;
  readonly urls: { readonly get: string; readonly cancel: string; readonly stream: string };
}

const time = { type: ['string', 'null'], format: 'date-time' } as const;
const seconds = { type: 'number', minimum: 0 } as const;

export const PREDICTION_SCHEMA = {
  type: 'object',
  description: 'One prediction: what was asked, where it stands, what came out.',
  required: [
    'id',
    'model',
    'version',
    'version_label',
    'status',
    'input',
    'output',
    'error',
    'error_code',
    'attempts',
    'logs',
    'metrics',
    'webhook',
    'webhook_events_filter',
    'priority',
    'deadline',
    'estimated_wait',
    'metadata',
    'source',
    'data_removed',
    'created_at',
    'started_at',
    'completed_at',
    'urls',
  ],
  properties: {
    id: { type: 'string' },
    model: { type: 'string', examples: ['millrace/iris'] },
    version: { type: 'string', description: 'Id of the version, 64 hex digits.' },
    version_label: { type: 'string', examples: ['1.0.0'] },
    status: { enum: ['starting', 'processing', 'succeeded', 'failed', 'canceled', 'aborted'] },
    input: { type: 'object' },
    output: { description: "The version's output, or null while there is none." },
    error: { type: ['string', 'null'], description: 'One sentence for people.' },
    error_code: { type: ['string', 'null'], description: 'Stable, for programs.' },
    attempts: {
      type: 'integer',
      minimum: 0,
      description: 'Attempts that have begun: the first among others, each further one alone. 0 until it runs.',
    },
    logs: { type: 'string' },
    metrics: {
      type: 'object',
      properties: {
        predict_time: { ...seconds, description: 'Seconds for which its micro-batch ran.' },
        queue_time: { ...seconds, description: 'Seconds from acceptance to the start of the run.' },
        total_time: { ...seconds, description: 'Seconds from acceptance to the settled outcome.' },
        batch_size: { type: 'integer', description: 'Predictions that ran together.' },
      },
    },
    webhook: { type: ['string', 'null'] },
    webhook_events_filter: { type: ['array', 'null'], items: { enum: EVENT_KINDS } },
    priority: { enum: ['normal', 'low'] },
    deadline: {
      ...time,
      description: 'Set by `Cancel-After`: aborted if not started by then, stopped if still running.',
    },
    estimated_wait: {
      type: ['number', 'null'],
      description: 'Seconds until it is expected to start, while it is `starting` and if known.',
    },
    metadata: { type: ['object', 'null'], additionalProperties: { type: 'string' } },
    source: { enum: ['api'] },
    data_removed: {
      type: 'boolean',
      description:
        'True if input and output are no longer kept. In the answer to a repeated request, `status` then says nothing.',
    },
    created_at: { type: 'string', format: 'date-time' },
    started_at: time,
    completed_at: time,
    urls: {
      type: 'object',
      required: ['get', 'cancel', 'stream'],
      properties: {
        get: { type: 'string', format: 'uri' },
        cancel: { type: 'string', format: 'uri' },
        stream: {
          type: 'string',
          format: 'uri',
          description: 'Server-sent events. With keys on, it carries a token that opens this stream without a header.',
        },
      },
    },
  },
} as const;
