import { expect, it } from 'vitest';
import { breakingChanges } from './breaking-changes.js';
import { edited, type Keys, withoutField } from './document-edits.js';
import type { OpenApiDocument } from './openapi-document.js';

const JSON_TYPE = 'application/json';

const BEFORE: OpenApiDocument = {
  openapi: '3.1.0',
  security: [{ bearer: [] }],
  paths: {
    '/orders': {
      post: {
        parameters: [
          { name: 'Dry-Run', in: 'header', schema: { type: 'string' } },
          { name: 'mode', in: 'query', schema: { enum: ['fast', 'safe'], default: 'safe' } },
        ],
        requestBody: {
          required: false,
          content: {
            [JSON_TYPE]: {
              schema: {
                type: 'object',
                required: ['item'],
                properties: {
                  item: { type: 'string', minLength: 1, maxLength: 20 },
                  note: { type: ['string', 'null'] },
                  count: { type: 'number', minimum: 0 },
                  size: { enum: ['s', 'm', 'l'] },
                },
              },
            },
            'text/csv': { schema: { type: 'string' } },
          },
        },
        responses: {
          201: {
            headers: { Location: {} },
            content: { [JSON_TYPE]: { schema: { $ref: '#/components/schemas/Order' } } },
          },
          409: { content: { 'application/problem+json': { schema: { type: 'object' } } } },
        },
      },
    },
    '/health': { get: { security: [], responses: { 204: {} } } },
  },
  components: {
    schemas: {
      Order: {
        type: 'object',
        required: ['id', 'status', 'total'],
        properties: {
          id: { type: 'string' },
          status: { enum: ['open', 'done'] },
          total: { type: 'integer' },
          at: { type: 'string', format: 'date-time' },
          labels: { type: 'object', additionalProperties: { type: 'string' } },
          anything: {},
          parts: { type: 'array', items: { $ref: '#/components/schemas/Order' } },
        },
      },
    },
  },
};

const POST: Keys = ['paths', '/orders', 'post'];
const BODY: Keys = [...POST, 'requestBody', 'content', JSON_TYPE, 'schema'];
const SENT: Keys = [...BODY, 'properties'];
const ORDER: Keys = ['components', 'schemas', 'Order'];
const SHOWN: Keys = [...ORDER, 'properties'];

const TAKES = `POST /orders: in its body, ${JSON_TYPE}:`;
const SAYS = `POST /orders: in its answer 201, ${JSON_TYPE}:`;

function changesBy(keys: Keys, change: (value: unknown) => unknown): string[] {
  return breakingChanges(BEFORE, edited(BEFORE, keys, change));
}

const gone = (): undefined => undefined;
const to = (value: unknown) => (): unknown => value;
const and =
  (value: unknown) =>
  (list: unknown): unknown => [...((list ?? []) as unknown[]), value];

it('finds nothing where nothing has changed', () => {
  expect(breakingChanges(BEFORE, structuredClone(BEFORE))).toEqual([]);
});

