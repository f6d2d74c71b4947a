/**
 * The published contract is true: `/openapi.json` is a valid OpenAPI 3.1 document, it shows each model's own input and
 * output, and every example in it, posted as it stands, is accepted and gives the answer that stands beside it.
 */
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { beforeAll, expect, it } from 'vitest';
import { difference } from '#models/golden';
import type { FleetProcess } from '#testing/fleet';
import { SHIPPED } from '#testing/models';
import { predict } from '#testing/predictions';
import { fleetFor } from '../stage.js';

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly requestBody: { readonly content: { readonly 'application/json': Content } };
}

interface Content {
  readonly examples: Readonly<
    Record<string, { readonly value: { readonly version: string; readonly input: unknown } }>
  >;
}

/** As much of an OpenAPI document as this story reads. */
interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, { readonly examples: readonly unknown[] }>> };
}

const fleet = fleetFor('file');
let api: FleetProcess;
let document: Document;

beforeAll(async () => {
  ({ api } = await fleet.pair());
  document = JSON.parse((await api.call('GET', '/openapi.json')).text) as Document;
});

const upperFirst = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);

/** The document's own schemas, as something to hold answers against. */
function validatorOf(name: string): (value: unknown) => unknown {
  const ajv = new Ajv2020({ strict: false });
  addFormats.default(ajv);
  ajv.addSchema({ $id: 'https://millrace.test/openapi.json', ...document });
  const matches = ajv.compile({ $ref: `https://millrace.test/openapi.json#/components/schemas/${name}` });
  return (value) => (matches(value) ? null : matches.errors);
}

function examplesOf(route: string): Content['examples'] {
  return document.paths[route]!['post']!.requestBody.content['application/json'].examples;
}

it('is a valid OpenAPI 3.1 document', async () => {
  expect(document.openapi).toMatch(/^3\.1\./);
  const { valid, errors } = await new Validator().validate(structuredClone({ ...document }));
  expect({ valid, errors }).toEqual({ valid: true, errors: undefined });
});

it('is shown to people at /docs', async () => {
  const { status, headers } = await api.call('GET', '/docs');
  expect(status).toBe(200);
  expect(headers.get('content-type')).toMatch(/^text\/html/);
});

it('names every route of predictions and models, each with a summary and its answers', () => {
  const routes = Object.entries(document.paths).flatMap(([route, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${route}`),
  );
  expect(routes).toEqual(
    expect.arrayContaining([
      'POST /v1/predictions',
      'POST /v1/models/{owner}/{name}/predictions',
      'GET /v1/predictions/{id}',
      'POST /v1/predictions/{id}/cancel',
      'GET /v1/models',
      'GET /v1/models/{owner}/{name}',
      'GET /v1/models/{owner}/{name}/versions',
      'GET /v1/models/{owner}/{name}/versions/{id}',
    ]),
  );
  const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
  expect(operations.filter(({ summary }) => !summary)).toEqual([]);
  const ids = operations.map(({ operationId }) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
});

it.each(SHIPPED)('%s: its schemas accept their own examples, and refuse another model`s', (model) => {
  const input = document.components.schemas[`${upperFirst(model)}Input`]!;
  const output = document.components.schemas[`${upperFirst(model)}Output`]!;
  expect(input.examples).toHaveLength(1);
  expect(validatorOf(`${upperFirst(model)}Input`)(input.examples[0])).toBeNull();
  expect(validatorOf(`${upperFirst(model)}Output`)(output.examples[0])).toBeNull();
  const other = model === 'iris' ? 'Digits' : 'Iris';
  expect(validatorOf(`${other}Input`)(input.examples[0])).not.toBeNull();
});

it.each(SHIPPED)('%s: the examples of a request run as they stand', async (model) => {
  const { value } = examplesOf('/v1/predictions')[model]!;
  const prediction = await predict(api, value);
  expect(prediction).toMatchObject({ status: 'succeeded', model: `millrace/${model}` });
  expect(validatorOf('Prediction')(prediction)).toBeNull();
  expect(validatorOf(`${upperFirst(model)}Output`)(prediction.output)).toBeNull();
  const [shown] = document.components.schemas[`${upperFirst(model)}Output`]!.examples;
  expect(difference(shown, prediction.output, 0.001)).toBeNull();

  const byPath = examplesOf('/v1/models/{owner}/{name}/predictions')[model]!;
  const { status, json } = await api.call('POST', `/v1/models/millrace/${model}/predictions`, {
    body: byPath.value,
    headers: { prefer: 'wait' },
  });
  expect(status).toBe(201);
  expect(json.output).toEqual(prediction.output);
});

it('every example of a request is one of a model that ships, and none is missing', () => {
  for (const route of ['/v1/predictions', '/v1/models/{owner}/{name}/predictions']) {
    expect(Object.keys(examplesOf(route)).toSorted()).toEqual([...SHIPPED]);
  }
});

it('problems are as the document says', async () => {
  const { json } = await api.call('POST', '/v1/predictions', { body: { version: 'iris', input: {} } });
  expect(validatorOf('Problem')(json)).toBeNull();
});

it.each(SHIPPED)('%s: the catalogue shows its schemas, its evaluation, and an example that runs', async (model) => {
  const { json } = await api.call('GET', `/v1/models/millrace/${model}`);
  const { latest_version: latest, default_example: example } = json;
  expect(latest.openapi_schema.Input.properties).toBeDefined();
  expect(latest.openapi_schema.Output).toBeDefined();
  expect(Object.keys(latest.evaluation).length).toBeGreaterThan(0);
  expect(latest.training.data.sha256).toMatch(/^[0-9a-f]{64}$/);
  const { version, input, output } = example;
  const prediction = await predict(api, { version, input });
  expect(difference(output, prediction.output, 0.001)).toBeNull();
  for (const id of [latest.id, latest.label]) {
    expect((await api.call('GET', `/v1/models/millrace/${model}/versions/${id}`)).json.id).toBe(latest.id);
  }
});
