/** What the routes of batches take and answer, for `/openapi.json`: bodies that are streams have no DTO to read it from. */
import { BATCH_RESULT_SCHEMA, BATCH_SCHEMA } from '#contract/batch.dto';
import { header, problems } from '../openapi-parts.js';
import { STREAM_PARAMETERS } from '../predictions.openapi.js';

type Operation = Readonly<Record<string, unknown>>;
type Paths = Record<string, Record<string, object>>;

export const BATCH_SCHEMAS = { Batch: BATCH_SCHEMA, BatchResult: BATCH_RESULT_SCHEMA, BatchList: list('Batch') };

const BATCH = { 'application/json': { schema: { $ref: '#/components/schemas/Batch' } } };
const UNKNOWN = 'Unknown (`not_found`), or ended and no longer kept (`expired`).';
const AWAY = 'Redis is away.';

const CREATE: Operation = {
  requestBody: {
    required: true,
    description: 'The rows. They are read as they arrive; `Content-Encoding: gzip` is supported.',
    content: {
      'application/json': { schema: { type: 'array', items: { type: 'object' } } },
      'application/x-ndjson': { schema: { type: 'string', description: 'One JSON object per line.' } },
      'text/csv': { schema: { type: 'string', description: 'A header row names the fields; an empty cell is null.' } },
    },
  },
  responses: {
    201: {
      description: 'Every row is in the queue.',
      headers: { Location: { schema: { type: 'string' } } },
      content: BATCH,
    },
    ...problems({
      400: 'The body is not what its content type says; `detail` names the row.',
      404: 'The batch with this Idempotency-Key has ended and is no longer kept (`expired`).',
      408: 'Nothing arrived for a while (`upload_stalled`). With an Idempotency-Key the upload can be repeated.',
      409: 'The key is being used by another upload right now, or the batch was canceled while its rows arrived.',
      413: 'Too many rows or bytes.',
      415: 'The body is neither JSON, NDJSON nor CSV, or has an encoding other than gzip.',
      422: 'A wrong option, no rows, invalid rows (`on_invalid=reject`), or an Idempotency-Key used with other rows.',
      429: 'The queue is full.',
      503: 'Redis is away, or an operator is draining the model (`model_draining`).',
    }),
  },
};

const RESULTS: Operation = {
  responses: {
    200: {
      description: 'The rows that have ended, in their order, up to the first that has not.',
      content: {
        'application/x-ndjson': { schema: { $ref: '#/components/schemas/BatchResult' } },
        'text/csv': { schema: { type: 'string' } },
      },
    },
    ...problems({
      404: UNKNOWN,
      406: 'Results come as NDJSON or CSV only.',
      422: 'The query is not valid.',
      503: AWAY,
    }),
  },
};

const MORE: Readonly<Record<string, Operation>> = {
  createBatch: CREATE,
  streamBatch: {
    description:
      '`progress`, sent after changes but at most once a second, and `completed` carry the batch; `done` is the last ' +
      'event. A comment every 15 seconds keeps the connection open.',
    responses: {
      200: {
        description: 'The events, as they happen.',
        content: { 'text/event-stream': { schema: { type: 'string' } } },
      },
      204: { description: 'The last event has been received already: there is nothing more.' },
      ...problems({ 404: UNKNOWN, 503: AWAY }),
    },
  },
  listBatches: {
    responses: {
      200: {
        description: 'Your batches.',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/BatchList' } } },
      },
      ...problems({ 422: 'The query is not valid.', 503: AWAY }),
    },
  },
  getBatch: {
    responses: {
      200: { description: 'Where it stands.', content: BATCH },
      ...problems({ 404: UNKNOWN, 503: AWAY }),
    },
  },
  getBatchResults: RESULTS,
  cancelBatch: {
    responses: {
      200: { description: 'Where it stands now.', content: BATCH },
      ...problems({ 404: UNKNOWN, 503: AWAY }),
    },
  },
};

const HEADERS = [
  header(
    'Idempotency-Key',
    'The same key, options and rows give the same batch, so an upload that was cut off can be repeated.',
  ),
  header('Content-Encoding', '`gzip`, or none.'),
];

const MORE_PARAMETERS: Readonly<Record<string, readonly object[]>> = {
  createBatch: HEADERS,
  streamBatch: STREAM_PARAMETERS,
};

/** Adds to what Nest found by decorators: parameters and summaries stay. */
export function withBatches(paths: Readonly<Paths>): Paths {
  const all = Object.entries(paths).map(([path, operations]): [string, Record<string, object>] => [
    path,
    Object.fromEntries(
      Object.entries(operations).map(([method, operation]) => [method, complete(operation as Operation)]),
    ),
  ]);
  return Object.fromEntries(all);
}

function complete(operation: Operation): object {
  const id = operation['operationId'] as string;
  const more = MORE[id];
  if (more === undefined) return operation;
  const parameters = operation['parameters'] as object[];
  return { ...operation, ...more, parameters: [...parameters, ...(MORE_PARAMETERS[id] ?? [])] };
}

function list(item: string): object {
  return {
    type: 'object',
    required: ['next', 'previous', 'results'],
    properties: {
      next: { type: ['string', 'null'], description: 'Path of the next page.' },
      previous: { type: ['string', 'null'] },
      results: { type: 'array', items: { $ref: `#/components/schemas/${item}` } },
    },
  };
}
