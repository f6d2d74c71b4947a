/** What the routes of the Open Inference Protocol take and answer, for `/openapi.json`. */
import { PROBLEM_SCHEMA } from '#contract/problem.schema';
import type { ModelVersion } from '#models/repository';
import { example } from '../models.controller.js';
import { header, LATE_BODY, openProblems, pathParameter, problems } from '../openapi-parts.js';
import { INFER_REQUEST_SCHEMA } from './infer-request.js';
import { VersionTensors } from './version-tensors.js';

type Paths = Record<string, Record<string, object>>;

const text = { type: 'string' } as const;
const texts = { type: 'array', items: text } as const;
const shape = { type: 'array', items: { type: 'integer' } } as const;

const tensor = {
  type: 'object',
  required: ['name', 'datatype', 'shape'],
  properties: { name: text, datatype: text, shape: { ...shape, description: '-1 where the size varies.' } },
} as const;

const output = {
  type: 'object',
  required: ['name', 'datatype', 'shape', 'data'],
  properties: {
    name: text,
    datatype: text,
    shape,
    parameters: { type: 'object', additionalProperties: text },
    data: { type: 'array', description: 'Row by row, flat.' },
  },
} as const;

const uri = { type: 'string', format: 'uri' } as const;

const ANSWER = {
  type: 'object',
  required: ['model_name', 'model_version', 'outputs'],
  properties: {
    model_name: text,
    model_version: { ...text, description: 'Label of the version.' },
    id: { ...text, description: 'The id of the request, if it had one.' },
    outputs: { type: 'array', items: output },
  },
} as const;

export const OPEN_INFERENCE_SCHEMAS = {
  InferenceServer: {
    type: 'object',
    required: ['name', 'version', 'extensions'],
    properties: { name: text, version: text, extensions: texts },
  },
  InferenceLive: { type: 'object', required: ['live'], properties: { live: { type: 'boolean' } } },
  InferenceReady: {
    type: 'object',
    required: ['ready', 'live'],
    properties: { ready: { type: 'boolean' }, live: { type: 'boolean' } },
  },
  InferenceModelReady: {
    type: 'object',
    required: ['name', 'ready'],
    properties: { name: text, ready: { type: 'boolean' } },
  },
  InferenceModel: {
    type: 'object',
    required: ['name', 'versions', 'platform', 'inputs', 'outputs', 'properties'],
    properties: {
      name: text,
      versions: texts,
      platform: text,
      inputs: { type: 'array', items: tensor },
      outputs: { type: 'array', items: tensor },
      properties: {
        type: 'object',
        description: 'Title, task, and the tensors that hold several inputs at once.',
        additionalProperties: text,
      },
    },
  },
  InferenceRequest: INFER_REQUEST_SCHEMA,
  InferenceAnswer: { ...ANSWER, description: 'One tensor per output, with all rows.' },
  InferenceAccepted: {
    ...ANSWER,
    description: 'The rows are in the queue; each is a prediction.',
    required: [...ANSWER.required, 'predictions'],
    properties: {
      ...ANSWER.properties,
      predictions: {
        type: 'array',
        description: 'In the order of the rows.',
        items: {
          type: 'object',
          required: ['id', 'status', 'urls'],
          properties: {
            id: text,
            status: text,
            urls: {
              type: 'object',
              required: ['get', 'cancel', 'stream'],
              properties: { get: uri, cancel: uri, stream: uri },
            },
          },
        },
      },
    },
  },
  InferenceProblem: {
    ...PROBLEM_SCHEMA,
    description: 'A problem (RFC 9457) that is also an error of the Open Inference Protocol.',
    required: [...PROBLEM_SCHEMA.required, 'error'],
    properties: { ...PROBLEM_SCHEMA.properties, error: { ...text, description: 'Same as `detail`.' } },
  },
} as const;

function content(name: keyof typeof OPEN_INFERENCE_SCHEMAS): object {
  return { 'application/json': { schema: { $ref: `#/components/schemas/${name}` } } };
}

/** Problems of these routes say what they say in the protocol's words as well. */
function withError(answers: Record<string, { readonly description: string }>): Record<string, object> {
  const schema = { $ref: '#/components/schemas/InferenceProblem' };
  return Object.fromEntries(
    Object.entries(answers).map(([status, { description }]) => [
      status,
      { description, content: { 'application/problem+json': { schema } } },
    ]),
  );
}

function operation(operationId: string, summary: string, more: object): object {
  return { operationId, tags: ['open inference protocol'], summary, ...more };
}

const UNKNOWN = 'There is no such model, or no such version of it.';

