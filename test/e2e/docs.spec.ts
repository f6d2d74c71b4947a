/**
 * The published contract is true: `/openapi.json` is a valid OpenAPI 3.1 document, it shows each model's own input and
 * output, and every example in it, posted as it stands, is accepted and gives the answer that stands beside it.
 */
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { beforeAll, describe, expect, it } from 'vitest';
import { difference } from '#models/golden';
import type { FleetProcess } from '#testing/fleet';
import type { Answer } from '#testing/http';
import { SHIPPED } from '#testing/models';
import { IRIS, predict } from '#testing/predictions';
import { fleetFor } from '../stage.js';

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody: { readonly content: { readonly 'application/json': Content } };
  readonly responses: Readonly<Record<string, unknown>>;
}

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly example?: string;
  readonly schema: { readonly example?: string; readonly default?: unknown };
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

function examplesOf(route: string, method = 'post'): Content['examples'] {
  return document.paths[route]![method]!.requestBody.content['application/json'].examples;
}

/** What the page sends when somebody presses _Execute_ and has touched nothing but the choice of the example. */
async function executed(method: string, route: string, body: unknown): Promise<Answer> {
  let path = route;
  const headers: Record<string, string> = {};
  const query = new URLSearchParams();
  for (const { name, in: where, example, schema } of document.paths[route]![method]!.parameters ?? []) {
    const value = example ?? schema.example ?? schema.default;
    if (value === undefined) continue;
    // Parameters of ours are texts, numbers and booleans.
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    if (where === 'path') path = path.replace(`{${name}}`, encodeURIComponent(text));
    else if (where === 'query') query.set(name, text);
    else headers[name] = text;
  }
  const search = query.size === 0 ? '' : `?${query.toString()}`;
  return api.call(method.toUpperCase(), `${path}${search}`, { body, headers });
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

  const byPath = { input: value.input };
  const headers = { prefer: 'wait' };
  const { status, json } = await api.call('POST', `/v1/models/millrace/${model}/predictions`, {
    body: byPath,
    headers,
  });
  expect(status).toBe(201);
  expect(json.output).toEqual(prediction.output);
});

it('every example of a request is one of a model that ships, and none is missing', () => {
  expect(Object.keys(examplesOf('/v1/predictions')).toSorted()).toEqual([...SHIPPED]);
});

describe('the page as it is prefilled', () => {
  it.each([
    ['post', '/v1/predictions', 201],
    ['post', '/v1/models/{owner}/{name}/predictions', 201],
    ['put', '/v1/predictions/{id}', 201],
    ['post', '/v2/models/{name}/infer', 200],
    ['post', '/v2/models/{name}/versions/{version}/infer', 200],
  ])('%s %s runs with each of its examples', async (method, route, wanted) => {
    // Who follows the README has used its key and its id before.
    const { status: first } = await api.call('PUT', '/v1/predictions/order-4711', { body: IRIS });
    expect([200, 201]).toContain(first);
    await api.call('POST', '/v1/predictions', { body: IRIS, headers: { 'idempotency-key': 'order-4711' } });

    const examples = Object.values(examplesOf(route, method));
    expect(examples).not.toEqual([]);
    for (const { value } of examples) {
      const { status, text } = await executed(method, route, value);
      expect(status, text).toBe(wanted);
    }
  });

  it('sends no header that nobody asked for', () => {
    const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
    const headers = operations.flatMap(({ parameters = [] }) => parameters.filter((one) => one.in === 'header'));
    expect(headers.length).toBeGreaterThan(5);
    expect(
      headers.filter(({ example, schema }) => (example ?? schema.example ?? schema.default) !== undefined),
    ).toEqual([]);
  });
});

it('says of the catalogue what a wrong key and a wrong name are answered with', async () => {
  const below = Object.keys(document.paths).filter((route) => /^\/v1\/models(?!.*predictions)/.test(route));
  expect(below).toHaveLength(4);
  for (const route of below) {
    const { responses } = document.paths[route]!['get']!;
    expect(Object.keys(responses), route).toEqual(expect.arrayContaining(['200', '401', '503']));
    if (route === '/v1/models') continue;
    for (const [owner, wanted] of [
      ['nobody', 404],
      ['No', 422],
    ] as const) {
      const path = route.replace('{owner}', owner).replace('{name}', 'iris').replace('{id}', '1.0.0');
      expect((await api.call('GET', path)).status).toBe(wanted);
      expect(Object.keys(responses), route).toContain(String(wanted));
    }
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