it.each<[Keys, (value: unknown) => unknown, string]>([
  [['paths', '/orders'], gone, 'POST /orders is gone'],
  [POST, gone, 'POST /orders is gone'],
  [['paths', '/health', 'get', 'security'], gone, 'GET /health: it asks for a key now'],

  [
    [...POST, 'parameters'],
    to([BEFORE.paths['/orders']!['post']!.parameters![1]]),
    'POST /orders: the header dry-run is gone',
  ],
  [[...POST, 'parameters', '1', 'name'], to('how'), 'POST /orders: the query parameter mode is gone'],
  [[...POST, 'parameters', '1', 'in'], to('header'), 'POST /orders: the query parameter mode is gone'],
  [[...POST, 'parameters', '1', 'required'], to(true), 'POST /orders: the query parameter mode is required now'],
  [
    [...POST, 'parameters'],
    and({ name: 'shop', in: 'query', required: true }),
    'POST /orders: the query parameter shop is required now',
  ],
  [
    [...POST, 'parameters'],
    and({ name: 'Shop', in: 'header', required: true }),
    'POST /orders: the header shop is required now',
  ],
  [
    [...POST, 'parameters', '1', 'schema', 'enum'],
    to(['safe']),
    'POST /orders: the query parameter mode: the value does not take "fast" any more',
  ],
  [
    [...POST, 'parameters', '1', 'schema', 'default'],
    to('fast'),
    'POST /orders: the query parameter mode: the value has another default',
  ],

  [[...POST, 'requestBody', 'required'], to(true), 'POST /orders: a body is required now'],
  [[...POST, 'requestBody', 'content', 'text/csv'], gone, 'POST /orders: in its body, text/csv is gone'],
  [[...BODY, 'required'], and('note'), `${TAKES} note is required now`],
  [[...SENT, 'note'], gone, `${TAKES} note is gone`],
  [[...BODY, 'additionalProperties'], to(false), `${TAKES} the value does not take other fields any more`],
  [[...SENT, 'note', 'type'], to('string'), `${TAKES} note is not taken as null any more`],
  [[...SENT, 'count', 'type'], to('integer'), `${TAKES} count is not taken as number any more`],
  [[...SENT, 'count', 'minimum'], to(1), `${TAKES} count has the narrower minimum 1`],
  [[...SENT, 'item', 'maxLength'], to(10), `${TAKES} item has the narrower maxLength 10`],
  [[...SENT, 'note', 'maxLength'], to(10), `${TAKES} note has the narrower maxLength 10`],
  [[...SENT, 'item', 'pattern'], to('^a'), `${TAKES} item has another pattern`],
  [[...SENT, 'size', 'enum'], to(['s', 'xl']), `${TAKES} size does not take "m", "l" any more`],
  [[...SENT, 'item', 'enum'], to(['tea']), `${TAKES} item takes only "tea" now`],
  [[...SENT, 'item', 'not'], to({ const: 'tea' }), `${TAKES} item has another not`],

  [[...POST, 'responses', '409'], gone, 'POST /orders: the answer 409 is gone'],
  [[...POST, 'responses', '201', 'content', JSON_TYPE], gone, `POST /orders: in its answer 201, ${JSON_TYPE} is gone`],
  [
    [...POST, 'responses', '201', 'headers', 'Location'],
    gone,
    'POST /orders: in its answer 201, the header Location is gone',
  ],
  [[...ORDER, 'required'], to(['id', 'status']), `${SAYS} total is not always there any more`],
  [[...SHOWN, 'at'], gone, `${SAYS} at is gone`],
  [[...SHOWN, 'id', 'type'], to('integer'), `${SAYS} id may be integer now`],
  [[...SHOWN, 'id', 'type'], to(['string', 'null']), `${SAYS} id may be null now`],
  [[...SHOWN, 'total', 'type'], to('number'), `${SAYS} total may be number now`],
  [[...SHOWN, 'at', 'format'], gone, `${SAYS} at has another format`],
  [[...SHOWN, 'labels', 'additionalProperties', 'type'], to('integer'), `${SAYS} labels.* may be integer now`],
  [[...SHOWN, 'labels', 'additionalProperties'], to(false), `${SAYS} labels has no other fields any more`],
  [[...SHOWN, 'parts', 'items'], to({ type: 'string' }), `${SAYS} parts[] may be string now`],
])('finds that at %j', (keys, change, sentence) => {
  expect(changesBy(keys, change)).toContain(sentence);
});

it('finds a renamed field, which the old name has lost', () => {
  const renamed = edited(withoutField(BEFORE, [...SHOWN, 'total']), [...SHOWN, 'sum'], to({ type: 'integer' }));
  expect(breakingChanges(BEFORE, renamed)).toEqual([`${SAYS} total is gone`]);
});

it('says each change once', () => {
  expect(changesBy([...SENT, 'size', 'enum'], to(['s', 'm']))).toEqual([`${TAKES} size does not take "l" any more`]);
  expect(changesBy([...SHOWN, 'total', 'type'], to('number'))).toEqual([`${SAYS} total may be number now`]);
});

it.each<[string, Keys, (value: unknown) => unknown]>([
  ['a path', ['paths', '/parcels'], to({ get: { responses: {} } })],
  ['a method', ['paths', '/orders', 'get'], to({ responses: {} })],
  ['an answer', [...POST, 'responses', '429'], to({})],
  ['another way to answer', [...POST, 'responses', '201', 'content', 'text/csv'], to({ schema: { type: 'string' } })],
  ['a header of an answer', [...POST, 'responses', '201', 'headers', 'ETag'], to({})],
  ['a field of an answer', [...SHOWN, 'paid'], to({ type: 'boolean' })],
  ['a field that is now always there', [...ORDER, 'required'], and('at')],
  ['a word for a status', [...SHOWN, 'status', 'enum'], and('sent')],
  ['a field with a type that had none', [...SHOWN, 'anything', 'type'], to('string')],
  ['an optional parameter', [...POST, 'parameters'], and({ name: 'shop', in: 'query' })],
  ['another case of a header', [...POST, 'parameters', '0', 'name'], to('dry-run')],
  ['another way to send', [...POST, 'requestBody', 'content', 'text/plain'], to({ schema: { type: 'string' } })],
  ['an optional field of a body', [...SENT, 'gift'], to({ type: 'boolean' })],
  ['a field that need not be sent any more', [...BODY, 'required'], to([])],
  ['a value that is taken', [...SENT, 'size', 'enum'], and('xl')],
  ['a wider limit', [...SENT, 'item', 'maxLength'], to(40)],
  ['a limit that is gone', [...SENT, 'count', 'minimum'], gone],
  ['a type that is taken', [...SENT, 'item', 'type'], to(['string', 'integer'])],
  ['other words', [...SHOWN, 'id', 'description'], to('What it is called.')],
  ['a door that is open', [...POST, 'security'], to([])],
])('lets pass %s', (_, keys, change) => {
  expect(changesBy(keys, change)).toEqual([]);
});
