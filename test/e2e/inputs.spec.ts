/**
 * A wrong input is answered at the door, with a pointer, a stable code, and the rule in words with its unit, and never
 * reaches the queue. No worker runs here, so whatever was queued would still be there at the end.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FleetProcess } from '#testing/fleet';
import { metric } from '#testing/http';
import { shipped } from '#testing/models';
import { IRIS, post } from '#testing/predictions';
import { jobKeys } from '#testing/queue-keys';
import { until } from '#testing/patience';
import { fleetFor } from '../stage.js';

const fleet = fleetFor('file');
let api: FleetProcess;

beforeAll(async () => {
  api = await fleet.api();
});

afterAll(async () => {
  expect(await jobKeys(fleet)).toEqual([]);
  for (const model of ['iris', 'diabetes', 'churn', 'digits']) {
    expect(await metric(api.opsUrl, 'millrace_predictions_accepted_total', { model })).toBe(0);
  }
});

const iris = IRIS.input as Record<string, unknown>;
const pixels = Array.from({ length: 64 }, () => 0);

interface Wrong {
  readonly why: string;
  readonly model: string;
  readonly change: Record<string, unknown>;
  readonly pointer: string;
  readonly code: string;
  readonly says: RegExp;
}

const WRONG: Wrong[] = [
  {
    why: 'a missing field',
    model: 'iris',
    change: { petal_width: undefined },
    pointer: '/input/petal_width',
    code: 'missing_field',
    says: /required.*number from 0 to 4 \(cm\)/,
  },
  {
    why: 'an unknown field',
    model: 'iris',
    change: { petal_colour: 'blue' },
    pointer: '/input/petal_colour',
    code: 'unknown_field',
    says: /its fields are sepal_length/,
  },
  {
    why: 'an unknown field with a slash and a tilde',
    model: 'iris',
    change: { 'a/b~c': 1 },
    pointer: '/input/a~1b~0c',
    code: 'unknown_field',
    says: /not a field/,
  },
  {
    why: 'a number sent as a text',
    model: 'iris',
    change: { sepal_length: '5.1' },
    pointer: '/input/sepal_length',
    code: 'wrong_type',
    says: /a text: must be a number from 3 to 10 \(cm\)/,
  },
  {
    why: 'the text NaN',
    model: 'iris',
    change: { sepal_length: 'NaN' },
    pointer: '/input/sepal_length',
    code: 'wrong_type',
    says: /must be a number.*\(cm\)/,
  },
  {
    why: 'true for a number',
    model: 'iris',
    change: { sepal_length: true },
    pointer: '/input/sepal_length',
    code: 'wrong_type',
    says: /true or false: must be a number.*\(cm\)/,
  },
  {
    why: 'an array for a number',
    model: 'iris',
    change: { sepal_length: [5.1] },
    pointer: '/input/sepal_length',
    code: 'wrong_type',
    says: /an array: must be a number.*\(cm\)/,
  },
  {
    why: 'null where null is not allowed',
    model: 'iris',
    change: { sepal_length: null },
    pointer: '/input/sepal_length',
    code: 'wrong_type',
    says: /null: must be a number.*\(cm\)/,
  },
  {
    why: 'a value below its range',
    model: 'iris',
    change: { sepal_length: 2.99 },
    pointer: '/input/sepal_length',
    code: 'out_of_range',
    says: /2\.99: must be a number from 3 to 10 \(cm\)/,
  },
  {
    why: 'a value above its range',
    model: 'diabetes',
    change: { blood_pressure: 201 },
    pointer: '/input/blood_pressure',
    code: 'out_of_range',
    says: /\(mmHg\)/,
  },
  {
    why: 'a fraction for a whole number',
    model: 'churn',
    change: { tenure_months: 1.5 },
    pointer: '/input/tenure_months',
    code: 'wrong_type',
    says: /whole number from 0 to 240 \(months\)/,
  },
  {
    why: 'an unknown category',
    model: 'churn',
    change: { contract: 'weekly' },
    pointer: '/input/contract',
    code: 'unknown_category',
    says: /one of "monthly", "one-year", "two-year"/,
  },
  {
    why: 'a category in other letters',
    model: 'churn',
    change: { contract: 'Monthly' },
    pointer: '/input/contract',
    code: 'unknown_category',
    says: /"monthly"/,
  },
  {
    why: 'a text for a flag',
    model: 'churn',
    change: { autopay: 'true' },
    pointer: '/input/autopay',
    code: 'wrong_type',
    says: /must be true or false/,
  },
  {
    why: 'an image of 63 numbers',
    model: 'digits',
    change: { pixels: pixels.slice(1) },
    pointer: '/input/pixels',
    code: 'wrong_length',
    says: /has 63 values: must be 64 values, each a number from 0 to 16/,
  },
  {
    why: 'an image of 65 numbers',
    model: 'digits',
    change: { pixels: [...pixels, 0] },
    pointer: '/input/pixels',
    code: 'wrong_length',
    says: /has 65 values/,
  },
  {
    why: 'one wrong pixel',
    model: 'digits',
    change: { pixels: pixels.with(3, 17) },
    pointer: '/input/pixels/3',
    code: 'out_of_range',
    says: /17: must be 64 values/,
  },
  {
    why: 'a hole in an image',
    model: 'digits',
    change: { pixels: pixels.with(3, null as never) },
    pointer: '/input/pixels/3',
    code: 'wrong_type',
    says: /null/,
  },
];

describe('an input that breaks its model`s rules', () => {
  it.each(WRONG)('is refused for $why', async ({ model, change, pointer, code, says }) => {
    const { golden } = await shipped(model);
    const { status, headers, json } = await post(api, { version: model, input: { ...golden[0]!.input, ...change } });
    expect(status).toBe(422);
    expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(json).toMatchObject({ code: 'invalid_request', status: 422, errors: [{ pointer, code }] });
    expect(json.errors).toHaveLength(1);
    expect(json.errors[0]!.detail).toMatch(says);
  });

  it('hears of every wrong field at once', async () => {
    const { json } = await post(api, { version: 'iris', input: { sepal_length: '5', sepal_width: 99, extra: 1 } });
    expect(json.errors.map(({ pointer }) => pointer).toSorted()).toEqual([
      '/input/extra',
      '/input/petal_length',
      '/input/petal_width',
      '/input/sepal_length',
      '/input/sepal_width',
    ]);
  });

  it('is refused the same by the path of its model', async () => {
    const { status, json } = await api.call('POST', '/v1/models/millrace/iris/predictions', {
      body: { input: { ...iris, sepal_length: 11 } },
    });
    expect(status).toBe(422);
    expect(json.errors).toMatchObject([{ pointer: '/input/sepal_length', code: 'out_of_range' }]);
  });

  it('is counted by field and rule, and an invented field makes no series of its own', async () => {
    await post(api, { version: 'iris', input: { ...iris, invented_by_a_client: 1 } });
    const rejected = (labels: Record<string, string>): Promise<number> =>
      metric(api.opsUrl, 'millrace_rejected_inputs_total', labels);
    expect(await rejected({ model: 'iris', field: 'other', rule: 'unknown_field' })).toBeGreaterThan(0);
    expect(await rejected({ field: 'invented_by_a_client' })).toBe(0);
  });
});

describe('a number that JSON can write and no computer can hold', () => {
  it('is not finite, and is refused', async () => {
    const raw = JSON.stringify(IRIS).replace('5.1', '1e400');
    const { status, json } = await api.call('POST', '/v1/predictions', { raw });
    expect(status).toBe(422);
    expect(json.errors).toHaveLength(1);
    expect(json.errors[0]).toMatchObject({ pointer: '/input/sepal_length' });
    expect(['not_finite', 'out_of_range']).toContain(json.errors[0]!.code);
    expect(json.errors[0]!.detail).toMatch(/\(cm\)/);
  });

  it.each(['NaN', 'Infinity', '-Infinity'])('is no JSON at all when it is %s', async (token) => {
    const raw = JSON.stringify(IRIS).replace('5.1', token);
    const { status, json } = await api.call('POST', '/v1/predictions', { raw });
    expect(status).toBe(400);
    expect(json.code).toBe('invalid_json');
  });
});

describe('a request that cannot be kept', () => {
  it.each([
    ['webhook', 'ftp://example.com/hook', 'invalid_url'],
    ['webhook_events_filter', ['finished'], 'invalid_field'],
    ['priority', 'high', 'invalid_field'],
    ['stream', 'yes', 'wrong_type'],
  ])('is refused for its field %s, not served without it', async (field, value, code) => {
    const { status, json } = await post(api, { ...IRIS, [field]: value });
    expect(status).toBe(422);
    expect(json.errors).toMatchObject([{ code }]);
    expect(json.errors[0]!.pointer).toMatch(`/${field}`);
  });

  it('is refused for its header Cancel-After', async () => {
    const { status, json } = await post(api, IRIS, { 'cancel-after': 'tomorrow' });
    expect(status).toBe(422);
    expect(json.errors).toMatchObject([{ code: 'invalid_deadline' }]);
    expect(json.errors[0]!.detail).toMatch(/Cancel-After/);
  });
});

describe('a body that is no request', () => {
  it.each([
    ['an unknown model', { ...IRIS, version: 'lotus' }, '/version', 'unknown_version'],
    ['an unknown version', { ...IRIS, version: 'iris:9.9.9' }, '/version', 'unknown_version'],
    ['another owner', { ...IRIS, version: 'somebody/iris' }, '/version', 'unknown_version'],
    ['a path as a version', { ...IRIS, version: '../../etc/passwd' }, '/version', 'unknown_version'],
    ['no version', { input: iris }, '/version', 'missing_field'],
    ['no input', { version: 'iris' }, '/input', 'missing_field'],
    ['a version that is a number', { ...IRIS, version: 1 }, '/version', 'wrong_type'],
    ['an input that is a list', { ...IRIS, input: [iris] }, '/input', 'wrong_type'],
    ['an input that is null', { ...IRIS, input: null }, '/input', 'wrong_type'],
    ['an unknown field', { ...IRIS, id: 'mine' }, '/id', 'unknown_field'],
    ['a number as metadata', { ...IRIS, metadata: { order: 4711 } }, '/metadata/order', 'wrong_type'],
    ['half of a character', { ...IRIS, metadata: { name: '\ud83d' } }, '/metadata/name', 'malformed_text'],
    ['a list', [IRIS], '', 'wrong_type'],
    ['null', null, '', 'wrong_type'],
  ])('is refused when it is or has %s', async (_, body, pointer, code) => {
    const { status, json } = await api.call('POST', '/v1/predictions', { raw: JSON.stringify(body) });
    expect(status).toBe(422);
    expect(json.errors).toMatchObject([{ pointer, code }]);
  });
});

it('counts nothing of all this as accepted', async () => {
  const depth = (): Promise<number> => metric(api.opsUrl, 'millrace_queue_predictions');
  expect(await jobKeys(fleet)).toEqual([]);
  await until(async () => (await depth()) === 0, { deadlineMs: 20_000, what: 'the queue to be counted' });
});
