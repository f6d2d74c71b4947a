/**
 * A client of the Open Inference Protocol, version 2, asks a fleet of ours for everything that the protocol has.
 *
 * Answers are held against the schemas of the protocol's specification, `specification/protocol/inference_rest.md` and
 * `open_inference_rest.yaml` of github.com/kserve/open-inference-protocol (version 2.0), written down here in our words.
 */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { beforeAll, describe, expect, it } from 'vitest';
import type { FleetProcess } from '#testing/fleet';
import type { Answer, Call } from '#testing/http';
import { Caller } from '#testing/keys';
import { copySlowModel, SHIPPED, shipped } from '#testing/models';
import { until } from '#testing/patience';
import { fleetFor, fleetOfTest } from '../stage.js';

const DATATYPES = [
  'BOOL',
  ...['UINT', 'INT'].flatMap((kind) => [8, 16, 32, 64].map((bits) => `${kind}${bits}`)),
  ...[16, 32, 64].map((bits) => `FP${bits}`),
  'BYTES',
];
const text = { type: 'string' };
const parameters = { type: 'object', additionalProperties: { type: ['string', 'number', 'boolean'] } };
const metadataTensor = {
  type: 'object',
  required: ['name', 'datatype', 'shape'],
  properties: { name: text, datatype: { enum: DATATYPES }, shape: { type: 'array', items: { type: 'integer' } } },
};
const SCHEMAS = {
  metadata_server_response: {
    type: 'object',
    required: ['name', 'version', 'extensions'],
    properties: { name: text, version: text, extensions: { type: 'array', items: text } },
  },
  ready_model_response: {
    type: 'object',
    required: ['name', 'ready'],
    properties: { name: text, ready: { type: 'boolean' } },
  },
  live_server_response: { type: 'object', required: ['live'], properties: { live: { type: 'boolean' } } },
  metadata_model_response: {
    type: 'object',
    required: ['name', 'platform', 'inputs', 'outputs'],
    properties: {
      name: text,
      versions: { type: 'array', items: text },
      platform: { enum: ['onnx_onnxv1'] },
      inputs: { type: 'array', minItems: 1, items: metadataTensor },
      outputs: { type: 'array', minItems: 1, items: metadataTensor },
      properties: { type: 'object', additionalProperties: text },
    },
  },
  inference_response: {
    type: 'object',
    required: ['model_name', 'outputs'],
    properties: {
      model_name: text,
      model_version: text,
      id: text,
      parameters,
      outputs: {
        type: 'array',
        items: {
          type: 'object',
          required: ['name', 'shape', 'datatype', 'data'],
          properties: {
            name: text,
            shape: { type: 'array', items: { type: 'integer', minimum: 0 } },
            datatype: { enum: DATATYPES },
            parameters,
            data: { type: 'array', items: { type: ['number', 'string', 'boolean', 'array'] } },
          },
        },
      },
    },
  },
  inference_error_response: { type: 'object', required: ['error'], properties: { error: text } },
} as const;

type SchemaName = keyof typeof SCHEMAS;

const ajv = new Ajv2020({ strict: true, strictTypes: false, allErrors: true });
const validators = Object.fromEntries(
  Object.entries(SCHEMAS).map(([name, schema]) => [name, ajv.compile(schema)]),
) as Record<SchemaName, ValidateFunction>;

function expectShape(name: SchemaName, { status, text: body }: Answer): void {
  const validate = validators[name];
  expect(validate(JSON.parse(body)), `${status} ${body}: ${JSON.stringify(validate.errors)}`).toBe(true);
}

interface Tensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly data: readonly unknown[];
  readonly parameters?: Readonly<Record<string, string>>;
}

interface Inference {
  readonly model_name: string;
  readonly model_version: string;
  readonly id?: string;
  readonly outputs: readonly Tensor[];
  readonly predictions: readonly { readonly id: string; readonly status: string; readonly urls: { get: string } }[];
  readonly error: string;
  readonly code: string;
  readonly errors: readonly { readonly pointer: string; readonly code: string }[];
}

interface ModelMetadata {
  readonly versions: readonly string[];
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly properties: Readonly<Record<string, string>>;
}

const fleet = fleetFor('file', { AUTH: 'on' });
let api: FleetProcess;
let client: Caller;

beforeAll(async () => {
  ({ api } = await fleet.pair());
  client = await new Caller(api, await api.firstKey()).make(['predict']);
});

async function ask<T>(name: SchemaName, route: string, status = 200, who: Pick<Caller, 'call'> = client): Promise<T> {
  const answer = await who.call('GET', route);
  expect(answer.status, answer.text).toBe(status);
  expectShape(name, answer);
  return JSON.parse(answer.text) as T;
}

