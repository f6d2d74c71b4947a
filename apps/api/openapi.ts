/** `/openapi.json` and `/docs`: the wire contract, with each model's own input, output, and an example that runs. */
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import {
  MODEL_PREDICTION_REQUEST_SCHEMA,
  PREDICTION_REQUEST_SCHEMA,
  PREDICTION_SCHEMA,
} from '#contract/prediction.dto';
import { PROBLEM_SCHEMA } from '#contract/problem.schema';
import { inputSchema, outputSchema } from '#models/input-schema';
import type { ModelRepository, ModelVersion } from '#models/repository';
import { BATCH_SCHEMAS, withBatches } from './batches/batches.openapi.js';
import { HEALTH_OPERATION, HEALTH_SCHEMAS, READY_OPERATION } from './health.openapi.js';
import { example } from './models.controller.js';
import { OPENAI_PATHS } from './openai/openai.openapi.js';
import { OPENAI_SCHEMAS } from './openai/openai.schemas.js';
import { OPEN_INFERENCE_SCHEMAS, openInferencePaths } from './open-inference/open-inference.openapi.js';
import { pathParameter } from './openapi-parts.js';
import { createOperation, type Examples, HEADERS, LIST_SCHEMA, withPredictions } from './predictions.openapi.js';

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
      description: 'An API key: `mr_live_...`; not needed where keys are off.',
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

/** What everybody comes for stands first; Nest does not know these routes. */
const FIRST: Operations = {
  '/v1/predictions': {},
  '/v1/models/{owner}/{name}/predictions': {},
  '/v1/predictions/{id}': {},
  '/v1/predictions/{id}/cancel': {},
};

/** Adds what the hot routes, which take raw requests, cannot say by decorators. */
function addContract(document: OpenAPIObject, repository: ModelRepository): OpenAPIObject {
  const versions = repository.names().flatMap((name) => repository.latest(name) ?? []);
  // Where the path names a model, or an id, its parameters and the example beside them have to fit each other.
  const shown = versions.find(({ name }) => name === 'iris') ?? versions[0];
  const schemas: Record<string, unknown> = {
    ...document.components?.schemas,
    Prediction: PREDICTION_SCHEMA,
    PredictionList: LIST_SCHEMA,
    Problem: PROBLEM_SCHEMA,
    PredictionRequest: PREDICTION_REQUEST_SCHEMA,
    ...BATCH_SCHEMAS,
    ...HEALTH_SCHEMAS,
    ...OPEN_INFERENCE_SCHEMAS,
    ...OPENAI_SCHEMAS,
    ...Object.fromEntries(versions.flatMap(modelSchemas)),
  };
  const paths: Operations = { ...FIRST, ...(document.paths as unknown as Operations) };
  paths['/v1/models/{owner}/{name}/predictions'] = {
    post: {
      ...createOperation(MODEL_PREDICTION_REQUEST_SCHEMA, shown ? inputExampleOf(shown) : {}, {
        404: 'There is no such model.',
        422: 'Wrong input, or an Idempotency-Key used with another body: `errors` says where and why.',
      }),
      operationId: 'createModelPrediction',
      summary: "Create a prediction with a model's latest version",
      parameters: [pathParameter('owner', shown?.owner), pathParameter('name', shown?.name), ...HEADERS],
    },
  };
  Object.assign(paths, openInferencePaths(shown), OPENAI_PATHS);
  paths['/health'] = { get: HEALTH_OPERATION };
  paths['/ready'] = { get: READY_OPERATION };
  return {
    ...document,
    paths: withBatches(
      withPredictions(paths, requestSchema(versions), {
        all: examplesOf(versions),
        one: examplesOf(shown ? [shown] : []),
      }),
    ),
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

function examplesOf(versions: readonly ModelVersion[]): Examples {
  return Object.fromEntries(
    versions.map((v) => [v.name, { summary: v.manifest.title, value: { version: v.name, input: example(v).input } }]),
  );
}

function inputExampleOf(version: ModelVersion): Examples {
  return { [version.name]: { summary: version.manifest.title, value: { input: example(version).input } } };
}
