/** What the routes of predictions take and answer, for `/openapi.json`: they take raw requests, which no decorator knows. */
import { header, LATE_BODY, pathParameter, problems } from './openapi-parts.js';

type Paths = Record<string, Record<string, object>>;

interface CreateOperation {
  readonly responses: Readonly<Record<string, object>>;
  readonly [key: string]: unknown;
}

/** Examples of a body by the name of the model. */
export type Examples = Readonly<Record<string, object>>;

interface BodyExamples {
  readonly all: Examples;
  /** For where an id stands beside the body: it takes one body only. */
  readonly one: Examples;
}

/** @param schema of the body that creates one, @param examples of it */
export function withPredictions(paths: Paths, schema: object, { all, one }: BodyExamples): Paths {
  const list = paths['/v1/predictions']?.['get'] ?? {};
  return {
    ...paths,
    '/v1/predictions': { get: { ...list, ...LIST }, post: createOperation(schema, all) },
    '/v1/predictions/{id}': { get: GET_OPERATION, put: putOperation(schema, one) },
    '/v1/predictions/{id}/cancel': { post: CANCEL_OPERATION },
    '/v1/predictions/{id}/events': { get: EVENTS_OPERATION },
  };
}

export const LIST_SCHEMA = {
  type: 'object',
  required: ['next', 'previous', 'results'],
  properties: {
    next: { type: ['string', 'null'], format: 'uri', description: 'The next page; null after the last one.' },
    previous: { type: ['string', 'null'] },
    results: { type: 'array', items: { $ref: '#/components/schemas/Prediction' } },
  },
} as const;

const LIST = {
  responses: {
    200: {
      description: 'Your predictions.',
      content: { 'application/json': { schema: { $ref: '#/components/schemas/PredictionList' } } },
    },
    ...problems({ 422: 'The query is not valid.', 503: 'Redis is away.' }),
  },
};

export const HEADERS = [
  header('Prefer', '`wait` or `wait=seconds` (at most 60): answer when the prediction has ended.'),
  header('Idempotency-Key', 'For example `order-17`: the same key and body give the same prediction, for 24 hours.'),
  header(
    'Cancel-After',
    'Its deadline, counted from now: `90s`, `15m` or `2h`, for example. A prediction that has not run by then never does.',
  ),
  header('X-Request-ID', 'For example `my-request-1`: returned with the answer, and part of log lines and webhooks.'),
  header(
    'traceparent',
    'W3C Trace Context, such as `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01`: all work for the request ' +
      'becomes part of that trace, webhooks included.',
  ),
];

/** @param own problems that only one of the ways to create a prediction has */
export function createOperation(
  schema: object,
  examples: Examples,
  own: Readonly<Record<number, string>> = {},
): CreateOperation {
  return {
    operationId: 'createPrediction',
    tags: ['predictions'],
    summary: 'Create a prediction',
    description: 'Accepted once it is durable in the queue. A wrong input is refused here and never queued.',
    parameters: HEADERS,
    requestBody: { required: true, content: { 'application/json': { schema, examples } } },
    responses: {
      201: {
        description: 'Accepted; with `Prefer: wait`, as far as it got in that time.',
        headers: { Location: { schema: { type: 'string' } } },
        content: PREDICTION,
      },
      ...problems({
        400: 'The body is not JSON, or the Idempotency-Key is malformed.',
        ...LATE_BODY,
        409: 'The same Idempotency-Key is being handled right now.',
        413: 'The body is too large.',
        415: 'The body is not application/json.',
        422: 'Unknown model, wrong input, or an Idempotency-Key used with another body: `errors` says where and why.',
        429: 'The queue is full; `Retry-After` says when to come back.',
        503: 'Redis is away, and whether the prediction runs is unknown; or an operator is draining the model (`model_draining`).',
        ...own,
      }),
    },
  };
}

const PREDICTION = { 'application/json': { schema: { $ref: '#/components/schemas/Prediction' } } };

const GET_OPERATION = {
  operationId: 'getPrediction',
  tags: ['predictions'],
  summary: 'Get a prediction',
  parameters: [
    pathParameter('id'),
    {
      name: 'wait',
      in: 'query',
      schema: { type: 'number', minimum: 0, maximum: 60 },
      description: 'Seconds to wait for the end of the prediction before answering.',
    },
    header('If-None-Match', 'The ETag of an earlier answer: 304 if nothing has changed since.'),
  ],
  responses: {
    200: { description: 'Where it stands.', content: PREDICTION },
    304: { description: 'Nothing has changed.' },
    ...problems({
      400: '`wait` is not a number of seconds.',
      404: 'Unknown (`not_found`), or ended and no longer kept (`expired`).',
      503: 'Redis is away.',
    }),
  },
};

const CANCEL_OPERATION = {
  operationId: 'cancelPrediction',
  tags: ['predictions'],
  summary: 'Cancel a prediction',
  description: 'A waiting prediction never runs. One that has ended is returned as it is.',
  parameters: [pathParameter('id')],
  responses: {
    200: { description: 'Where it stands now.', content: PREDICTION },
    ...problems({
      404: 'Unknown or expired.',
      409: 'It is a row of a batch, which can only be canceled as a whole.',
      503: 'Redis is away.',
    }),
  },
};

function putOperation(schema: object, examples: Examples): object {
  const created = createOperation(schema, examples, {
    404: 'The id has the form that Millrace reserves for its own.',
    409: 'The same id is being handled right now.',
    422: 'Unknown model, wrong input, or an id that is malformed or was used with another body: `errors` says where and why.',
  });
  return {
    ...created,
    operationId: 'putPrediction',
    summary: 'Create a prediction with an id of your own',
    description:
      'The same id and body give the same prediction, however often and by however many callers they are sent: for as ' +
      'long as its result is kept, and at least 24 hours.',
    parameters: [
      {
        ...pathParameter('id', 'my-first-prediction'),
        description:
          '1 to 128 letters, digits, dots, dashes, underscores and tildes; it begins with a letter or digit.',
      },
      ...HEADERS.filter(({ name }) => name !== 'Idempotency-Key'),
    ],
    responses: {
      ...created.responses,
      200: { description: 'It existed already: where it stands.', content: PREDICTION },
    },
  };
}

/** Of the stream of a prediction or of a batch. */
export const STREAM_PARAMETERS = [
  header('Last-Event-ID', 'The `id` of the last event that you have: the stream continues after it.'),
  {
    name: 'token',
    in: 'query',
    required: false,
    schema: { type: 'string' },
    description: 'Part of `urls.stream`; opens this stream without a header.',
  },
];

const EVENTS_OPERATION = {
  operationId: 'streamPrediction',
  tags: ['predictions'],
  summary: 'Follow a prediction as server-sent events',
  description:
    '`start` and `completed` carry the prediction, `output` its output. `error` comes after a failure and says why in ' +
    'words; `done` ends the stream. Each comes at most once. A comment every 15 seconds keeps the connection open.',
  parameters: [pathParameter('id'), ...STREAM_PARAMETERS],
  responses: {
    200: {
      description: 'The events, as they happen.',
      content: { 'text/event-stream': { schema: { type: 'string' } } },
    },
    204: { description: 'The last event has been received already: there is nothing more.' },
    ...problems({ 404: 'Unknown or expired.', 503: 'Redis is away.' }),
  },
};