async function infer(model: string, body: unknown, status = 200, more: Call = {}): Promise<Inference & Answered> {
  const answer = await client.call('POST', `/v2/models/${model}/infer`, { body, ...more });
  expect(answer.status, answer.text).toBe(status);
  expectShape(status < 300 ? 'inference_response' : 'inference_error_response', answer);
  return { ...(JSON.parse(answer.text) as Inference), headers: answer.headers };
}

interface Answered {
  readonly headers: Headers;
}

function output({ outputs }: Inference, name: string): Tensor {
  const found = outputs.find((tensor) => tensor.name === name);
  if (found === undefined) throw new Error(`no output ${name}`);
  return found;
}

/** Tensors of rows, one a feature, as the metadata say. */
function tensorsOf({ inputs }: ModelMetadata, rows: readonly Readonly<Record<string, unknown>>[]): Tensor[] {
  return inputs.map(({ name, datatype, shape: [, ...rest] }) => ({
    name,
    datatype,
    shape: [rows.length, ...rest],
    data: rows.flatMap((row) => row[name]),
  }));
}

type GoldenRow = Readonly<Record<string, unknown>>;

async function golden(model: string): Promise<{ inputs: GoldenRow[]; outputs: unknown[] }> {
  const { golden: examples } = await shipped(model);
  return { inputs: examples.map(({ input }) => input), outputs: examples.map((one) => one.output) };
}

const IRIS_PACKED = {
  name: 'features',
  datatype: 'FP32',
  shape: [2, 4],
  data: [5.1, 3.5, 1.4, 0.2, 6.3, 3.3, 6, 2.5],
};

describe('health and metadata', () => {
  it('say without a key whether the server is alive and ready', async () => {
    expect(await ask('live_server_response', '/v2/health/live', 200, api)).toEqual({ live: true });
    await until(async () => (await api.call('GET', '/v2/health/ready')).status === 200, {
      deadlineMs: 20_000,
      what: 'the server to be ready',
    });
    expect(await ask('live_server_response', '/v2/health/ready', 200, api)).toEqual({ live: true, ready: true });
  });

  it('describe the server', async () => {
    for (const route of ['/v2', '/v2/']) {
      expect(await ask('metadata_server_response', route)).toMatchObject({ name: 'millrace' });
    }
  });

  it.each(SHIPPED)('describe %s, and say that it is ready', async (model) => {
    const metadata = await ask<ModelMetadata>('metadata_model_response', `/v2/models/${model}`);
    const { manifest } = await shipped(model);
    expect(metadata.inputs.map(({ name }) => name)).toEqual(manifest.inputs.map(({ name }) => name));
    expect(metadata.versions).toEqual([manifest.version]);
    for (const version of ['', `/versions/${manifest.version}`]) {
      expect(await ask('metadata_model_response', `/v2/models/${model}${version}`)).toEqual(metadata);
      const ready = await ask('ready_model_response', `/v2/models/${model}${version}/ready`);
      expect(ready).toEqual({ name: model, ready: true });
    }
  });

  it('say of a server without workers that it and its models are not ready', async () => {
    const alone = await fleetOfTest().launch('api').listening();
    await ask('live_server_response', '/v2/health/live', 200, alone);
    const ready = await ask('live_server_response', '/v2/health/ready', 503, alone);
    expect(ready).toEqual({ live: true, ready: false });
    const model = await ask('ready_model_response', '/v2/models/iris/ready', 503, alone);
    expect(model).toEqual({ name: 'iris', ready: false });
  });
});

