/**
 * Who has written a client can go on using it: `/openapi.json` keeps everything that the snapshot of version 1 promises,
 * `openapi.v1.json`, which `npm run contract:snapshot` writes. What is added passes. What is taken away does not, and so
 * that nobody has to believe that, it is tried here with each thing that the document has.
 */
import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { promised } from '#testing/api-contract';
import { breakingChanges } from '#testing/breaking-changes';
import { edited, type Keys, withoutField } from '#testing/document-edits';
import type { OpenApiDocument, Operation } from '#testing/openapi-document';
import { fleetFor } from '../stage.js';

const fleet = fleetFor('file');
let kept: OpenApiDocument;
let served: OpenApiDocument;

beforeAll(async () => {
  const text = await readFile(new URL('openapi.v1.json', import.meta.url), 'utf8');
  kept = JSON.parse(text) as OpenApiDocument;
  const api = await fleet.api();
  served = promised(JSON.parse((await api.call('GET', '/openapi.json')).text) as OpenApiDocument);
});

it('keeps what the snapshot promises', () => {
  expect(breakingChanges(kept, served)).toEqual([]);
});

it('the snapshot has what clients, webhooks, administrators and load balancers use', () => {
  expect(operationsOf(kept).map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      'POST /v1/predictions',
      'POST /v1/models/{owner}/{name}/predictions',
      'GET /v1/predictions/{id}',
      'PUT /v1/predictions/{id}',
      'GET /v1/predictions',
      'POST /v1/predictions/{id}/cancel',
      'GET /v1/predictions/{id}/events',
      'POST /v1/batches',
      'GET /v1/batches/{id}',
      'GET /v1/batches/{id}/results',
      'POST /v1/batches/{id}/cancel',
      'GET /v1/batches/{id}/events',
      'GET /v1/deliveries',
      'GET /v1/deliveries/{id}',
      'POST /v1/deliveries/{id}/redeliver',
      'GET /v1/events',
      'GET /v1/webhooks/default/secret',
      'GET /v1/keys',
      'POST /v1/keys',
      'GET /v1/fleet',
      'GET /v1/operations/models',
      'POST /v1/operations/models/{model}/drain',
      'GET /v1/operations/dead-letters',
      'POST /v1/operations/dead-letters/{id}/redrive',
      'GET /health',
      'GET /ready',
      'GET /v2/models/{name}',
      'POST /v2/models/{name}/infer',
      'POST /openai/v1/files',
      'POST /openai/v1/batches',
      'GET /openai/v1/batches/{id}',
    ]),
  );
  for (const { name, operation } of operationsOf(kept)) {
    for (const [status, { content }] of Object.entries(operation.responses)) {
      if (!['204', '304'].includes(status)) expect(Object.keys(content ?? {}), `${name} ${status}`).not.toEqual([]);
    }
  }
});

