/** `/openapi.json` and `/docs`: the wire contract, with each model's own input, output, and an example that runs. */
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import {
  MODEL_PREDICTION_REQUEST_SCHEMA,
  PREDICTION_REQUEST_SCHEMA,
  PREDICTION_SCHEMA,
  PROBLEM_SCHEMA,
} from '#contract/prediction.dto';
import { inputSchema, outputSchema } from '#models/input-schema';
import type { ModelRepository, ModelVersion } from '#models/repository';
import { BATCH_SCHEMAS, withBatches } from './batches/batches.openapi.js';
import { HEALTH_OPERATION, HEALTH_SCHEMAS, READY_OPERATION } from './health.openapi.js';
import { example } from './models.controller.js';
import { header, pathParameter, problems } from './openapi-parts.js';

export function mountOpenApi(app: NestFastifyApplication, repository: ModelRepository, version: string): void {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Millrace')
    .setDescription(
      'Asynchronous, queue-driven model inference. Post an input, get an id at once, read the answer later.',
    )
    .setVersion(version)
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addServer('/')
    .addBearerAuth({
      type: 'http',
      scheme: 'bearer',
      description: 'An API key: `mr_live_...`; none where keys are off.',
    })
    .addSecurityRequirements('bearer')
    .build();
  const document = addContract(SwaggerModule.createDocument(app, config), repository);
  SwaggerModule.setup('docs', app, document, {
    jsonDocumentUrl: 'openapi.json',
    yamlDocumentUrl: 'openapi.yaml',
    customSiteTitle: 'Millrace API',
  });
}

type Operations = Record<string, Record<string, object>>;

/** Adds what the hot routes, which take raw requests, cannot say by decorators. */
function addContract(document: OpenAPIObject, repository: ModelRepository): OpenAPIObject {
  const versions = repository.names().flatMap((name) => repository.latest(name) ?? []);
  const schemas: Record<string, unknown> = {
    ...document.components?.schemas,
    Prediction: PREDICTION_SCHEMA,
    Problem: PROBLEM_SCHEMA,
    PredictionRequest: PREDICTION_REQUEST_SCHEMA,
    ...BATCH_SCHEMAS,
    ...HEALTH_SCHEMAS,
    ...Object.fromEntries(versions.flatMap(modelSchemas)),
  };
  const paths: Operations = { ...(document.paths as unknown as Operations) };
  paths['/v1/predictions'] = { post: createOperation(requestSchema(versions), examplesOf(versions)) };
  paths['/v1/models/{owner}/{name}/predictions'] = {
    post: {
      ...createOperation(MODEL_PREDICTION_REQUEST_SCHEMA, inputExamplesOf(versions), {
        404: 'There is no such model.',
        422: 'Wrong input, or a key used with another body: `errors` says where and why.',
      }),
      operationId: 'createModelPrediction',
      summary: "Create a prediction with a model's latest version",
      parameters: [pathParameter('owner', 'millrace'), pathParameter('name', 'iris'), ...HEADERS],
    },
  };
  paths['/v1/predictions/{id}'] = { get: GET_OPERATION };
  paths['/v1/predictions/{id}/cancel'] = { post: CANCEL_OPERATION };
  paths['/health'] = { get: HEALTH_OPERATION };
  paths['/ready'] = { get: READY_OPERATION };
  return {
    ...document,
    paths: withBatches(paths),
    components: {
      ...document.components,
      schemas: schemas as NonNullable<OpenAPIObject['components']>['schemas'] & object,
    },
  };
}

function schemaName({ name }: ModelVersion): string {
  return name.replace(/(^|-)([a-z])/g, (_, __, letter: string) => letter.toUpperCase());
}

function modelSchemas(version: ModelVersion): [string, unknown][] {
  const { manifest } = version;
  const name = schemaName(version);
  return [
    [`${name}Input`, { title: manifest.title, ...inputSchema(manifest), examples: [example(version).input] }],
    [`${name}Output`, { ...outputSchema(manifest.outputs), examples: [example(version).output] }],
  ];
}

/** The request, with `input` as one of the models' inputs. */
function requestSchema(versions: readonly ModelVersion[]): object {
  const anyOf = versions.map((version) => ({ $ref: `#/components/schemas/${schemaName(version)}Input` }));
  const { properties } = PREDICTION_REQUEST_SCHEMA;
  return { ...PREDICTION_REQUEST_SCHEMA, properties: { ...properties, input: { ...properties.input, anyOf } } };
}

function examplesOf(versions: readonly ModelVersion[]): object {
  return Object.fromEntries(
    versions.map((v) => [v.name, { summary: v.manifest.title, value: { version: v.name, input: example(v).input } }]),
  );
}

function inputExamplesOf(versions: readonly ModelVersion[]): object {
  return Object.fromEntries(
    versions.map((v) => [v.name, { summary: v.manifest.title, value: { input: example(v).input } }]),
  );
}

const HEADERS = [
  header('Prefer', '`wait` or `wait=seconds` (at most 60): answer when the prediction has ended.', 'wait=10'),
  header('Idempotency-Key', 'The same key and body give the same prediction, for 24 hours.', '"order-4711"'),
  header(
    'Cancel-After',
    'Its deadline, as `90s`, `15m` or `2h` from now: what has not run by then does not run.',
    '90s',
  ),
  header('X-Request-ID', 'Comes back with the answer, stands in the logs and in webhooks.', 'my-request-1'),
  header(
    'traceparent',
    'W3C Trace Context: what is done for it is a part of that trace, webhooks too.',
    '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  ),
];

/** @param own problems that only one of the two ways to create a prediction has */
function createOperation(schema: object, examples: object, own: Readonly<Record<number, string>> = {}): object {
  return {
    operationId: 'createPrediction',
    tags: ['predictions'],
    summary: 'Create a prediction',
    description: 'Accepted once it is durable in the queue. A wrong input is answered here and never queued.',
    parameters: HEADERS,
    requestBody: { required: true, content: { 'application/json': { schema, examples } } },
    responses: {
      201: {
        description: 'Accepted; with `Prefer: wait`, as far as it got in that time.',
        headers: { Location: { schema: { type: 'string' } } },
        content: PREDICTION,
      },
      ...problems({
        400: 'The body is not JSON, or the Idempotency-Key is none.',
        409: 'The same Idempotency-Key is being handled right now.',
        413: 'The body is too large.',
        415: 'The body is not application/json.',
        422: 'Unknown model, wrong input, or a key used with another body: `errors` says where and why.',
        429: 'The queue is full; `Retry-After` says when to come back.',
        503: 'Redis is away; whether the prediction runs is unknown.',
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
      description: 'Seconds to hold the answer until the prediction has ended.',
    },
    header('If-None-Match', 'The ETag of an earlier answer; nothing new is answered with 304.'),
  ],
  responses: {
    200: { description: 'Where it stands.', content: PREDICTION },
    304: { description: 'Nothing has changed.' },
    ...problems({
      400: '`wait` is no number of seconds.',
      404: 'Unknown (`not_found`), or ended and no longer kept (`expired`).',
      503: 'Redis is away.',
    }),
  },
};

const CANCEL_OPERATION = {
  operationId: 'cancelPrediction',
  tags: ['predictions'],
  summary: 'Cancel a prediction',
  description: 'A waiting prediction never runs. One that has ended is answered as it is.',
  parameters: [pathParameter('id')],
  responses: {
    200: { description: 'Where it stands now.', content: PREDICTION },
    ...problems({
      404: 'Unknown or expired.',
      409: 'A row of a batch, which is canceled as a whole.',
      503: 'Redis is away.',
    }),
  },
};