describe('infer', () => {
  it.each(SHIPPED)('answers the golden rows of %s, one tensor a feature', async (model) => {
    const metadata = await ask<ModelMetadata>('metadata_model_response', `/v2/models/${model}`);
    const { inputs, outputs } = await golden(model);
    const answer = await infer(model, { id: 'g-1', inputs: tensorsOf(metadata, inputs) });
    expect(answer).toMatchObject({ model_name: model, model_version: metadata.versions[0], id: 'g-1' });
    for (const [i, { name, datatype, shape }] of metadata.outputs.entries()) {
      expect(answer.outputs[i]).toMatchObject({ name, datatype, shape: [inputs.length, ...shape.slice(1)] });
    }
    const first = metadata.outputs[0]!.name as 'label' | 'value';
    const expected = outputs.map((one) => (one as Record<typeof first, unknown>)[first]);
    const { data } = output(answer, first);
    if (first === 'label') expect(data).toEqual(expected);
    else for (const [i, value] of data.entries()) expect(value).toBeCloseTo(expected[i] as number, 3);
  });

  it('takes the packed tensor of the graph, flat or nested, and answers the same', async () => {
    const flat = await infer('iris', { inputs: [IRIS_PACKED] });
    const [a, b] = [IRIS_PACKED.data.slice(0, 4), IRIS_PACKED.data.slice(4)];
    const nested = await infer('iris', { inputs: [{ ...IRIS_PACKED, data: [a, b] }] });
    expect(output(flat, 'label').data).toEqual(['setosa', 'virginica']);
    expect(output(nested, 'probabilities')).toEqual(output(flat, 'probabilities'));
    const { parameters: said, shape } = output(flat, 'probabilities');
    expect(shape).toEqual([2, 3]);
    expect(JSON.parse(said?.['labels'] ?? '')).toEqual(['setosa', 'versicolor', 'virginica']);
  });

  it('takes packed numbers beside texts, missing values as null, and 0 and 1 for booleans', async () => {
    const { inputs } = await golden('churn');
    const row = { ...inputs[0], satisfaction: null } as GoldenRow;
    const metadata = await ask<ModelMetadata>('metadata_model_response', '/v2/models/churn');
    expect(metadata.properties['packed_input numbers']).toContain('satisfaction');
    const one = await infer('churn', { inputs: tensorsOf(metadata, [row]) });
    const names = ['tenure_months', 'monthly_charge', 'support_contacts', 'satisfaction', 'age', 'autopay'];
    const numbers = names.map((name) => (typeof row[name] === 'boolean' ? Number(row[name]) : row[name]));
    const packed = await infer('churn', {
      inputs: [
        { name: 'numbers', datatype: 'FP32', shape: [1, 6], data: numbers },
        ...tensorsOf(metadata, [row]).filter(({ name }) => ['contract', 'plan', 'channel'].includes(name)),
      ],
    });
    expect(output(packed, 'score')).toEqual(output(one, 'score'));
  });

  it('takes digits as a matrix of 64 columns', async () => {
    const { inputs, outputs } = await golden('digits');
    const data = inputs.map(({ pixels }) => pixels);
    const answer = await infer('digits', {
      inputs: [{ name: 'pixels', datatype: 'FP32', shape: [data.length, 64], data }],
      outputs: [{ name: 'label' }],
    });
    expect(answer.outputs.map(({ name }) => name)).toEqual(['label']);
    expect(output(answer, 'label').data).toEqual(outputs.map((one) => (one as { label: string }).label));
  });

  it('makes a prediction of each row, which its client can look at afterwards', async () => {
    const answer = await infer('iris', { inputs: [IRIS_PACKED] });
    const ids = output(answer, 'prediction_id').data as string[];
    const { json } = await client.call('GET', `/v1/predictions/${ids[1]!}`);
    expect(json).toMatchObject({ status: 'succeeded', output: { label: 'virginica' }, metrics: { batch_size: 2 } });
  });

  it('of the same Idempotency-Key gives the same predictions', async () => {
    const more = { headers: { 'idempotency-key': 'infer-1' } };
    const first = await infer('iris', { inputs: [IRIS_PACKED] }, 200, more);
    const again = await infer('iris', { inputs: [IRIS_PACKED] }, 200, more);
    expect(output(again, 'prediction_id')).toEqual(output(first, 'prediction_id'));
    const other = { inputs: [{ ...IRIS_PACKED, data: IRIS_PACKED.data.map((one) => one + 0.1) }] };
    expect((await infer('iris', other, 422, more)).code).toBe('idempotency_key_reused');
  });

  it('with respond-async is accepted at once, with the addresses of its predictions', async () => {
    const prefer = { headers: { prefer: 'respond-async' } };
    const answer = await infer('iris', { id: 'later', inputs: [IRIS_PACKED] }, 202, prefer);
    expect(answer.headers.get('preference-applied')).toBe('respond-async');
    expect(answer.id).toBe('later');
    expect(answer.predictions.map(({ id }) => id)).toEqual(output(answer, 'prediction_id').data);
    const ended = await client.call('GET', `${new URL(answer.predictions[0]!.urls.get).pathname}?wait=30`);
    expect(ended.json).toMatchObject({ status: 'succeeded', output: { label: 'setosa' } });
    const one = { ...IRIS_PACKED, shape: [1, 4], data: IRIS_PACKED.data.slice(0, 4) };
    const single = await infer('iris', { inputs: [one] }, 202, prefer);
    expect(single.headers.get('location')).toBe(single.predictions[0]?.urls.get);
    await infer('iris', { inputs: [IRIS_PACKED] }, 200, { headers: { prefer: 'respond-async, wait=30' } });
  });
});