/** @param shown what parameters and bodies have as their example */
export function openInferencePaths(shown: ModelVersion | undefined): Paths {
  const forModel = forModelLike(shown);
  return {
    '/v2/health/live': {
      get: operation('inferenceLive', 'Ask whether the server is alive', {
        security: [],
        responses: { 200: { description: 'It is.', content: content('InferenceLive') } },
      }),
    },
    '/v2/health/ready': {
      get: operation('inferenceReady', 'Ask whether the server and all of its models are ready', {
        security: [],
        responses: {
          200: { description: 'They are.', content: content('InferenceReady') },
          503: { description: 'Redis is away, or a model has no live worker.', content: content('InferenceReady') },
          ...withError(openProblems({})),
        },
      }),
    },
    '/v2': {
      get: operation('inferenceServer', 'Show the server', {
        responses: {
          200: { description: 'Name, version and extensions.', content: content('InferenceServer') },
          ...withError(problems({})),
        },
      }),
    },
    ...forModel('', 'get', 'inferenceModel', 'Show the input and output tensors of a model', {
      responses: {
        200: { description: 'Its tensors.', content: content('InferenceModel') },
        ...withError(problems({ 404: UNKNOWN })),
      },
    }),
    ...forModel('/ready', 'get', 'inferenceModelReady', 'Ask whether a live worker has a model', {
      responses: {
        200: { description: 'A live worker has it.', content: content('InferenceModelReady') },
        503: { description: 'No live worker has it.', content: content('InferenceModelReady') },
        ...withError(problems({ 404: UNKNOWN })),
      },
    }),
    ...forModel('/infer', 'post', 'infer', 'Run a model on tensors', inferOperation(shown)),
  };
}

/** The same for the latest version and for a named one. */
function forModelLike(shown: ModelVersion | undefined): ForModel {
  const name = pathParameter('name', shown?.name);
  const version = { ...pathParameter('version', shown?.label), description: 'Label or id of a version.' };
  return (path, method, id, summary, more) => {
    const { parameters = [], ...rest } = more;
    const latest = operation(id, summary, { ...rest, parameters: [name, ...parameters] });
    const named = operation(`${id}Version`, `${summary}, for one version`, {
      ...rest,
      parameters: [name, version, ...parameters],
    });
    return {
      [`/v2/models/{name}${path}`]: { [method]: latest },
      [`/v2/models/{name}/versions/{version}${path}`]: { [method]: named },
    };
  };
}

type ForModel = (path: string, method: string, id: string, summary: string, more: OperationParts) => Paths;

interface OperationParts {
  readonly parameters?: readonly object[];
  readonly [part: string]: unknown;
}

function inferOperation(shown: ModelVersion | undefined): OperationParts {
  return {
    description:
      'Each row becomes a prediction, and goes through the queue like any other. The answer waits for all rows.',
    parameters: [
      header('Prefer', '`wait=seconds` (at most 60, the default); `respond-async`: 202 at once, or after `wait`.'),
      header(
        'Idempotency-Key',
        'For example `order-17`: the same key and rows give the same predictions, for 24 hours.',
      ),
      header('Cancel-After', 'The deadline of the rows, counted from now: `90s`, `15m` or `2h`, for example.'),
    ],
    requestBody: {
      required: true,
      content: {
        'application/json': {
          schema: { $ref: '#/components/schemas/InferenceRequest' },
          examples: shown ? { [shown.name]: inferExample(shown) } : {},
        },
      },
    },
    responses: {
      200: { description: 'All rows have answers.', content: content('InferenceAnswer') },
      202: { description: 'The rows are in the queue (`respond-async`).', content: content('InferenceAccepted') },
      ...withError(
        problems({
          400: 'The body is not JSON, or the Idempotency-Key is malformed.',
          ...LATE_BODY,
          404: UNKNOWN,
          409: 'The same Idempotency-Key is being handled right now.',
          413: 'The body is too large.',
          415: 'The body is not application/json.',
          422: 'The tensors are not valid: `errors` names the elements.',
          429: 'The queue is full; `Retry-After` says when to come back.',
          500: 'The model failed on a row.',
          503: 'Redis is away, or no worker answered in time.',
        }),
      ),
    },
  };
}

function inferExample(version: ModelVersion): object {
  const input = (example(version).input ?? {}) as Readonly<Record<string, unknown>>;
  const inputs = new VersionTensors(version.manifest).inputs.map(({ name, datatype, shape: [, ...rest] }) => ({
    name,
    shape: [1, ...rest],
    datatype,
    data: [input[name]].flat(),
  }));
  return { summary: version.manifest.title, value: { id: '42', inputs } };
}