it('the snapshot has no words and no model, which change without breaking anybody', () => {
  const text = JSON.stringify(kept);
  expect(text).not.toMatch(/"(description|summary|examples?)":"/);
  expect(text).not.toMatch(/iris|churn|digits|diabetes/i);
});

describe('taking away is found:', () => {
  it('any operation', () => {
    for (const { keys, name } of operationsOf(served)) {
      expect(changesBy(edited(served, keys, gone))).toEqual([`${name} is gone`]);
    }
  });

  it('any answer of any operation, and any way to say it', () => {
    for (const { keys, name, operation } of operationsOf(served)) {
      for (const [status, { content = {} }] of Object.entries(operation.responses)) {
        const answer = [...keys, 'responses', status];
        expect(changesBy(edited(served, answer, gone))).toEqual([`${name}: the answer ${status} is gone`]);
        for (const type of Object.keys(content)) {
          const without = edited(served, [...answer, 'content', type], gone);
          expect(changesBy(without)).toEqual([`${name}: in its answer ${status}, ${type} is gone`]);
        }
      }
    }
  });

  it('any parameter', () => {
    for (const { keys, name, operation } of operationsOf(served)) {
      for (const parameter of operation.parameters ?? []) {
        const without = edited(served, [...keys, 'parameters'], (all) =>
          (all as object[]).filter((one) => JSON.stringify(one) !== JSON.stringify(parameter)),
        );
        expect(changesBy(without)).toEqual([expect.stringMatching(new RegExp(`^${escaped(name)}: the .* is gone$`))]);
      }
    }
  });

  it('any field of anything that is sent or answered, also where it only got another name', () => {
    const fields = fieldsOf(served);
    expect(fields.length).toBeGreaterThan(100);
    for (const keys of fields) {
      const name = keys.at(-1) ?? '';
      const without = withoutField(served, keys);
      const renamed = edited(without, [...keys.slice(0, -1), `${name}_2`], () => valueAt(served, keys));
      for (const document of [without, renamed]) {
        const changes = changesBy(document);
        expect(changes.filter((change) => !change.endsWith(`${name} is gone`))).toEqual([]);
        expect(changes.length, keys.join(' ')).toBeGreaterThan(0);
      }
    }
  });

  it('any guarantee that a field of an answer is there', () => {
    for (const [name, { required = [] }] of Object.entries(served.components.schemas)) {
      if (isSent(name)) continue;
      for (const field of required) {
        const without = edited(served, ['components', 'schemas', name, 'required'], (all) =>
          (all as Keys).filter((one) => one !== field),
        );
        const changes = changesBy(without);
        expect(changes.length, `${name}.${field}`).toBeGreaterThan(0);
        expect(changes.filter((change) => !change.endsWith(`${field} is not always there any more`))).toEqual([]);
      }
    }
  });
});

describe('asking for more is found:', () => {
  it('a new field that must be sent', () => {
    for (const keys of bodiesOf(served)) {
      const wider = edited(served, [...keys, 'properties', 'region'], () => ({ type: 'string' }));
      expect(changesBy(wider)).toEqual([]);
      const demanding = edited(wider, [...keys, 'required'], (all) => [...((all ?? []) as Keys), 'region']);
      const changes = changesBy(demanding);
      expect(changes.length, keys.join(' ')).toBeGreaterThan(0);
      // Two operations may take the same body.
      for (const change of changes) expect(change).toMatch(/: region is required now$/);
    }
  });

  it('a parameter or a header that must be sent', () => {
    for (const { keys, name } of operationsOf(served)) {
      for (const where of ['query', 'header']) {
        const added = { name: 'region', in: where, schema: { type: 'string' } };
        const optional = edited(served, [...keys, 'parameters'], (all) => [...(all as object[]), added]);
        expect(changesBy(optional)).toEqual([]);
        const demanding = edited(served, [...keys, 'parameters'], (all) => [
          ...(all as object[]),
          { ...added, required: true },
        ]);
        expect(changesBy(demanding)).toEqual([
          expect.stringMatching(`^${escaped(name)}: the .*region is required now$`),
        ]);
      }
    }
  });

  it('a value that was taken', () => {
    const priority = [...bodyOf('/v1/predictions'), 'properties', 'priority', 'enum'];
    expect(changesBy(edited(served, priority, () => ['normal']))).toEqual([
      'POST /v1/predictions: in its body, application/json: priority does not take "low" any more',
    ]);
    const scopes = ['components', 'schemas', 'KeyCreation', 'properties', 'scopes', 'items', 'enum'];
    expect(changesBy(edited(served, scopes, (all) => (all as Keys).slice(1)))).toEqual([
      'POST /v1/keys: in its body, application/json: scopes[] does not take "predict" any more',
    ]);
  });

  it('a key where none was asked for', () => {
    expect(changesBy(edited(served, ['paths', '/health', 'get', 'security'], gone))).toEqual([
      'GET /health: it asks for a key now',
    ]);
  });
});

it('another type of any field of an answer is found', () => {
  for (const keys of fieldsOf(served).filter(([top, , name = '']) => top === 'components' && !isSent(name))) {
    const { type } = valueAt(served, keys) as { readonly type?: unknown };
    // What may be anything has no other type, and references are resolved to something that has one.
    if (typeof type !== 'string') continue;
    const other = type === 'boolean' ? 'string' : 'boolean';
    expect(changesBy(edited(served, [...keys, 'type'], () => other)).length, keys.join(' ')).toBeGreaterThan(0);
  }
});

describe('adding passes:', () => {
  it('paths, methods, answers, fields of answers, and words for a status', () => {
    let grown = edited(served, ['paths', '/v1/experiments'], () => ({ get: { responses: { 200: {} } } }));
    for (const { keys } of operationsOf(served)) {
      grown = edited(grown, [...keys.slice(0, -1), 'patch'], () => ({ responses: { 200: {} } }));
      grown = edited(grown, [...keys, 'responses', '418'], () => ({}));
    }
    for (const name of Object.keys(served.components.schemas)) {
      grown = edited(grown, ['components', 'schemas', name, 'properties', 'region'], () => ({ type: 'string' }));
      if (isSent(name)) continue;
      const always = (all: unknown): unknown => [...((all ?? []) as Keys), 'region'];
      grown = edited(grown, ['components', 'schemas', name, 'required'], always);
    }
    const status = ['components', 'schemas', 'Batch', 'properties', 'status', 'enum'];
    grown = edited(grown, status, (all) => [...(all as Keys), 'paused']);
    expect(changesBy(grown)).toEqual([]);
  });
});

/** Against what is served, not against the snapshot: that knows nothing of what has been added since. */
function changesBy(document: OpenApiDocument): string[] {
  return breakingChanges(served, document);
}

const gone = (): undefined => undefined;

interface Found {
  readonly keys: Keys;
  readonly name: string;
  readonly operation: Operation;
}

function operationsOf({ paths }: OpenApiDocument): Found[] {
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      keys: ['paths', path, method],
      name: `${method.toUpperCase()} ${path}`,
      operation,
    })),
  );
}

function bodyOf(path: string): Keys {
  return ['paths', path, 'post', 'requestBody', 'content', 'application/json', 'schema'];
}

/** Bodies with fields: the two of predictions stand in their operations, those of keys have names. */
function bodiesOf({ components }: OpenApiDocument): Keys[] {
  const named = Object.keys(components.schemas).filter(isSent);
  return [
    bodyOf('/v1/predictions'),
    bodyOf('/v1/models/{owner}/{name}/predictions'),
    ...named.map((name) => ['components', 'schemas', name]),
  ];
}

function isSent(component: string): boolean {
  return ['KeyCreation', 'KeyRotation', 'InferenceRequest', 'OpenAiBatchRequest'].includes(component);
}

/** Where each field of each schema stands, however deep. */
function fieldsOf(part: unknown, keys: Keys = []): Keys[] {
  if (typeof part !== 'object' || part === null) return [];
  return Object.entries(part).flatMap(([key, inner]: [string, unknown]) => {
    const here = [...keys, key];
    if (key !== 'properties') return fieldsOf(inner, here);
    // A field may be called as a keyword is.
    return Object.entries(inner as object).flatMap(([name, schema]: [string, unknown]) => {
      const field = [...here, name];
      return [field, ...fieldsOf(schema, field)];
    });
  });
}

function valueAt(document: OpenApiDocument, keys: Keys): unknown {
  return keys.reduce<unknown>((part, key) => (part as Readonly<Record<string, unknown>>)[key], document);
}

function escaped(text: string): string {
  return text.replace(/[{}]/g, '\\$&');
}
