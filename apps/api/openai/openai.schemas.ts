/** What OpenAI's files and batches look like, for `/openapi.json`. */
import { PROBLEM_SCHEMA } from '#contract/problem.schema';
import { REQUEST_URL } from '#rows/request-line';

export const text = { type: 'string' } as const;
const textOrNull = { type: ['string', 'null'] } as const;
const count = { type: 'integer', minimum: 0 } as const;
const time = { type: 'integer', description: 'Seconds since the epoch.' } as const;
const timeOrNull = { type: ['integer', 'null'], description: 'Seconds since the epoch.' } as const;
const metadata = { type: ['object', 'null'], additionalProperties: text } as const;

const FILE = {
  type: 'object',
  description: 'A file of requests, or of results.',
  required: ['id', 'object', 'bytes', 'created_at', 'expires_at', 'filename', 'purpose', 'status'],
  properties: {
    id: text,
    object: { enum: ['file'] },
    bytes: count,
    created_at: time,
    expires_at: { ...timeOrNull, description: 'Null for results, which are kept as long as their batch.' },
    filename: text,
    purpose: { enum: ['batch', 'batch_output'] },
    status: { enum: ['processed'] },
  },
} as const;

const BATCH_PROPERTIES = {
  id: text,
  object: { enum: ['batch'] },
  endpoint: text,
  model: textOrNull,
  errors: {
    type: ['object', 'null'],
    description: 'Why it failed as a whole.',
    required: ['object', 'data'],
    properties: {
      object: { enum: ['list'] },
      data: {
        type: 'array',
        items: {
          type: 'object',
          required: ['code', 'message', 'line', 'param'],
          properties: {
            code: { ...text, description: 'Stable, for programs.' },
            message: text,
            line: { type: ['integer', 'null'], description: 'Line of the file, from 1; blank lines are not counted.' },
            param: textOrNull,
          },
        },
      },
    },
  },
  input_file_id: text,
  completion_window: text,
  status: { enum: ['validating', 'in_progress', 'completed', 'failed', 'expired', 'cancelling', 'cancelled'] },
  output_file_id: { ...textOrNull, description: 'The answers, once all requests have ended.' },
  error_file_id: { ...textOrNull, description: 'The requests without an answer, once all have ended.' },
  created_at: time,
  in_progress_at: timeOrNull,
  expires_at: timeOrNull,
  finalizing_at: timeOrNull,
  completed_at: timeOrNull,
  failed_at: timeOrNull,
  expired_at: timeOrNull,
  cancelling_at: timeOrNull,
  cancelled_at: timeOrNull,
  request_counts: {
    type: 'object',
    required: ['total', 'completed', 'failed'],
    properties: { total: count, completed: count, failed: count },
  },
  metadata,
} as const;

function list(item: string): object {
  return {
    type: 'object',
    required: ['object', 'data', 'first_id', 'last_id', 'has_more'],
    properties: {
      object: { enum: ['list'] },
      data: { type: 'array', items: { $ref: `#/components/schemas/${item}` } },
      first_id: textOrNull,
      last_id: { ...textOrNull, description: 'Give it as `after` for the next page.' },
      has_more: { type: 'boolean' },
    },
  };
}

export const OPENAI_SCHEMAS = {
  OpenAiFile: FILE,
  OpenAiFileList: list('OpenAiFile'),
  OpenAiFileDeletion: {
    type: 'object',
    required: ['id', 'object', 'deleted'],
    properties: { id: text, object: { enum: ['file'] }, deleted: { type: 'boolean' } },
  },
  OpenAiBatchRequest: {
    type: 'object',
    additionalProperties: false,
    required: ['input_file_id', 'endpoint', 'completion_window'],
    properties: {
      input_file_id: text,
      endpoint: { enum: [REQUEST_URL] },
      completion_window: {
        ...text,
        description: 'Requests that have not run within this time never do: `1s` to `7d`.',
        examples: ['24h'],
      },
      metadata: { ...metadata, description: 'Up to 16 short strings, returned with the batch.' },
    },
  },
  OpenAiBatch: {
    type: 'object',
    description: 'A batch, as clients of OpenAI know it.',
    required: Object.keys(BATCH_PROPERTIES),
    properties: BATCH_PROPERTIES,
  },
  OpenAiBatchList: list('OpenAiBatch'),
  OpenAiProblem: {
    ...PROBLEM_SCHEMA,
    description: "A problem (RFC 9457) that is also an error in OpenAI's form.",
    required: [...PROBLEM_SCHEMA.required, 'error'],
    properties: {
      ...PROBLEM_SCHEMA.properties,
      error: {
        type: 'object',
        required: ['message', 'type', 'param', 'code'],
        properties: { message: text, type: text, param: textOrNull, code: text },
      },
    },
  },
};

/** A file as it is sent, in a form. */
export const UPLOAD = {
  type: 'object',
  required: ['file', 'purpose'],
  properties: {
    file: {
      type: 'string',
      contentMediaType: 'application/jsonl',
      description: `One request per line: {"custom_id", "method": "POST", "url": "${REQUEST_URL}", "body": {"model", "input"}}.`,
    },
    purpose: { enum: ['batch'] },
    expires_after: {
      type: 'object',
      description: 'Sent as `expires_after[anchor]` and `expires_after[seconds]`.',
      properties: { anchor: { enum: ['created_at'] }, seconds: { type: 'integer', minimum: 1 } },
    },
  },
} as const;