describe('what is wrong', () => {
  const wrong = (change: object): object => ({ inputs: [{ ...IRIS_PACKED, ...change }] });

  it.each([
    ['an unknown tensor', wrong({ name: 'x' }), '/inputs/0/name', 'unknown_input'],
    ['another shape', wrong({ shape: [4, 2] }), '/inputs/0/shape', 'wrong_shape'],
    ['fewer elements than its shape', wrong({ data: [1, 2] }), '/inputs/0/data', 'wrong_length'],
    [
      'rows of different lengths',
      wrong({
        data: [
          [1, 2, 3],
          [4, 5, 6, 7, 8],
        ],
      }),
      '/inputs/0/data',
      'wrong_length',
    ],
    ['texts for numbers', wrong({ datatype: 'BYTES' }), '/inputs/0/datatype', 'wrong_datatype'],
    ['an unknown datatype', wrong({ datatype: 'BF16' }), '/inputs/0/datatype', 'invalid_field'],
    ['fractions in integers', wrong({ datatype: 'INT32' }), '/inputs/0/data/0', 'wrong_type'],
    ['no rows', wrong({ shape: [0, 4], data: [] }), '/inputs/0/shape', 'no_rows'],
    ['a feature that comes twice', { inputs: [IRIS_PACKED, IRIS_PACKED] }, '/inputs/1/name', 'duplicate_input'],
    ['no tensor', {}, '/inputs', 'missing_field'],
    ['an unknown output', { ...wrong({}), outputs: [{ name: 'y' }] }, '/outputs/0/name', 'unknown_output'],
  ])('%s is named', async (_, body, pointer, code) => {
    const answer = await infer('iris', body, 422);
    expect(answer.errors[0]).toMatchObject({ pointer, code });
    expect(answer).toMatchObject({ status: 422, title: 'Unprocessable content', detail: answer.error });
  });

  it('a value that its model does not take is named by its element, flat or nested, and nothing runs', async () => {
    const data = [...IRIS_PACKED.data.slice(0, 6), 99, 2.5];
    const flat = await infer('iris', wrong({ data }), 422);
    expect(flat.errors).toMatchObject([{ pointer: '/inputs/0/data/6', code: 'out_of_range' }]);
    expect(flat.error).toContain('petal_length of row 1 is 99: must be a number from 0.5 to 9 (cm)');
    const nested = await infer('iris', wrong({ data: [data.slice(0, 4), data.slice(4)] }), 422);
    expect(nested.errors[0]?.pointer).toBe('/inputs/0/data/1/2');
    const missing = await infer(
      'iris',
      { inputs: [{ name: 'petal_width', datatype: 'FP32', shape: [2], data: [1, 2] }] },
      422,
    );
    expect(missing.errors.map(({ code }) => code)).toEqual(['missing_field', 'missing_field', 'missing_field']);
    const category = await golden('churn').then(({ inputs }) => ({ ...inputs[0], plan: 'none' }));
    const metadata = await ask<ModelMetadata>('metadata_model_response', '/v2/models/churn');
    const unknown = await infer('churn', { inputs: tensorsOf(metadata, [category]) }, 422);
    expect(unknown.errors[0]?.code).toBe('unknown_category');
  });

  it('more rows than can be sent so are sent to batches', async () => {
    const shape = [1_025, 4];
    const answer = await infer('iris', wrong({ shape, data: Array.from({ length: 4_100 }, () => 3) }), 422);
    expect(answer.errors[0]?.code).toBe('too_many_rows');
  });

  it('an unknown model and an unknown version are 404, in the words of the protocol', async () => {
    for (const rest of ['', '/ready', '/versions/9.9.9']) {
      await ask('inference_error_response', `/v2/models/${rest === '/versions/9.9.9' ? 'iris' : 'none'}${rest}`, 404);
    }
    await infer('none', wrong({}), 404);
    await infer('iris/versions/9.9.9', wrong({}), 404);
    await ask('inference_error_response', '/v2/nothing', 404);
  });

  it('a body that is no JSON, or tensors in binary, are refused', async () => {
    await infer('iris', undefined, 400, { raw: '{' });
    await infer('iris', undefined, 415, { raw: 'x', headers: { 'content-type': 'application/octet-stream' } });
  });

  it('a caller without a key is refused, in the words of the protocol', async () => {
    const answer = await api.call('POST', '/v2/models/iris/infer', { body: wrong({}) });
    expect(answer.status).toBe(401);
    expectShape('inference_error_response', answer);
  });
});

it('answers 503 where no worker came in time, and what nobody waits for any more is canceled', async () => {
  const alone = fleetOfTest({ MODELS_DIR: await copySlowModel() });
  const lone = await alone.api();
  const body = { inputs: [{ name: 'size', datatype: 'FP32', shape: [1, 1], data: [1] }] };
  const answer = await lone.call('POST', '/v2/models/slow/infer', { body, headers: { prefer: 'wait=1' } });
  expect(answer.status).toBe(503);
  expectShape('inference_error_response', answer);
  const [prediction] = (await lone.call('GET', '/v1/predictions')).json.results;
  expect(prediction?.status).toBe('canceled');
});
